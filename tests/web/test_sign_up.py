"""Signing up by a form, and confirming it: who gets which mail, what is kept, what nobody learns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from quay import Quay, quay
from sqlalchemy import event, update

from mailer.domain.address import Address
from mailer.domain.confirm_link import read_confirmation
from mailer.domain.subscriber import Status
from mailer.people.consents import told
from mailer.services.confirm_link import BY_PAGE
from mailer.services.erase import erase
from mailer.services.rounds import tick
from mailer.services.signup import Reception
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.schema import signups

ADA = "ada@inbox.example"


@pytest.fixture
def harbour(tmp_path: Path, database_url: str) -> Iterator[Quay]:
    with quay(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
def file_harbour(tmp_path: Path) -> Iterator[Quay]:
    with quay(tmp_path, "sqlite:///mailer.db") as opened:
        yield opened


def consents(harbour: Quay, email: str) -> list[tuple[str | None, str, str]]:
    with harbour.app.database.connect() as connection:
        person = harbour.person(email)
        assert person is not None
        return [(each.list_name, each.change, str(each.source)) for each in told(connection, [person.id])]


def test_who_signs_up_and_confirms_is_on_the_list(harbour: Quay) -> None:
    harbour.sign_up(ADA, at="/join?ref=poster")
    assert harbour.lists_of(ADA) == {"weekly": "unconfirmed"}
    link = harbour.link(ADA)
    before = harbour.tables()
    page = harbour.client.get(link)
    assert 'Is <bdi class="address">a•••@inbox.example</bdi> to get' in page.text
    assert page.text.count("<button>") == 1
    assert (harbour.client.head(link).status_code, harbour.tables()) == (200, before)
    for _ in range(2):  # pressed twice it is as friendly
        page = harbour.client.post(link)
        assert (page.status_code, "You are on the list" in page.text) == (200, True)
    assert harbour.lists_of(ADA) == {"weekly": "subscribed"}
    assert consents(harbour, ADA) == [
        ("weekly", "asked", "form join"),
        ("weekly", "confirmed", "confirmation page"),
    ]


def test_the_ledger_of_consent_says_what_was_agreed_to_by_whom_and_where_they_came_from(
    harbour: Quay,
) -> None:
    harbour.sign_up(ADA, at="/join/weekly?ref=poster")
    harbour.client.post(harbour.link(ADA), headers={"user-agent": "another browser"})
    with harbour.app.database.connect() as connection:
        asked, confirmed = told(connection, [1])
    assert asked.source.wording.startswith("We write to this address once")
    assert (asked.evidence.agent, asked.evidence.note) == ("a browser", "poster")
    assert (asked.source.name, confirmed.evidence.agent) == ("join/weekly", "another browser")
    assert asked.at < confirmed.at


PENDING, THERE, GONE = Status.UNCONFIRMED, Status.SUBSCRIBED, Status.UNSUBSCRIBED


def test_nobody_learns_from_an_answer_who_is_here(harbour: Quay) -> None:
    for who, status in {"pending": PENDING, "there": THERE, "left": GONE, "bounced": THERE}.items():
        harbour.enrol(f"{who}@inbox.example", status)
    for who, reason in {"bounced@inbox.example": "bounced", "no@bay.example": "requested"}.items():
        harbour.suppress(who, reason)
    harbour.suppress("@quay.example", "blocked")
    answers, statements = [], list[str]()
    event.listen(harbour.app.database, "before_cursor_execute", lambda *given: statements.append(given[2]))
    people = [f"{who}@inbox.example" for who in ("new", "pending", "there", "left", "bounced")]
    people += ["no@bay.example", "anybody@quay.example"]
    for email in people:
        statements.clear()
        answer = harbour.client.post("/join", data={"email": email, "list": "weekly"})
        plain = re.sub(r'nonce[-=]["\']?[\w-]+', "", f"{sorted(answer.headers.items())}{answer.text}")
        answers.append((answer.status_code, plain, [each for each in statements if "PRAGMA" not in each]))
    assert answers == [answers[0]] * len(people)
    assert [each.split()[0] for each in answers[0][2]].count("INSERT") == 1
    harbour.deliver()
    mailed = {each for each in people if harbour.mails(each)}
    assert mailed == {f"{who}@inbox.example" for who in ("new", "pending", "left")}
    assert harbour.person("no@bay.example") is None  # of whom we must not write to nothing is kept


def test_a_form_brings_nobody_back_and_changes_nothing_of_whom_we_know(harbour: Quay) -> None:
    harbour.enrol(ADA, Status.UNSUBSCRIBED)
    (harbour.app.root / "forms").mkdir()
    (harbour.app.root / "forms" / "join.toml").write_text('[[field]]\nname = "name"\n')
    harbour.sign_up(ADA, **{"answer.name": "Mallory"})
    assert harbour.lists_of(ADA) == {"weekly": "unsubscribed"}
    person = harbour.person(ADA)
    assert person is not None
    assert person.name is None
    harbour.client.post(harbour.link(ADA))  # by themselves they are back, and the name is theirs
    person = harbour.person(ADA)
    assert person is not None
    assert (person.name, dict(person.lists)) == ("Mallory", {"weekly": "subscribed"})


def test_who_says_no_after_signing_up_is_not_put_on_the_list_by_the_link(harbour: Quay) -> None:
    harbour.enrol(ADA, Status.SUBSCRIBED, "tides")
    harbour.sign_up(ADA)
    unsubscribe(harbour.app.database, Unsubscribe(Address.parse(ADA), None, BY_PAGE), harbour.app.now())
    page = harbour.client.post(harbour.link(ADA))
    assert (page.status_code, "You have unsubscribed since" in page.text) == (410, True)
    assert set(harbour.lists_of(ADA).values()) == {"unsubscribed"}
    harbour.sign_up("ben@inbox.example")
    harbour.suppress("ben@inbox.example", "requested")
    assert harbour.client.post(harbour.link("ben@inbox.example")).status_code == 410
    assert harbour.lists_of("ben@inbox.example") == {"weekly": "unconfirmed"}


def test_whom_a_server_or_the_sender_refuses_no_link_brings_back(harbour: Quay) -> None:
    for reason in ("bounced", "complained", "blocked"):
        email = f"{reason}@inbox.example"
        harbour.sign_up(email)
        harbour.suppress(email, reason)
        page = harbour.client.post(harbour.link(email))
        assert "can’t be put on the list" in page.text
        assert harbour.lists_of(email) == {"weekly": "unconfirmed"}


def test_an_address_gets_one_mail_a_day_and_three_a_week_however_often_it_is_signed_up(harbour: Quay) -> None:
    written = []
    for _ in range(8):
        for _ in range(2):
            harbour.client.post("/join", data={"email": ADA, "list": "weekly"})
        harbour.reception.settle()
        written.append(sum(send.candidates for send in harbour.app.ledger.sends()))
        _age(harbour, timedelta(days=1))
    assert written == [1, 2, 3, 3, 3, 3, 3, 4]


def _age(harbour: Quay, by: timedelta) -> None:
    """Let all that was signed up be so much longer ago."""
    c = signups.c
    with harbour.app.database.begin() as connection:
        rows = connection.execute(signups.select()).all()
        for row in rows:
            older = {
                name: getattr(row, name) and getattr(row, name) - by
                for name in ("at", "taken_at", "mailed_at")
            }
            connection.execute(update(signups).where(c.id == row.id).values(older))


def test_the_clock_takes_in_what_no_postman_did(file_harbour: Quay) -> None:
    file_harbour.client.post("/join", data={"email": ADA, "list": "weekly"})
    assert len(file_harbour.rung) == 1
    assert tick(file_harbour.app, print).exit_code == 0
    assert len(file_harbour.mails(ADA)) == 1


def test_who_is_erased_is_erased_from_what_was_signed_up_too(file_harbour: Quay) -> None:
    harbour = file_harbour
    harbour.sign_up(ADA)
    for email in (ADA, "gone@inbox.example"):
        harbour.client.post("/join", data={"email": email, "list": "weekly"})
    harbour.suppress("gone@inbox.example", "requested")
    for email in (ADA, "gone@inbox.example"):
        erase(harbour.app, Address.parse(email))
    assert harbour.tables()["signups"] == []
    assert harbour.client.post(harbour.link(ADA)).status_code == 404
    harbour.sign_up(ADA)  # whoever said that nothing is to be kept of them is not written to again
    assert (harbour.person(ADA), len(harbour.mails(ADA))) == (None, 1)


def test_of_several_who_take_in_the_same_one_does(harbour: Quay) -> None:
    emails = [f"reader{number}@inbox.example" for number in range(2)]
    for email in emails * 2:
        harbour.client.post("/join", data={"email": email, "list": "weekly"})
    Reception(harbour.app).settle()  # what is compiled first is not what is compared
    for email in emails:
        harbour.client.post("/join", data={"email": f"other-{email}", "list": "weekly"})
    with ThreadPoolExecutor(2) as several:
        done = list(several.map(lambda _: Reception(harbour.app).settle(), range(2)))
    assert sum(done) == 2
    assert [send.candidates for send in harbour.app.ledger.sends()] == [4]


def test_a_list_without_confirmation_is_joined_at_once_but_not_by_who_had_left_it(harbour: Quay) -> None:
    harbour.app.lists.change("tides", {"double_opt_in": False}, harbour.app.now())
    harbour.enrol("ben@inbox.example", Status.UNSUBSCRIBED, "tides")
    for email in (ADA, "ben@inbox.example"):
        harbour.sign_up(email, at="/join/tides")
    assert harbour.lists_of(ADA) == {"tides": "subscribed"}
    assert harbour.mails(ADA) == []
    assert harbour.lists_of("ben@inbox.example") == {"tides": "unsubscribed"}
    assert harbour.mails("ben@inbox.example")[0]["Subject"] == "Please confirm: Tide Tables"


WELCOME = "---\ntitle: Welcome aboard\n---\nGood morning, {{ subscriber.name|default('reader') }}.\n"


def test_each_is_welcomed_once(harbour: Quay) -> None:
    (harbour.app.root / "issues").mkdir()
    (harbour.app.root / "issues" / "welcome.md").write_text(WELCOME)
    harbour.app.lists.change("weekly", {"welcome": "issues/welcome.md"}, harbour.app.now())
    harbour.sign_up(ADA)
    harbour.client.post(harbour.link(ADA))
    harbour.deliver()
    welcome = harbour.mails(ADA)[-1]
    assert welcome["Auto-Submitted"] == "auto-generated"
    assert welcome["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    _age(harbour, timedelta(days=2))
    left = Unsubscribe(Address.parse(ADA), ("weekly",), BY_PAGE)
    unsubscribe(harbour.app.database, left, harbour.app.now())
    harbour.sign_up(ADA)  # who comes back knows what they come to
    harbour.client.post(harbour.link(ADA))
    harbour.deliver()
    assert harbour.lists_of(ADA) == {"weekly": "subscribed"}
    subjects = [mail["Subject"].partition(":")[0] for mail in harbour.mails(ADA)]
    assert subjects == ["Please confirm", "Welcome aboard", "Please confirm"]
    audience = harbour.app.ledger.sends()[-1].audience
    assert harbour.app.ledger.find("welcome", audience) is None  # it is no issue


def test_a_welcome_that_cant_be_filled_or_found_keeps_nobody_off(file_harbour: Quay) -> None:
    harbour = file_harbour
    (harbour.app.root / "issues").mkdir()
    file = harbour.app.root / "issues" / "welcome.md"
    file.write_text("---\ntitle: Welcome\n---\nGood morning, {{ subscriber.name }}.\n")
    for name in ("weekly", "tides"):
        harbour.app.lists.change(
            name, {"welcome": f"issues/{'welcome' if name == 'weekly' else 'no'}.md"}, harbour.app.now()
        )
    harbour.sign_up(ADA, "weekly", "tides")
    assert harbour.client.post(harbour.link(ADA)).status_code == 200
    harbour.deliver()
    assert harbour.lists_of(ADA) == {"tides": "subscribed", "weekly": "subscribed"}
    assert len(harbour.mails(ADA)) == 1


def test_a_link_is_good_for_its_purpose_person_and_lists_and_for_a_while(file_harbour: Quay) -> None:
    harbour = file_harbour
    harbour.sign_up(ADA)
    link = harbour.link(ADA)
    key = b"a key of the harbour"
    token = link.removeprefix("/confirm/")
    for place in range(len(token)):
        for other in "A", "B":
            changed = token[:place] + other + token[place + 1 :]
            assert changed == token or read_confirmation(key, changed) is None
    for path in (
        f"/confirm/{token[:-1]}",
        f"/confirm/x{token}",
        f"/u/{token}",
        "/confirm/",
        f"/view/{token}",
    ):
        for method in ("GET", "POST"):
            assert harbour.client.request(method, path).status_code == 404, path
    assert harbour.client.get(f"{link}.").status_code == 200  # the full stop behind it is none of it
    now = harbour.app.now() + timedelta(days=8)
    harbour.app.now = lambda: now  # type: ignore[method-assign]
    page = harbour.client.post(link)
    assert (page.status_code, "This link has expired" in page.text) == (410, True)
    assert harbour.lists_of(ADA) == {"weekly": "unconfirmed"}


def test_who_has_confirmed_is_led_to_the_page_of_the_list(file_harbour: Quay) -> None:
    harbour = file_harbour
    page = "https://www.harbour.example/thanks"
    harbour.app.lists.change("weekly", {"confirmed_url": page}, harbour.app.now())
    harbour.sign_up(ADA)
    asked = harbour.client.get(harbour.link(ADA))
    assert "form-action 'self' https://www.harbour.example;" in asked.headers["content-security-policy"]
    done = harbour.client.post(harbour.link(ADA))
    assert (done.status_code, done.headers["location"]) == (303, page)


def test_only_public_lists_that_are_not_put_away_may_be_signed_up_for(file_harbour: Quay) -> None:
    harbour = file_harbour
    harbour.app.lists.change("tides", {"archived_at": harbour.app.now()}, harbour.app.now())
    for name in ("crew", "tides", "none"):
        assert harbour.client.get(f"/join/{name}").status_code == 404
        assert harbour.client.post(f"/join/{name}", data={"email": ADA}).status_code == 404
        assert harbour.client.post("/join", data={"email": ADA, "list": name}).status_code == 422
    harbour.deliver()
    assert harbour.person(ADA) is None


def test_an_answer_says_what_is_wrong_and_keeps_what_was_typed(file_harbour: Quay) -> None:
    harbour = file_harbour
    before = harbour.tables()
    page = harbour.client.post("/join", data={"email": 'ada"><script>@', "list": "weekly"})
    assert page.status_code == 422
    assert "This is no e-mail address" in page.text
    assert "<script>" not in page.text
    assert 'value="ada&#34;&gt;&lt;script&gt;@"' in page.text
    assert 'value="weekly" checked' in page.text
    whole = b"email=ada%40inbox.example&list=weekly&"
    for body in (whole + b"a=1&" * 300, b"\xff%ff=\x00", b"email=ada%40inbox.example%0d%0aBcc:x&list=weekly"):
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert harbour.client.post("/join", content=body, headers=form).status_code == 422
    assert harbour.tables() == before
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE"):
        harbour.client.request(method, "/join")
    assert harbour.tables() == before


def test_a_form_on_another_site_may_post_here_and_a_button_there_may_not_confirm(file_harbour: Quay) -> None:
    harbour = file_harbour
    elsewhere = {"origin": "https://www.harbour.example", "sec-fetch-site": "cross-site"}
    assert harbour.client.post("/join/weekly", data={"email": ADA}, headers=elsewhere).status_code == 200
    harbour.deliver()
    assert harbour.client.post(harbour.link(ADA), headers=elsewhere).status_code == 403
    assert harbour.lists_of(ADA) == {"weekly": "unconfirmed"}
