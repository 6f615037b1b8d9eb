"""Files that say who agreed to get mail and who left: asked about, understood, and never lost."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
import xlsxwriter
from sqlalchemy import Engine

from mailer.domain.address import Address
from mailer.domain.standing import Standing
from mailer.domain.subscriber import Status
from mailer.errors import ExitCode, UsageError
from mailer.people.directory import Directory
from mailer.people.importing.consent import Answers, ConsentUnclear
from mailer.people.importing.rows import Reject
from mailer.people.lists import Lists
from mailer.services.import_people import Import, ImportReport, import_people
from mailer.services.unsubscribe import suppress
from mailer.store.database import open_database

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
SUBSCRIBED, UNSUBSCRIBED = Standing.SUBSCRIBED, Standing.UNSUBSCRIBED

Importer = Callable[..., tuple[ImportReport, list[Reject]]]


@pytest.fixture
def engine(database_url: str, tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(database_url, tmp_path)
    Lists(engine).create("weekly", NOW)
    yield engine
    engine.dispose()


@pytest.fixture
def people(engine: Engine) -> Directory:
    return Directory(engine)


@pytest.fixture
def importer(engine: Engine, tmp_path: Path) -> Importer:
    def run(
        content: str,
        *,
        name: str = "people.csv",
        lists: tuple[str, ...] = ("weekly",),
        dry_run: bool = False,
        format: str = "",
        mapping: Mapping[str, str] | None = None,
        **answers: object,
    ) -> tuple[ImportReport, list[Reject]]:
        path = tmp_path / name
        path.write_text(content)
        said = Answers(**answers)  # type: ignore[arg-type]
        request = Import(path, lists, dry_run=dry_run, answers=said, format=format, mapping=mapping or {})
        report = import_people(engine, request, NOW)
        return report, report.rejects

    return run


def standings(people: Directory) -> dict[str, str]:
    """Return what each is on weekly, and why they are never mailed, by the name before the @."""
    return {
        each.email.partition("@")[0]: " ".join(filter(None, (each.lists.get("weekly", "-"), each.suppressed)))
        for each in people.subscribers()
    }


def asked(importer: Importer, content: str, **answers: object) -> set[str]:
    """Return the columns that the import stops for."""
    with pytest.raises(ConsentUnclear) as stop:
        importer(content, **answers)
    assert stop.value.exit_code is ExitCode.REFUSED
    return {seen.column.heading for seen in stop.value.seen}


GHOST = """\
id,email,name,note,subscribed_to_emails,complimentary_plan,deleted_at,labels
m1,ada@quay.example,Ada,,true,,,
m2,bram@quay.example,Bram,,false,,,vip
m3,cee@quay.example,Cee,,,,,
"""
LISTMONK = """\
uuid,email,name,attributes,status,subscription_status
1,ada@quay.example,Ada,{},enabled,confirmed
2,bram@quay.example,Bram,{},enabled,unsubscribed
3,cee@quay.example,Cee,{},blocklisted,confirmed
4,dan@quay.example,Dan,{},enabled,unconfirmed
"""
MAILCHIMP = '''\
email,First Name,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,UNSUB_TIME,UNSUB_CAMPAIGN_TITLE,UNSUB_REASON,TAGS
ada@quay.example,Ada,,,2024-01-02 03:04:05,2024-05-02 03:04:05,,N/A (Unsubscribed by an admin),"""vip"""
bram@quay.example,Bram,,,2024-01-02 03:04:05,2024-05-02 03:04:05,Spring,,
'''
SUBSTACK = """\
email,active_subscription,expiry,plan,email_disabled,created_at
ada@quay.example,true,,yearly,false,2024-01-02
bram@quay.example,false,,other,false,2024-01-02
cee@quay.example,false,,other,true,2024-01-02
"""
MAUTIC = "email,firstname,dnc\nada@quay.example,Ada,0\nbram@quay.example,Bram,1\n"
TAGS = "email,tags\nada@quay.example,vip\nbram@quay.example,vip; abgemeldet\n"
SENDY = (
    "email,status\nada@quay.example,Subscribed\nbram@quay.example,Marked as spam\ncee@quay.example,Bounced\n"
)


@pytest.mark.parametrize(
    ("content", "columns", "answers", "outcome"),
    [
        (
            GHOST,
            {"subscribed_to_emails"},
            {"status": ("subscribed_to_emails",)},
            {"ada": "subscribed", "bram": "unsubscribed"},
        ),
        (
            LISTMONK,
            {"status", "subscription_status"},
            {"status": ("status", "subscription_status")},
            {
                "ada": "subscribed",
                "bram": "unsubscribed",
                "cee": "unsubscribed requested",
                "dan": "unconfirmed",
            },
        ),
        (
            MAILCHIMP,
            {"CONFIRM_TIME", "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON"},
            {"everyone": UNSUBSCRIBED},
            {"ada": "unsubscribed", "bram": "unsubscribed"},
        ),
        (
            MAILCHIMP,
            {"CONFIRM_TIME", "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON"},
            {"status": ("CONFIRM_TIME", "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON")},
            {"ada": "unsubscribed", "bram": "unsubscribed"},
        ),
        (
            SUBSTACK,
            {"active_subscription", "email_disabled"},
            {"status": ("active_subscription", "email_disabled")},
            {"ada": "subscribed", "bram": "subscribed", "cee": "unsubscribed"},
        ),
        (MAUTIC, {"dnc"}, {"status": ("dnc",)}, {"ada": "subscribed", "bram": "unsubscribed requested"}),
        (
            TAGS,
            {"tags"},
            {"meanings": (("tags=Abgemeldet", UNSUBSCRIBED),)},
            {"ada": "subscribed", "bram": "unsubscribed"},
        ),
        (
            SENDY,
            {"status"},
            {"status": ("Status",)},
            {"ada": "subscribed", "bram": "unsubscribed complained", "cee": "subscribed bounced"},
        ),
    ],
    ids=["ghost", "listmonk", "mailchimp-as", "mailchimp", "substack", "mautic", "tags", "sendy"],
)
def test_a_file_that_speaks_of_consent_stops_until_it_is_said_what_it_means(
    importer: Importer,
    people: Directory,
    content: str,
    columns: set[str],
    answers: dict[str, object],
    outcome: dict[str, str],
) -> None:
    assert asked(importer, content, format="plain") == columns
    assert standings(people) == {}
    assert asked(importer, content, format="plain", dry_run=True) == columns
    importer(content, format="plain", **answers)
    assert standings(people) == outcome


def test_a_column_of_statuses_is_no_field_and_an_ignored_one_is(
    importer: Importer, people: Directory
) -> None:
    content = "email,status,town\nada@quay.example,active,Porto\n"
    report, _ = importer(content, status=("status",))
    assert [column.field for column in report.columns] == ["email", "town"]
    importer("email,status\nada@quay.example,board\nbram@quay.example,member\n", ignored=("status",))
    assert [each.fields.get("status") for each in people.subscribers()] == ["board", "member"]
    assert set(standings(people).values()) == {"subscribed"}


@pytest.mark.parametrize(
    ("heading", "value"),
    [("opt_out_date", "2024-05-02"), ("Marketing status", "Do not contact"), ("Newsletter", "no")],
)
def test_a_column_said_to_tell_when_they_agreed_is_asked_about_if_it_tells_who_left(
    importer: Importer, people: Directory, heading: str, value: str
) -> None:
    content = f"email,{heading}\nada@quay.example,\nbram@quay.example,{value}\n"
    assert asked(importer, content, mapping={heading: "agreed_at"}) == {heading}
    assert standings(people) == {}


def test_who_has_a_day_on_which_they_left_has_left(importer: Importer, people: Directory) -> None:
    content = "email,Day\nada@quay.example,\nbram@quay.example,2024-05-02\n"
    importer(content, mapping={"Day": "left_at"})
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}


def test_a_blank_in_a_status_is_no_consent_and_says_how_to_make_it_one(
    importer: Importer, people: Directory
) -> None:
    report, rejects = importer(GHOST, status=("subscribed_to_emails",))
    assert (report.added, report.unsubscribed, report.rejected) == (2, 1, 1)
    assert "is blank, which is no consent" in rejects[0].reason
    importer(GHOST, status=("subscribed_to_emails",), meanings=(("subscribed_to_emails=", SUBSCRIBED),))
    assert standings(people)["cee"] == "subscribed"


def test_a_blank_where_a_column_says_who_left_has_not_left(importer: Importer, people: Directory) -> None:
    content = "email,unsubscribed_at\nada@quay.example,\nbram@quay.example,2024-05-01\n"
    importer(content, status=("unsubscribed_at",))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}
    # One in which nobody has is no reason to ask.
    importer("email,unsubscribed_at\ncee@quay.example,\n")
    assert standings(people)["cee"] == "subscribed"


def test_a_value_that_is_not_known_rejects_its_row_until_it_is_said_what_it_means(
    importer: Importer, people: Directory
) -> None:
    content = "email,status\nada@quay.example,reader\nbram@quay.example,fort\ncee@quay.example,abgemeldet\n"
    _, rejects = importer(content, status=("status",))
    assert [(each.line, each.value) for each in rejects] == [(2, "reader"), (3, "fort")]
    assert standings(people) == {"cee": "unsubscribed"}
    importer(content, status=("status",), meanings=(("Reader", SUBSCRIBED), ("status=FORT", UNSUBSCRIBED)))
    assert standings(people) == {"cee": "unsubscribed", "ada": "subscribed", "bram": "unsubscribed"}


def test_a_value_without_a_column_is_of_the_one_that_holds_it(importer: Importer, people: Directory) -> None:
    content = "email,subscribed\nada@quay.example,yes\nbram@quay.example,no\n"
    importer(content, meanings=(("no", UNSUBSCRIBED),))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}
    with pytest.raises(UsageError, match="no column that seems to speak of consent holds 'fort'"):
        importer(content, meanings=(("fort", UNSUBSCRIBED),))


def test_a_value_said_of_an_ordinary_column_leaves_its_others_alone(
    importer: Importer, people: Directory
) -> None:
    content = "email,tier\nada@quay.example,gold\nbram@quay.example,former\n"
    importer(content, meanings=(("tier=former", UNSUBSCRIBED),))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}
    assert [each.fields["tier"] for each in people.subscribers()] == ["gold", "former"]


def test_in_a_cell_of_several_values_what_is_refused_outdoes_what_is_agreed_to(
    importer: Importer, people: Directory
) -> None:
    content = (
        'email,tags\nada@quay.example,vip\nbram@quay.example,"vip, inactive"\ncee@quay.example,"vip, "\n'
    )
    assert asked(importer, content) == {"tags"}
    importer(content, meanings=(("tags=vip", SUBSCRIBED), ("tags=", SUBSCRIBED)))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed", "cee": "subscribed"}


@pytest.mark.parametrize(
    ("heading", "values", "asks"),
    [
        ("Emails received (6mo)", ("0", "1", "12"), False),
        ("Days active (30d)", ("0", "30"), False),
        ("subscription_price", ("12.50", "0.00"), False),
        ("Subscription Tier", ("free", "gold"), False),
        ("Lead Status", ("New", "Open"), False),
        ("newsletter", ("0", "1"), True),
        ("subscriber_type", ("regular", "unsubscribed"), True),
        ("Subscription type", ("no", "web"), True),
        ("Newsletter", ("weekly", "unsubscribed in May"), True),
        ("Marketing", ("", "opted out in 2021"), True),
        ("Order status", ("cancelled", "sent"), True),
        ("Status", ("New", "Open"), True),
        ("subscribed", ("1", "2"), True),
    ],
)
def test_what_is_counted_or_about_something_else_is_asked_for_only_if_its_values_speak(
    importer: Importer, heading: str, values: tuple[str, ...], asks: bool
) -> None:
    rows = "".join(f"ada{number}@quay.example,{value}\n" for number, value in enumerate(values))
    content = f"email,{heading}\n{rows}"
    if asks:
        assert asked(importer, content) == {heading}
    else:
        report, _ = importer(content)
        assert report.added == len(values)


@pytest.mark.parametrize(
    "text", ["weekly: unsubscribed", '{"status": "unsubscribed"}', "weekly (unsubscribed)"]
)
def test_a_word_within_a_cell_is_offered_and_heard(importer: Importer, people: Directory, text: str) -> None:
    cell = '"' + text.replace('"', '""') + '"'
    content = f"email,extra\nada@quay.example,weekly\nbram@quay.example,{cell}\n"
    with pytest.raises(ConsentUnclear) as stop:
        importer(content)
    assert [list(seen.counts) for seen in stop.value.seen] == [["unsubscribed"]]
    importer(content, meanings=(("extra=unsubscribed", UNSUBSCRIBED),))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}


def test_what_this_program_exported_can_be_imported_as_one_thing_all_the_same(
    importer: Importer, people: Directory
) -> None:
    importer("email,lists,suppressed\nada@quay.example,daily,\n", everyone=UNSUBSCRIBED)
    assert standings(people) == {"ada": "unsubscribed"}


@pytest.mark.parametrize(
    ("everyone", "outcome"),
    [
        (UNSUBSCRIBED, "unsubscribed"),
        (Standing.UNCONFIRMED, "unconfirmed"),
        (Standing.BOUNCED, "subscribed bounced"),
        (Standing.COMPLAINED, "unsubscribed complained"),
        (Standing.SUPPRESSED, "unsubscribed requested"),
    ],
)
def test_everybody_in_a_file_can_be_one_thing(
    importer: Importer, people: Directory, everyone: Standing, outcome: str
) -> None:
    importer("email\nada@quay.example\n", everyone=everyone)
    assert standings(people) == {"ada": outcome}


def test_who_is_here_already_leaves_by_a_file_and_nobody_comes_back_by_one(
    importer: Importer, people: Directory, engine: Engine
) -> None:
    three = "email\nada@quay.example\nbram@quay.example\ncee@quay.example\n"
    importer(three)
    suppress(engine, Address.parse("cee@quay.example"), "complained", "a report", NOW)
    importer("email\nada@quay.example\n", name="left.csv", everyone=UNSUBSCRIBED)
    importer("email\nbram@quay.example\ncee@quay.example\n", name="bounces.csv", everyone=Standing.BOUNCED)
    outcome = {"ada": "unsubscribed", "bram": "subscribed bounced", "cee": "subscribed complained"}
    assert standings(people) == outcome
    report, _ = importer(
        three.replace("\n", ",active\n").replace("email,active", "email,status"), status=("status",)
    )
    assert (standings(people), report.kept_out, report.suppressed) == (outcome, 1, 2)
    assert importer(three)[0].unchanged == 3
    assert standings(people) == outcome


def test_a_column_without_a_heading_asks_too(importer: Importer, people: Directory) -> None:
    content = "email,,\nada@quay.example,,\nbram@quay.example,,abgemeldet\n"
    assert asked(importer, content) == {"column 3"}
    importer(content, meanings=(("column 3=abgemeldet", UNSUBSCRIBED),))
    assert standings(people) == {"ada": "subscribed", "bram": "unsubscribed"}


def test_marks_are_no_blanks(importer: Importer, people: Directory) -> None:
    content = (
        "email,unsubscribed\nada@quay.example,\nbram@quay.example,✓\ncee@quay.example,✗\ndan@quay.example,●\n"
    )
    _, rejects = importer(content, status=("unsubscribed",))
    assert [each.value for each in rejects] == ["●"]
    importer(content, status=("unsubscribed",), meanings=(("●", UNSUBSCRIBED),))
    assert standings(people) == {
        "ada": "subscribed",
        "bram": "unsubscribed",
        "cee": "subscribed",
        "dan": "unsubscribed",
    }


def test_a_files_name_asks_too(importer: Importer, people: Directory) -> None:
    with pytest.raises(ConsentUnclear) as stop:
        importer("email\nada@quay.example\n", name="unsubscribed_members_export.csv")
    assert stop.value.name is UNSUBSCRIBED
    # What a column says of some is no answer to what the name says of all.
    with pytest.raises(ConsentUnclear):
        importer("email,confirmed\nada@quay.example,yes\n", name="unsubscribed.csv", status=("confirmed",))
    assert standings(people) == {}
    importer("email\nada@quay.example\n", name="bounce-house.csv", everyone=SUBSCRIBED)
    assert standings(people) == {"ada": "subscribed"}


@pytest.mark.peers
def test_the_name_of_a_sheet_or_of_a_folder_in_an_archive_asks_too(engine: Engine, tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "crew.xlsx") as book:
        book.add_worksheet("Abgemeldet").write_column(0, 0, ["email", "ada@quay.example"])
    with zipfile.ZipFile(tmp_path / "crew.zip", "w") as archive:
        archive.writestr("crew/unsubscribed/members.csv", "email\nada@quay.example\n")
    for name in ("crew.xlsx", "crew.zip"):
        with pytest.raises(ConsentUnclear) as stop:
            import_people(engine, Import(tmp_path / name, ("weekly",)), NOW)
        assert stop.value.name is UNSUBSCRIBED


@pytest.mark.parametrize(
    "rows",
    [
        "ada@quay.example,active,3\nADA@quay.example,unsubscribed,4\n",
        "ada@quay.example,unsubscribed,4\nada@quay.example,active,3\n",
        "ada@quay.example,active,3\nada@quay.example,unsubscribed,many\n",
        "ada@quay.example,unsubscribed,many\nada@quay.example,active,3\n",
        "ada@quay.example,active,3\nada@quay.example,unsubscribed,4,Porto\n",
        "ada@quay.example,Quay,Ada,unsubscribed\n",
    ],
)
def test_who_left_in_one_row_of_several_has_left_even_if_that_row_is_bad(
    importer: Importer, people: Directory, rows: str
) -> None:
    importer("email,visits\nada@quay.example,2\n")
    importer(f"email,status,visits\n{rows}", status=("status",))
    assert standings(people) == {"ada": "unsubscribed"}


def test_what_one_column_leaves_open_another_may_refuse(importer: Importer, people: Directory) -> None:
    content = "email,status,bounced\nada@quay.example,,1\nbram@quay.example,,0\ncee@quay.example,active,\n"
    _, rejects = importer(content, status=("status", "bounced"))
    assert [each.line for each in rejects] == [3]
    assert standings(people) == {"ada": "subscribed bounced", "cee": "subscribed"}
    importer("email,status,bounced\ndan@quay.example,unsubscribed,1\n", status=("status", "bounced"))
    assert standings(people)["dan"] == "unsubscribed bounced"


def test_whose_standing_is_of_a_list_needs_one(importer: Importer, people: Directory) -> None:
    for answers in ({"everyone": UNSUBSCRIBED}, {"status": ("status",)}):
        with pytest.raises(UsageError, match="on which list"):
            importer("email,status\nada@quay.example,active\n", lists=(), **answers)
    importer("email\nada@quay.example\n", lists=(), everyone=Standing.SUPPRESSED)
    assert standings(people) == {"ada": "- requested"}


def test_a_list_that_is_not_there_is_said_before_anything_is_asked(importer: Importer) -> None:
    with pytest.raises(UsageError, match="there is no list wekly; did you mean weekly"):
        importer("email,status\nada@quay.example,left\n", lists=("wekly",))


@pytest.mark.parametrize(
    ("answers", "says"),
    [
        ({"status": ("stauts",)}, "--status names a column 'stauts' that isn't there; did you mean status"),
        ({"ignored": ("nothing",)}, "--ignore names a column 'nothing'"),
    ],
)
def test_an_answer_about_a_column_that_is_not_there_is_an_error(
    importer: Importer, answers: dict[str, object], says: str
) -> None:
    with pytest.raises(UsageError, match=says):
        importer("email,status\nada@quay.example,active\n", **answers)


@pytest.mark.parametrize("heading", ["lists", "suppressed"])
def test_the_names_of_exported_columns_can_be_no_fields(importer: Importer, heading: str) -> None:
    with pytest.raises(UsageError, match=f"{heading} can't name a field"):
        importer(f"email,{heading}\nada@quay.example,x\n", ignored=(heading,))


def test_unconfirmed_people_are_put_on_a_list_as_such_and_counted(
    importer: Importer, people: Directory, engine: Engine
) -> None:
    report, _ = importer("email,confirmed\nada@quay.example,yes\nbram@quay.example,\n", status=("confirmed",))
    assert (report.added, report.unconfirmed) == (2, 1)
    assert Lists(engine).named("weekly").counts[Status.UNCONFIRMED] == 1
