"""A letter goes to one person because something happened: once, and to nobody who must not be mailed."""

from __future__ import annotations

from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import pytest
from sqlalchemy import delete, insert, update

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.outcome import Stage
from mailer.domain.send import SendKind
from mailer.domain.subscriber import Status
from mailer.people.enrol import Consent, Entry, enrol
from mailer.sandbox.scripted_server import Act, ScriptedServer, rehearsal
from mailer.services.letters import Letter, compose, post
from mailer.services.rounds import tick
from mailer.store.schema import subscribers, subscriptions, suppressions

pytestmark = pytest.mark.peers
LINK = {"link": "https://gazette.example/confirm/a-token"}


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with rehearsal(ScriptedServer()) as running:
        yield running


@pytest.fixture
def app(tmp_path, database_url, server) -> Iterator[App]:
    """A workspace with one list; it mails the scripted server."""
    settings = {
        "SMTP_PORT": str(server.port),
        "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        "BASE_URL": "http://127.0.0.1:8000",
        "DATABASE_URL": database_url,
        "SECRET_KEY": "a key of the harbour",
    }
    made = App(tmp_path, settings)
    made.lists.create("weekly", made.now(), "Harbour Gazette")
    yield made
    made.let_go()


def join(app: App, email: str, status: Status = Status.UNCONFIRMED) -> int:
    consent = Consent((1,), Source(SourceKind.FORM, "join"), app.now())
    with app.database.begin() as connection:
        return enrol(connection, [Entry(Address.parse(email), statuses=(status,))], consent)[0].subscriber_id


def letter(app: App, kind: SendKind = SendKind.CONFIRM, language: str = "en") -> Letter:
    return compose(app, kind, [app.lists.named("weekly")], language, "confirm", time="7 days")


def write(app: App, written: Letter, person: int) -> None:
    with app.database.begin() as connection:
        written.write(connection, person, app.now(), LINK)


def mail(server: ScriptedServer, number: int = -1) -> EmailMessage:
    return cast("EmailMessage", message_from_bytes(server.taken[number].content, policy=default))


def states(app: App) -> list[dict[str, str]]:
    return [{row.email: row.state for row in app.queries.deliveries(send)} for send in app.ledger.sends()]


