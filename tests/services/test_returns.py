"""What comes back does to people what the policy says, once, and to nobody whom no token of ours names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest
from members import TEST, join
from settled_sends import NOW, accepted, begun, delivered
from sqlalchemy import event, select, update

from mailer.domain.address import Address
from mailer.domain.return_policy import ReturnEffect, ReturnPolicy, Sanction
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.ledger.returns import past_sends
from mailer.people.lists import Lists
from mailer.people.suppressing import suppression_of
from mailer.services.merge import change_address
from mailer.services.person import sheet_of
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.store.database import Database, open_database
from mailer.store.schema import deliveries, returns

ADA, BO = "ada@quay.example", "bo@quay.example"
LATER = NOW + timedelta(days=1)
_numbers = count(1)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """A database with Ada and Bo on the lists weekly and tides."""
    made = open_database(database_url, tmp_path)
    for name in ("weekly", "tides"):
        Lists(made).create(name, NOW)
    for email in (ADA, BO):
        join(made, email, "weekly", "tides")
    yield made
    made.dispose()


def sent(database: Database, tmp_path: Path, *slugs: str) -> list[int]:
    """Send these issues to the list weekly; return the ids of the sends."""
    sends = []
    for slug in slugs:
        send = begun(database, slug)
        delivered(database, send, tmp_path / "journals", accepted)
        sends.append(send.id)
    return sends


def said(kind: Kind, send: int = 1, person: int = 1, address: str = ADA, **more: object) -> ReturnedMail:
    """What a message of this kind says, with the token of a copy."""
    verdict = Verdict(
        kind,
        (RecipientVerdict(address, kind, "5.1.1", "no such mailbox", "550 5.1.1 nobody here"),),
        ("a token of ours",),
        Returned(send, person) if send else None,
        **more,  # type: ignore[arg-type]
    )
    return ReturnedMail(f"digest {next(_numbers)}", "a test", verdict)


def taken(
    database: Database, *mails: ReturnedMail, policy: ReturnPolicy | None = None, days: int = 1
) -> list[ReturnEffect]:
    """Take messages in; return what was done."""
    records = ReturnRecords(lambda: database, policy or ReturnPolicy())
    return [row.effect for row in records.take(mails, NOW + timedelta(days=days))]


def reason_of(database: Database, email: str) -> str | None:
    with database.connect() as connection:
        found = suppression_of(connection, Address.parse(email).key)
        return found and found.reason


def lists_of(database: Database, email: str) -> dict[str, str]:
    sheet = sheet_of(database, Address.parse(email), LATER)
    return {each.list_name: str(each.status) for each in sheet.subscriptions}


ON_BOTH = {"weekly": "subscribed", "tides": "subscribed"}
OFF_BOTH = {"weekly": "unsubscribed", "tides": "unsubscribed"}


def test_a_hard_bounce_suppresses_whom_the_token_names(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    # Whoever else the message names is nobody to it.
    assert taken(database, said(Kind.HARD, address=BO)) == [ReturnEffect.SUPPRESSED]
    assert (reason_of(database, ADA), reason_of(database, BO)) == ("bounced", None)
    assert lists_of(database, ADA) == ON_BOTH
    (consent,) = [
        each for each in sheet_of(database, Address.parse(ADA), LATER).consents if not each.list_name
    ]
    assert (consent.change, consent.source.kind, consent.source.name) == ("suppressed", "mail", "bounce")


@pytest.mark.parametrize("kind", [Kind.HARD, Kind.COMPLAINT, Kind.UNSUBSCRIBE, Kind.SOFT])
def test_without_a_token_nothing_happens_to_anybody(database: Database, tmp_path: Path, kind: Kind) -> None:
    sent(database, tmp_path, "harbour")
    assert taken(database, said(kind, send=0)) == [ReturnEffect.UNPROVED]
    assert reason_of(database, ADA) is None and lists_of(database, ADA) == ON_BOTH


def test_a_copy_that_is_not_known_here_changes_nothing(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    mails = [said(Kind.HARD, send=9), said(Kind.HARD, person=9), said(Kind.COMPLAINT, send=9)]
    assert taken(database, *mails) == [ReturnEffect.NOTHING] * 3
    assert reason_of(database, ADA) is None


def test_a_message_counts_once_however_often_it_is_read(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    mail = said(Kind.SOFT)
    assert taken(database, mail, mail) == [ReturnEffect.COUNTED]
    assert taken(database, mail) == []
    assert ReturnRecords(lambda: database, ReturnPolicy()).known([mail.digest, "?"]) == {
        mail.digest: Kind.SOFT
    }


def test_record_and_effect_are_committed_together(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")

    def die(connection: object) -> None:
        raise KeyboardInterrupt

    records, mail = ReturnRecords(lambda: database, ReturnPolicy()), said(Kind.HARD)
    with pytest.raises(KeyboardInterrupt):
        records.take([mail], LATER, die)
    assert reason_of(database, ADA) is None
    assert records.known([mail.digest]) == {}


def test_a_complaint_suppresses_and_takes_off_every_list(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    assert taken(database, said(Kind.COMPLAINT)) == [ReturnEffect.SUPPRESSED]
    assert reason_of(database, ADA) == "complained" and lists_of(database, ADA) == OFF_BOTH
    assert lists_of(database, BO) == ON_BOTH


def test_a_complaint_may_cost_the_lists_of_the_send_alone(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    policy = ReturnPolicy(complaint=Sanction.LEAVE)
    assert taken(database, said(Kind.COMPLAINT), policy=policy) == [ReturnEffect.LEFT]
    assert reason_of(database, ADA) is None
    assert lists_of(database, ADA) == {"weekly": "unsubscribed", "tides": "subscribed"}


def test_an_unsubscribe_request_leaves_the_lists_of_the_send(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    assert taken(database, said(Kind.UNSUBSCRIBE)) == [ReturnEffect.LEFT]
    assert lists_of(database, ADA) == {"weekly": "unsubscribed", "tides": "subscribed"}
    assert sheet_of(database, Address.parse(ADA), LATER).consents[-1].source.name == "unsubscribe request"


def test_an_unsubscribe_request_may_mean_everything(database: Database, tmp_path: Path) -> None:
    sent(database, tmp_path, "harbour")
    policy = ReturnPolicy(unsubscribe=Sanction.SUPPRESS)
    assert taken(database, said(Kind.UNSUBSCRIBE), policy=policy) == [ReturnEffect.SUPPRESSED]
    assert reason_of(database, ADA) == "requested" and lists_of(database, ADA) == OFF_BOTH
    assert lists_of(database, BO) == ON_BOTH


def test_what_is_blocked_may_be_counted(database: Database, tmp_path: Path) -> None:
    sends = sent(database, tmp_path, *map(str, range(3)))
    policy = ReturnPolicy(blocked=Sanction.COUNT, sends=3, days=0)
    for each, effect in zip(sends, [ReturnEffect.COUNTED] * 2 + [ReturnEffect.SUPPRESSED], strict=True):
        assert taken(database, said(Kind.BLOCKED, send=each), policy=policy, days=60) == [effect]
    assert reason_of(database, ADA) == "bounced"


def test_a_proved_sender_without_a_token_leaves_everything(database: Database) -> None:
    assert taken(database, said(Kind.UNSUBSCRIBE, send=0, sender=ADA)) == [ReturnEffect.LEFT]
    assert reason_of(database, ADA) == "requested" and lists_of(database, ADA) == OFF_BOTH
    # Whoever is not known here may be later.
    assert taken(database, said(Kind.UNSUBSCRIBE, send=0, sender="cy@quay.example")) == [ReturnEffect.LEFT]
    assert reason_of(database, "cy@quay.example") == "requested"


@pytest.mark.parametrize("kind", [Kind.BLOCKED, Kind.AUTO_REPLY, Kind.REPLY, Kind.UNKNOWN])
def test_what_is_nobodys_doing_is_noted(database: Database, tmp_path: Path, kind: Kind) -> None:
    sends = sent(database, tmp_path, *map(str, range(6)))
    assert taken(database, *(said(kind, send=each) for each in sends), days=60) == [ReturnEffect.NOTED] * 6
    assert reason_of(database, ADA) is None


def test_soft_bounces_in_a_row_suppress(database: Database, tmp_path: Path) -> None:
    first, second, third = sent(database, tmp_path, "one", "two", "three")
    policy = ReturnPolicy(sends=2, days=0)
    assert taken(database, said(Kind.SOFT, first), policy=policy) == [ReturnEffect.COUNTED]
    # Twice of one send is once.
    assert taken(database, said(Kind.SOFT, first), policy=policy) == [ReturnEffect.COUNTED]
    # What came after and stayed away is a success once enough time has passed.
    assert taken(database, said(Kind.SOFT, first), policy=policy, days=30) == [ReturnEffect.COUNTED]
    assert taken(database, said(Kind.SOFT, third), policy=policy) == [ReturnEffect.COUNTED]
    assert reason_of(database, ADA) is None
    assert taken(database, said(Kind.SOFT, second), policy=policy) == [ReturnEffect.SUPPRESSED]
    assert reason_of(database, ADA) == "bounced"
    with database.connect() as connection:
        effects = connection.scalars(select(returns.c.effect).order_by(returns.c.id)).all()
    assert effects[-1] == "suppressed" and set(effects[:-1]) == {"counted"}


def test_two_in_one_batch_are_two(database: Database, tmp_path: Path) -> None:
    sends = sent(database, tmp_path, "one", "two")
    mails = [said(Kind.SOFT, each) for each in sends]
    assert ReturnEffect.SUPPRESSED in taken(database, *mails, policy=ReturnPolicy(sends=2, days=0))


def test_they_have_to_be_days_apart(database: Database, tmp_path: Path) -> None:
    sends = sent(database, tmp_path, "one", "two", "three")
    policy = ReturnPolicy(sends=3, days=1)
    assert (
        taken(database, *(said(Kind.SOFT, each) for each in sends), policy=policy)
        == [ReturnEffect.COUNTED] * 3
    )


def test_an_address_that_was_changed_since_is_suppressed_and_the_new_one_is_not(
    database: Database, tmp_path: Path
) -> None:
    sent(database, tmp_path, "harbour")
    change_address(database, Address.parse(ADA), Address.parse("ada@tide.example"), TEST, LATER)
    assert taken(database, said(Kind.HARD)) == [ReturnEffect.SUPPRESSED]
    assert reason_of(database, ADA) == "bounced"
    assert reason_of(database, "ada@tide.example") is None
    # A complaint is said of the person, whatever their address.
    assert taken(database, said(Kind.COMPLAINT)) == [ReturnEffect.SUPPRESSED]
    assert reason_of(database, "ada@tide.example") == "complained"


@pytest.mark.parametrize("kind", [Kind.COMPLAINT, Kind.UNSUBSCRIBE])
def test_who_got_a_letter_because_somebody_gave_their_address_speaks_for_themselves(
    database: Database, tmp_path: Path, kind: Kind
) -> None:
    sent(database, tmp_path, "harbour")
    with database.begin() as connection:
        mine = update(deliveries).where(deliveries.c.subscriber_id == 1)
        connection.execute(mine.values(email="zora@pier.example"))
    taken(database, said(kind))
    assert reason_of(database, "zora@pier.example") in ("complained", "requested")
    assert (reason_of(database, ADA), lists_of(database, ADA)) == (None, ON_BOTH)


def test_many_cost_few_statements(database: Database, tmp_path: Path) -> None:
    for number in range(60):
        join(database, f"reader{number}@inbox.example", "weekly")
    sent(database, tmp_path, "harbour")
    counted: dict[int, int] = {}
    for number in (10, 50):
        statements: list[str] = []

        def listen(connection, cursor, statement, *rest, kept=statements) -> None:
            kept.append(statement)

        event.listen(database, "before_cursor_execute", listen)
        people = range(3, 3 + number) if number == 10 else range(13, 63)
        mails = [said(Kind.HARD, 1, person, f"reader{person - 3}@inbox.example") for person in people]
        assert taken(database, *mails) == [ReturnEffect.SUPPRESSED] * number
        event.remove(database, "before_cursor_execute", listen)
        counted[number] = len(statements)
    assert counted[50] <= counted[10]


def test_how_sends_ended_for_somebody_is_looked_up_and_not_searched_for(tmp_path: Path) -> None:
    database = open_database("sqlite:///mailer.db", tmp_path)
    asked: list[tuple[str, object]] = []
    event.listen(
        database,
        "before_cursor_execute",
        lambda connection, cursor, statement, values, *_: asked.append((statement, values)),
    )
    with database.connect() as connection:
        past_sends(connection, 1, ReturnPolicy().counted)
        statement, values = asked[-1]
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    assert [row[3] for row in plan if row[3].startswith("SCAN")] == ["SCAN sends"]
    database.dispose()
