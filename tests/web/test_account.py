"""What is kept of somebody is for who has their mailbox: seen, taken, moved to another address, erased."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from harbour import serving
from quay import BASE_URL, KEY, Quay, quay
from sqlalchemy import select
from test_preferences import link

from mailer.domain.account_link import AccountPurpose, AccountToken, sign_account
from mailer.domain.address import Address
from mailer.domain.subscriber import Status
from mailer.people.enrol import Consent, Entry, enrol
from mailer.people.former import person_id
from mailer.services.edit import Edit, edit
from mailer.services.merge import change_address
from mailer.services.preference_link import BY_PAGE
from mailer.store.schema import consents, subscribers

pytestmark = pytest.mark.peers
ADA, NEW = "ada@inbox.example", "Ada.Quint@quay.example"


@pytest.fixture
def harbour(tmp_path: Path, database_url: str) -> Iterator[Quay]:
    with quay(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
def file_harbour(tmp_path: Path) -> Iterator[Quay]:
    with quay(tmp_path, "sqlite:///mailer.db") as opened:
        yield opened


def ask(harbour: Quay, person: int) -> None:
    page = harbour.client.post(link(harbour, person), data={"mail": "yes"})
    assert "If we may mail you, a link is on its way" in page.text
    harbour.deliver()


def mailed(harbour: Quay, to: str, kind: str) -> str:
    """The path of the link in the last mail to somebody."""
    text = harbour.mails(to)[-1].get_body(("plain",))
    assert text is not None
    found = re.search(rf"{BASE_URL}(/{kind}/[\w-]+)", text.get_content())
    assert found is not None
    return found[1]


def account(harbour: Quay, person: int, *, hours: float = 1, email: str = ADA, key: bytes = KEY) -> str:
    until = int((harbour.app.now() + timedelta(hours=hours)).timestamp())
    token = AccountToken(person, until)
    return f"/account/{sign_account(key, AccountPurpose.DATA, token, Address.parse(email).key)}"


def test_the_link_goes_to_the_address_itself_and_shows_all_that_is_kept(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    edit(harbour.app.database, Edit(Address.parse(ADA), {"name": "Ada Quint"}), harbour.app.now())
    ask(harbour, person)
    (mail,) = harbour.mails(ADA)
    assert mail["Subject"] == "Your data: here is the link"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "The link works for 2 hours." in mail.get_body(("plain",)).get_content()
    path, before = mailed(harbour, ADA, "account"), harbour.tables()
    page = harbour.client.get(path)
    for known in (ADA, "Ada Quint", "Harbour Gazette", "subscribed"):
        assert known in page.text
    assert harbour.client.head(path).status_code == 200
    data = harbour.client.post(path, data={"take": "yes"})
    assert data.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert data.json()["subscribers"][0]["name"] == "Ada Quint"
    assert "no-store" in data.headers["cache-control"]
    assert harbour.tables() == before
    assert all(not harbour.app.queries.discrepancies(send) for send in harbour.app.ledger.sends())


def test_three_letters_a_day_and_none_to_who_is_never_mailed(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    for _ in range(4):
        ask(harbour, person)
    assert len(harbour.mails(ADA)) == 3
    other = harbour.enrol("bo@inbox.example", Status.SUBSCRIBED)
    harbour.suppress("bo@inbox.example", "bounced")
    before = harbour.tables()
    ask(harbour, other)
    assert harbour.mails("bo@inbox.example") == []
    assert harbour.tables() == before


def test_an_address_is_changed_once_the_new_one_says_so(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    path = account(harbour, person)
    page = harbour.client.post(path, data={"address": NEW})
    assert "a link is on its way there" in page.text
    harbour.deliver()
    assert harbour.mails(ADA) == []
    there, before = mailed(harbour, NEW, "address"), harbour.tables()
    assert "Use this address?" in harbour.client.get(there).text
    assert harbour.client.head(there).status_code == 200
    assert harbour.tables() == before
    for _ in range(2):  # pressed twice it is as friendly
        page = harbour.client.post(there)
        assert (page.status_code, "Your address is changed" in page.text) == (200, True)
    assert "Your address is changed" in harbour.client.get(there).text
    kept = harbour.person(NEW)
    assert kept is not None
    assert kept.lists == {"weekly": "subscribed"}
    with harbour.app.database.connect() as connection:
        assert person_id(connection, Address.parse(ADA).key) == person
        moved = connection.execute(select(consents).where(consents.c.change == "moved")).all()
    assert [each.note for each in moved] == [f"from {ADA} to {NEW}"]
    assert harbour.client.get(path).status_code == 404  # it was for who had the address of before
    assert harbour.client.get(link(harbour, person)).status_code == 200


@pytest.mark.parametrize("taken", ["bo@inbox.example", "former@inbox.example", "gone@inbox.example", ADA])
def test_an_address_that_is_not_to_be_had_gets_no_mail_and_nobody_learns_of_it(
    file_harbour: Quay, taken: str
) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    harbour.enrol("former@inbox.example", Status.SUBSCRIBED)

    change_address(
        harbour.app.database,
        Address.parse("former@inbox.example"),
        Address.parse("bo@inbox.example"),
        BY_PAGE,
        harbour.app.now(),
    )
    harbour.suppress("gone@inbox.example", "complained")
    path = account(harbour, person)
    free = harbour.client.post(path, data={"address": "free@inbox.example"}).text
    before = harbour.tables()
    answer = harbour.client.post(path, data={"address": taken}).text
    harbour.deliver()
    assert harbour.mails(taken) == []
    if taken != ADA:
        nonce = re.compile(r'nonce="[^"]*"')
        assert nonce.sub("", answer) == nonce.sub("", free.replace("free@inbox.example", taken))
    assert harbour.tables()["deliveries"] == before["deliveries"]
    assert harbour.person(ADA) is not None


def test_what_became_somebodys_meanwhile_is_not_taken_from_them(file_harbour: Quay) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    harbour.client.post(account(harbour, person), data={"address": NEW})
    harbour.deliver()
    harbour.enrol(NEW, Status.SUBSCRIBED)
    before = harbour.tables()
    answer = harbour.client.post(mailed(harbour, NEW, "address"))
    assert (answer.status_code, "This address can’t be used" in answer.text) == (409, True)
    assert harbour.tables() == before


def test_no_address_is_said_to_be_none(file_harbour: Quay) -> None:
    path = account(file_harbour, file_harbour.enrol(ADA, Status.SUBSCRIBED))
    answer = file_harbour.client.post(path, data={"address": "nobody\r\nBcc: x"})
    assert (answer.status_code, "This is no e-mail address" in answer.text) == (422, True)


def test_erasing_takes_two_buttons_and_leaves_nothing(harbour: Quay, tmp_path: Path) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    ask(harbour, person)
    path, before = mailed(harbour, ADA, "account"), harbour.tables()
    sure = harbour.client.post(path, data={"erase": "yes"})
    assert "Erase everything about" in sure.text
    assert harbour.tables() == before
    assert "You are erased" in harbour.client.post(path, data={"sure": "yes"}).text
    assert "ada@inbox" not in repr(harbour.tables())
    with harbour.app.database.connect() as connection:
        assert connection.execute(select(subscribers)).all() == []
    assert harbour.client.post(path, data={"sure": "yes"}).status_code == 404
    consent = Consent(harbour.app.lists.ids(["weekly"]), BY_PAGE, harbour.app.now())
    with harbour.app.database.begin() as connection:
        (again,) = enrol(connection, [Entry(Address.parse(ADA))], consent)
    assert again.effect == "erased"
    assert all(not harbour.app.queries.discrepancies(send) for send in harbour.app.ledger.sends())


def test_a_link_ends_after_two_hours_and_says_how_to_get_another(file_harbour: Quay) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    path, before = account(harbour, person, hours=-0.01), harbour.tables()
    for form in ({}, {"take": "yes"}, {"sure": "yes"}, {"address": NEW}):
        answer = harbour.client.post(path, data=form)
        assert answer.status_code == 410
        assert "Ask for a new link" in answer.text
        assert ADA not in answer.text
    assert harbour.tables() == before


def test_a_token_with_one_bit_or_purpose_changed_is_not_found(file_harbour: Quay) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    good = account(harbour, person)
    token = good.rpartition("/")[2]
    bad = [
        f"/account/{token[:n]}{'A' if token[n] != 'A' else 'B'}{token[n + 1 :]}" for n in range(len(token))
    ]
    bad += [f"{path}{token}" for path in ("/u/", "/p/", "/view/", "/address/", "/confirm/")]
    bad += [account(harbour, person, key=b"another"), account(harbour, person, email=NEW), "/account/"]
    bad += [link(harbour, person).replace("/p/", "/account/")]
    bad += [account(harbour, number) for number in (987_654, 1 << 63, 1 << 99)]
    before = harbour.tables()
    for path in bad:
        assert harbour.client.get(path).status_code == 404
        assert harbour.client.post(path, data={"sure": "yes"}).status_code == 404
    assert harbour.tables() == before
    assert harbour.client.get(f"{good}.").status_code == 200


def test_the_real_server_mails_the_link_and_erases_by_it(tmp_path: Path) -> None:
    with quay(tmp_path, "sqlite:///mailer.db") as harbour:
        settings = {
            "SMTP_PORT": str(harbour.server.port),
            "POSTAL_ADDRESS": "1 Quay Street, Port Example",
            "BASE_URL": BASE_URL,
            "DATABASE_URL": "sqlite:///mailer.db",
            "SECRET_KEY": KEY.decode(),
            "LOG_LEVEL": "INFO",
        }
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        person, log = harbour.enrol(ADA, Status.SUBSCRIBED), tmp_path / "serve.log"
        with serving(tmp_path, log) as url, httpx.Client(base_url=url, timeout=120) as client:
            client.post(link(harbour, person), data={"mail": "yes"})
            while not harbour.mails(ADA):
                time.sleep(0.05)
            path = mailed(harbour, ADA, "account")
            while "You are erased" not in (answer := client.post(path, data={"sure": "yes"})).text:
                assert answer.status_code == 503  # what became of the letter is not recorded yet
                time.sleep(0.05)
            assert "POST /account/… 200" in log.read_text()
            assert path.removeprefix("/account/") not in log.read_text()
        assert "ada@inbox" not in repr(harbour.tables())
        harbour.app.let_go()
    found = [each for each in tmp_path.iterdir() if each.is_file() and b"ada@inbox" in each.read_bytes()]
    assert found == []