def test_a_letter_goes_out_once_and_says_what_it_is(app, server):
    person = join(app, "ada@inbox.example")
    write(app, letter(app), person)
    assert post(app) == 1
    assert post(app) == 0
    (taken,) = server.taken
    assert taken.recipients == ("ada@inbox.example",)
    got = mail(server)
    assert got["Subject"] == "Please confirm: Harbour Gazette"
    assert got["Auto-Submitted"] == "auto-generated"
    assert not [name for name in got if name.startswith("List-") or name == "Precedence"]
    text, page = (got.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None and LINK["link"] in text.get_content()
    assert page is not None and f'href="{LINK["link"]}"' in page.get_content()
    assert "1 Quay Street" in page.get_content()
    assert all(not app.queries.discrepancies(send) for send in app.ledger.sends())


def test_people_are_added_to_the_send_there_is_and_to_another_one_for_their_second_letter(app, server):
    ada, ben = join(app, "ada@inbox.example"), join(app, "ben@inbox.example")
    write(app, letter(app), ada)
    post(app)
    write(app, letter(app), ben)
    post(app)
    write(app, letter(app), ada)
    assert states(app) == [
        {"ada@inbox.example": "accepted", "ben@inbox.example": "accepted"},
        {"ada@inbox.example": "queued"},
    ]
    post(app)
    assert [taken.recipients[0][:3] for taken in server.taken] == ["ada", "ben", "ada"]
    assert [app.queries.discrepancies(send) for send in app.ledger.sends()] == [[], []]


def test_each_language_and_each_text_is_a_send_of_its_own(app):
    person = join(app, "ada@inbox.example")
    write(app, letter(app, language="ar"), person)
    write(app, letter(app, language="de-AT"), person)
    write(app, letter(app, language="tlh"), person)
    app.lists.change("weekly", {"title": "The Gazette"}, app.now())
    write(app, letter(app, language="ar"), person)
    found = [(send.slug, send.occasion) for send in app.ledger.sends()]
    assert found == [("confirm:ar", 1), ("confirm:de", 1), ("confirm:en", 1), ("confirm:ar", 2)]


@pytest.mark.parametrize("reason", ["bounced", "complained", "requested"])
def test_who_is_suppressed_by_the_time_it_would_go_gets_none(app, server, reason):
    person = join(app, "ada@inbox.example")
    write(app, letter(app), person)
    with app.database.begin() as connection:
        row = {"who": "ada@inbox.example", "reason": reason, "note": "", "since": app.now()}
        connection.execute(insert(suppressions), row)
    post(app)
    assert server.taken == []
    assert states(app) == [{"ada@inbox.example": "cancelled"}]


def test_who_left_may_be_asked_and_who_has_confirmed_need_not(app, server):
    gone, there = join(app, "ada@inbox.example"), join(app, "ben@inbox.example")
    with app.database.begin() as connection:
        s = subscriptions.c
        for person, status in ((gone, Status.UNSUBSCRIBED), (there, Status.SUBSCRIBED)):
            connection.execute(update(subscriptions).where(s.subscriber_id == person).values(status=status))
    for person in (gone, there):
        write(app, letter(app), person)
    post(app)
    assert states(app) == [{"ada@inbox.example": "accepted", "ben@inbox.example": "cancelled"}]


def test_only_who_is_on_the_list_is_welcomed(app, server):
    pending, there = join(app, "ada@inbox.example"), join(app, "ben@inbox.example", Status.SUBSCRIBED)
    for person in (pending, there):
        write(app, letter(app, SendKind.WELCOME), person)
    post(app)
    assert states(app) == [{"ada@inbox.example": "cancelled", "ben@inbox.example": "accepted"}]
    assert mail(server)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail(server)["Auto-Submitted"] == "auto-generated"


def test_of_whose_record_it_is_gets_it_on_no_list_and_nobody_who_is_gone(app, server):
    gone, there = join(app, "ada@inbox.example"), join(app, "ben@inbox.example", Status.UNSUBSCRIBED)
    for person in (gone, there):
        write(app, letter(app, SendKind.ACCOUNT), person)
    with app.database.begin() as connection:
        connection.execute(delete(subscribers).where(subscribers.c.id == gone))
    post(app)
    assert states(app) == [{"ada@inbox.example": "cancelled", "ben@inbox.example": "accepted"}]


def test_one_that_is_put_off_waits(app, server):
    server.script = lambda stage, count: "451 4.7.1 Greylisted" if stage is Stage.RCPT else None
    write(app, letter(app), join(app, "ada@inbox.example"))
    post(app)
    assert states(app) == [{"ada@inbox.example": "deferred"}]
    assert tick(app, print).exit_code == 0  # it is not due yet


def test_one_whose_answer_was_lost_is_not_sent_twice(app, server):
    server.script = lambda stage, count: Act.LOSE if stage is Stage.CONTENT and count == 1 else None
    write(app, letter(app), join(app, "ada@inbox.example"))
    post(app)
    assert states(app) == [{"ada@inbox.example": "uncertain"}]
    assert post(app) == 0
    assert states(app) == [{"ada@inbox.example": "accepted"}]
    assert len(server.taken) == 1
    assert app.queries.discrepancies(app.ledger.sends()[0]) == []


def test_the_clock_sends_letters_by_itself(app, server):
    write(app, letter(app), join(app, "ada@inbox.example"))
    said: list[str] = []
    assert tick(app, said.append).exit_code == 0
    assert len(server.taken) == 1


def test_what_is_rolled_back_was_never_written(app):
    person = join(app, "ada@inbox.example")
    written = letter(app)
    with pytest.raises(RuntimeError), app.database.begin() as connection:
        written.write(connection, person, app.now(), LINK)
        raise RuntimeError
    assert app.ledger.sends() == []
