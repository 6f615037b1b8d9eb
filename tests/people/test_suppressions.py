"""Who is never mailed: by hand, from the files of other programs, and given out in theirs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from members import TEST, join, part
from sqlalchemy import Engine, select

from mailer.domain.address import Address
from mailer.domain.consent import Change, Source, SourceKind
from mailer.domain.subscriber import Status
from mailer.domain.suppression import Reason, Suppression, read_who
from mailer.domain.suppression_files import FILES, UPLOADS, read_since
from mailer.errors import MailerError, PlanRefused, UsageError
from mailer.people.directory import Directory
from mailer.people.enrol import Consent, Effect, Entry, enrol
from mailer.people.lists import Lists
from mailer.people.suppressing import Hashing, suppress, suppress_all
from mailer.services.merge import change_address
from mailer.services.suppression_files import (
    SuppressionImport,
    SuppressionReport,
    export_suppressions,
    import_suppressions,
)
from mailer.services.suppressions import add, entries, lift, look
from mailer.store.database import open_database
from mailer.store.schema import consents

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)
EARLIER = NOW - timedelta(days=30)
ADA = "ada@quay.example"
FILE = Source(SourceKind.IMPORT, "theirs.csv", "ana")


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW)
    yield engine
    engine.dispose()


def known(database: Engine) -> dict[str, str]:
    return {each.who: each.reason for each in entries(database)}


def shut(database: Engine, who: str, reason: Reason = Reason.BLOCKED, since: datetime = NOW) -> Suppression:
    return add(database, Suppression(who, reason, "by hand", since), TEST, NOW)


def raise_it(database: Engine, who: str, *, they_asked: bool = False) -> None:
    lift(database, look(database, who), TEST, "a mistake", NOW, they_asked=they_asked)


def take_in(database: Engine, path: Path, **how: object) -> SuppressionReport:
    return import_suppressions(database, SuppressionImport(path, FILE, **how), NOW)  # type: ignore[arg-type]


def test_a_row_of_somebody_who_has_another_address_by_now_counts_once(
    database: Engine, tmp_path: Path
) -> None:
    join(database, ADA, "weekly")
    change_address(database, Address.parse(ADA), Address.parse("ada@pier.example"), TEST, NOW)
    shut(database, ADA, Reason.BOUNCED)
    theirs = tmp_path / "theirs.csv"
    theirs.write_text(f"email\n{ADA}\n")
    report = take_in(database, theirs, reason=Reason.COMPLAINED)
    assert (report.rows, dict(report.added), report.known) == (1, {"complained": 1}, 0)
    assert known(database) == {ADA: "complained", "ada@pier.example": "complained"}


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Ada@Quay.example", ADA),
        ("@Quay.example", "@quay.example"),
        (" quay.example ", "@quay.example"),
        ("@münchen.example", "@xn--mnchen-3ya.example"),
        ("*@Quay.example", "@quay.example"),
    ],
)
def test_an_address_a_domain_and_one_with_its_sign_are_known_as_typed(typed: str, key: str) -> None:
    assert read_who(typed) == key


@pytest.mark.parametrize("typed", ["", "@", "quay", "@@quay.example", "a b@quay.example", "@a@quay.example"])
def test_what_is_neither_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_who(typed)


def test_the_first_reason_stands_but_for_the_persons_own_word(database: Engine) -> None:
    with database.begin() as connection:
        assert suppress(connection, ADA, Reason.BOUNCED, "550", EARLIER)
        assert not suppress(connection, ADA, Reason.BLOCKED, "", NOW)
        assert suppress(connection, ADA, Reason.COMPLAINED, "a report", NOW)
        assert not suppress(connection, ADA, Reason.REQUESTED, "", NOW)
        assert not suppress(connection, ADA, Reason.BOUNCED, "", NOW)
        both = [
            Suppression("b@quay.example", Reason.BOUNCED, "first", EARLIER),
            Suppression("b@quay.example", Reason.REQUESTED, "own", NOW),
        ]
        assert len(suppress_all(connection, both)) == 1
    assert list(entries(database)) == [
        Suppression(ADA, Reason.COMPLAINED, "a report", EARLIER),
        Suppression("b@quay.example", Reason.REQUESTED, "own", EARLIER),
    ]


def test_lifting_takes_only_the_block_away_and_is_told(database: Engine) -> None:
    person = join(database, ADA, "weekly")
    part(database, ADA, "weekly")
    shut(database, ADA)
    raise_it(database, ADA)
    assert known(database) == {}
    (found,) = Directory(database).subscribers()
    assert found.lists == {"weekly": Status.UNSUBSCRIBED}
    c = consents.c
    with database.connect() as connection:
        rows = connection.execute(select(c.change, c.note).where(c.subscriber_id == person).order_by(c.id))
        assert [tuple(row) for row in rows][-2:] == [(Change.SUPPRESSED, None), (Change.ALLOWED, "a mistake")]


@pytest.mark.parametrize("reason", [Reason.COMPLAINED, Reason.REQUESTED])
def test_what_a_person_said_only_they_take_back(database: Engine, reason: Reason) -> None:
    shut(database, ADA, Reason.BOUNCED)
    shut(database, ADA, reason)
    with pytest.raises(PlanRefused, match="own word") as caught:
        raise_it(database, ADA)
    assert "--they-asked" in str(caught.value.next_step)
    assert known(database) == {ADA: reason}
    raise_it(database, ADA, they_asked=True)
    assert known(database) == {}


def test_who_was_erased_comes_back_by_their_own_word_only(database: Engine) -> None:
    with database.begin() as connection:
        suppress(connection, Hashing.made(connection).of(ADA), Reason.ERASED, "", NOW)
    with pytest.raises(PlanRefused) as caught:
        raise_it(database, ADA)
    assert ADA not in caught.value.problem
    raise_it(database, ADA, they_asked=True)
    assert known(database) == {}


def test_who_was_erased_is_not_taken_in_although_their_domain_is_shut_out_too(database: Engine) -> None:
    with database.begin() as connection:
        suppress(connection, Hashing.made(connection).of(ADA), Reason.ERASED, "", NOW)
    shut(database, "@quay.example")
    shut(database, ADA)
    with database.begin() as connection:
        (done,) = enrol(connection, [Entry(Address.parse(ADA))], Consent((), TEST, NOW))
    assert done.effect is Effect.ERASED
    assert not [*Directory(database).subscribers()]


def test_what_keeps_mail_away_still_is_told(database: Engine) -> None:
    shut(database, ADA)
    shut(database, "@quay.example", Reason.REQUESTED)
    still = lift(database, look(database, ADA), TEST, "a mistake", NOW, they_asked=False)
    assert still is not None
    assert still.who == "@quay.example"


def test_a_domain_is_lifted_as_a_whole_and_not_by_an_address(database: Engine) -> None:
    join(database, ADA, "weekly")
    join(database, "bo@north.quay.example", "weekly")
    shut(database, "@quay.example")
    with pytest.raises(UsageError, match="with all of @quay"):
        look(database, ADA)
    assert look(database, "@quay.example").mailed == {"weekly": 1}
    with pytest.raises(UsageError, match="is not suppressed"):
        look(database, "@north.quay.example")
    for anew in (False, True):
        with pytest.raises(UsageError, match="with all of @quay") as caught:
            join(database, ADA, "weekly", anew=anew)
        assert "suppressions remove @quay.example" in str(caught.value.next_step)
    raise_it(database, "@quay.example")
    assert known(database) == {}


WHEN = "2026-05-01T10:00:00Z"
MAY = datetime(2026, 5, 1, 10, tzinfo=UTC)
# Made up after what each provider documents: file name, text, what becomes of it.
THEIRS: list[tuple[str, str, str, dict[str, str]]] = [
    (
        "ses.json",
        json.dumps(
            {
                "SuppressedDestinationSummaries": [
                    {"EmailAddress": "a@quay.example", "Reason": "BOUNCE", "LastUpdateTime": 1777629600.5},
                    {"EmailAddress": "b@quay.example", "Reason": "COMPLAINT", "LastUpdateTime": WHEN},
                ],
                "NextToken": None,
            }
        ),
        "ses",
        {"a@quay.example": "bounced", "b@quay.example": "complained"},
    ),
    (
        "ses.csv",
        "a@quay.example,BOUNCE\nb@quay.example, COMPLAINT\n",
        "ses",
        {"a@quay.example": "bounced", "b@quay.example": "complained"},
    ),
    (
        "ses.jsonl",
        (
            '{"emailAddress": "a@quay.example", "reason": "BOUNCE"}\n\n'
            '{"emailAddress": "b@quay.example", "reason": "COMPLAINT"}\n'
        ),
        "ses",
        {"a@quay.example": "bounced", "b@quay.example": "complained"},
    ),
    (
        "suppression_bounces.csv",
        (
            "status,reason,email,created\n5.1.1,550 no such mailbox,a@quay.example,1777629600\n"
            "4.2.2,452 mailbox full,soft@quay.example,1777629600\n"
        ),
        "sendgrid-bounces",
        {"a@quay.example": "bounced"},
    ),
    (
        "spam_reports.csv",
        "email,ip,created\na@quay.example,192.0.2.7,1777629600\n",
        "sendgrid-spam-reports",
        {"a@quay.example": "complained"},
    ),
    (
        "u.csv",
        "email,created\na@quay.example,1777629600\n",
        "sendgrid-unsubscribes",
        {"a@quay.example": "requested"},
    ),
    (
        "invalid.json",
        json.dumps([{"created": 1777629600, "email": "a@quay.example", "reason": "no MX"}]),
        "sendgrid-invalid-emails",
        {"a@quay.example": "bounced"},
    ),
    (
        "bounces.csv",
        (
            'address,code,error,created_at\na@quay.example,550,no mailbox,"Fri, 01 May 2026 10:00:00 UTC"\n'
            'soft@quay.example,421,later,"Fri, 01 May 2026 10:00:00 UTC"\n'
        ),
        "mailgun-bounces",
        {"a@quay.example": "bounced"},
    ),
    (
        "gazette-complaints.csv",
        'address,created_at\na@quay.example,"Fri, 01 May 2026 10:00:00 UTC"\n',
        "mailgun-complaints",
        {"a@quay.example": "complained"},
    ),
    (
        "who-left.csv",
        'address,tags,created_at\na@quay.example,*,"Fri, 01 May 2026 10:00:00 UTC"\n',
        "mailgun-unsubscribes",
        {"a@quay.example": "requested"},
    ),
    (
        "unsubscribes.json",
        json.dumps(
            {"items": [{"address": "a@quay.example", "tags": ["*"], "created_at": WHEN}], "paging": {}}
        ),
        "mailgun-unsubscribes",
        {"a@quay.example": "requested"},
    ),
    (
        "postmark.json",
        json.dumps(
            {
                "Suppressions": [
                    {
                        "EmailAddress": f"{name}@quay.example",
                        "SuppressionReason": reason,
                        "Origin": origin,
                        "CreatedAt": "2026-05-01T12:00:00+02:00",
                    }
                    for name, reason, origin in [
                        ("a", "HardBounce", "Recipient"),
                        ("b", "SpamComplaint", "Recipient"),
                        ("c", "ManualSuppression", "Recipient"),
                        ("d", "ManualSuppression", "Customer"),
                        ("e", "ManualSuppression", ""),
                    ]
                ]
            }
        ),
        "postmark",
        {
            "a@quay.example": "bounced",
            "b@quay.example": "complained",
            "c@quay.example": "requested",
            "d@quay.example": "blocked",
            "e@quay.example": "requested",
        },
    ),
    (
        "postmark-bounces.csv",
        (
            f"Type,Email,BouncedAt,Details\nHardBounce,a@quay.example,{WHEN},550\n"
            f"SoftBounce,soft@quay.example,{WHEN},452\nBlocked,soft2@quay.example,{WHEN},554\n"
        ),
        "postmark-bounces",
        {"a@quay.example": "bounced"},
    ),
    (
        "cleaned_segment_export_1.csv",
        (
            "Email Address,First Name,MEMBER_RATING,CLEAN_TIME,CLEAN_CAMPAIGN_TITLE\n"
            'a@quay.example,Ada,2,2026-05-01 10:00:00,"The clock, again"\n'
        ),
        "mailchimp-cleaned",
        {"a@quay.example": "bounced"},
    ),
    (
        "unsubscribed_segment_export_1.csv",
        (
            "Email Address,First Name,MEMBER_RATING,UNSUB_TIME,UNSUB_REASON\n"
            "a@quay.example,Ada,2,2026-05-01 10:00:00,NORMAL\n"
        ),
        "mailchimp-unsubscribed",
        {"a@quay.example": "requested"},
    ),
]


@pytest.mark.parametrize(("name", "text", "form", "becomes"), THEIRS, ids=[each[0] for each in THEIRS])
def test_what_five_providers_give_out_is_known_and_a_second_time_changes_nothing(
    tmp_path: Path, name: str, text: str, form: str, becomes: dict[str, str]
) -> None:
    database = open_database("sqlite:///mailer.db", tmp_path)
    (tmp_path / name).write_text(text)
    report = take_in(database, tmp_path / name, dry_run=True)
    assert (report.file.name, sum(report.added.values()), known(database)) == (form, len(becomes), {})
    assert take_in(database, tmp_path / name).added == report.added
    assert known(database) == becomes
    if report.file.since:
        assert {each.since.date() for each in entries(database)} <= {NOW.date(), MAY.date()}
    again = take_in(database, tmp_path / name)
    assert (sum(again.added.values()), again.known, again.rejected) == (0, len(becomes), 0)
    assert report.soft == text.count("soft")
    database.dispose()


def test_every_description_has_a_fixture_or_is_refused() -> None:
    tried = {each[2] for each in THEIRS} | {"csv"}
    assert {each.name for each in FILES if not each.refused} == tried


REFUSED = [
    (
        "suppression_blocks.csv",
        "status,reason,email,created\n4.0.0,spam,a@quay.example,1\n",
        "refused, not people",
    ),
    ("allow.csv", "type,value,reason,createdAt\ndomain,quay.example,ours,x\n", "never suppresses"),
    ("subscribed.csv", "Email Address,MEMBER_RATING\na@quay.example,2\n", "may be mailed"),
    ("people.csv", "email,town\na@quay.example,Port\n", "doesn't say"),
    ("some.csv", "status,reason,email,created\n5.1.1,no,a@quay.example,1\n", "doesn't say"),
    ("column.txt", "a@quay.example\n@spam.test\n", "doesn't say"),
]


@pytest.mark.parametrize(("name", "text", "says"), REFUSED, ids=[each[0] for each in REFUSED])
def test_what_does_not_say_why_is_not_taken_in_until_somebody_does(
    tmp_path: Path, name: str, text: str, says: str
) -> None:
    database = open_database("sqlite:///mailer.db", tmp_path)
    (tmp_path / name).write_text(text)
    with pytest.raises(PlanRefused, match=says) as caught:
        take_in(database, tmp_path / name)
    assert "--as" in str(caught.value.next_step)
    assert known(database) == {}
    report = take_in(database, tmp_path / name, reason=Reason.REQUESTED)
    assert report.added == {"requested": len(known(database))}
    database.dispose()


def test_bad_rows_are_named_and_stop_no_other(database: Engine, tmp_path: Path) -> None:
    join(database, ADA, "weekly")
    theirs, rejects = tmp_path / "theirs.csv", tmp_path / "rejects.csv"
    theirs.write_text(f"EmailAddress,Reason\n{ADA},BOUNCE\nnobody,BOUNCE\nb@quay.example,HUMBUG\n")
    report = take_in(database, theirs, rejects=rejects)
    assert [(each.record.line, each.value) for each in report.rejects] == [
        (3, "nobody"),
        (4, "b@quay.example"),
    ]
    assert known(database) == {ADA: "bounced"}
    assert [line.split(",")[0] for line in rejects.read_text().splitlines()] == ["line", "3", "4"]
    with database.connect() as connection:
        assert connection.scalars(select(consents.c.change).order_by(consents.c.id)).all()[-1] == "suppressed"
    with pytest.raises(UsageError, match="the file to import"):
        take_in(database, theirs, rejects=theirs)


@pytest.mark.parametrize("text", ["{}", "[]", '[{"email": 1}', ""])
def test_json_without_a_list_of_people_is_refused(tmp_path: Path, text: str) -> None:
    database = open_database("sqlite:///mailer.db", tmp_path)
    (tmp_path / "theirs.json").write_text(text)
    with pytest.raises(MailerError):
        take_in(database, tmp_path / "theirs.json")
    database.dispose()


def test_what_is_given_out_is_taken_in_again_and_providers_get_addresses_only(
    database: Engine, tmp_path: Path
) -> None:
    shut(database, "+ada@quay.example", since=EARLIER)
    shut(database, "@spam.test", Reason.COMPLAINED)
    shut(database, "bo@quay.example", Reason.BOUNCED)
    with database.begin() as connection:
        suppress(connection, Hashing.made(connection).of(ADA), Reason.ERASED, "", NOW)
    ours = tmp_path / "ours.csv"
    with ours.open("wb") as out:
        given = export_suppressions(database, "csv", out)
    assert (given.written, given.left_out) == (3, 1)
    other = open_database("sqlite:///other.db", tmp_path)
    assert take_in(other, ours).rejected == 0
    assert [*entries(other)] == [each for each in entries(database) if not each.who.startswith("#")]
    other.dispose()
    texts = {}
    for form in UPLOADS:
        theirs = io.BytesIO()
        export_suppressions(database, form, theirs)
        texts[form] = theirs.getvalue().decode()
    assert texts["ses"] == "+ada@quay.example,COMPLAINT\nbo@quay.example,BOUNCE\n"
    assert texts["sendgrid"] == "email\n+ada@quay.example\nbo@quay.example\n"
    assert texts["mailgun"].splitlines()[1] == '+ada@quay.example,*,"Fri, 30 Oct 2026 08:00:00 +0000"'
    assert texts["postmark"].startswith("EmailAddress\n")
    assert texts["mailchimp"].startswith("Email Address\n")


def test_a_moment_is_read_as_programs_write_it() -> None:
    written = (WHEN, "1777629600", "1777629600.0", "Fri, 01 May 2026 10:00:00 UTC", "2026-05-01 10:00:00")
    assert {read_since(text) for text in written} == {MAY}
    assert {read_since(text) for text in ("", "soon", "9" * 30)} == {None}
