"""Mailboxes of a real Dovecot: each message is given once, and put where it belongs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Thread

import pytest
from dovecot import PASSWORD, USER, DovecotServer, dovecot_server
from imapclient import IMAPClient

from mailer.errors import MailboxRefused, MailboxUnavailable
from mailer.mailbox.imap import ImapMailbox
from mailer.mailbox.incoming import MOST, Filing, FilingWishes, Incoming, ReturnMailbox, State
from mailer.mailbox.pop3 import Pop3Mailbox
from mailer.mailbox.server import MailboxAccount

pytestmark = pytest.mark.peers
STAYS = FilingWishes()


@pytest.fixture(scope="module")
def dovecot() -> Iterator[DovecotServer]:
    with dovecot_server() as server:
        yield server


@pytest.fixture(autouse=True)
def _emptied(dovecot: DovecotServer) -> Iterator[None]:
    yield
    with client_of(dovecot) as client:
        client.select_folder("INBOX")
        client.delete_messages(client.search() or [1])
        client.expunge()
        for _, _, name in client.list_folders():
            if name != "INBOX":
                client.delete_folder(name)


def client_of(dovecot: DovecotServer) -> IMAPClient:
    client = IMAPClient("localhost", dovecot.imap, ssl=False)
    client.login(USER, PASSWORD)
    return client


def account_of(dovecot: DovecotServer, protocol: str = "IMAP", security: str = "tls") -> MailboxAccount:
    ports = {
        "IMAP": {"tls": dovecot.imaps, "starttls": dovecot.imap, "none": dovecot.imap},
        "POP3": {"tls": dovecot.pop3s, "starttls": dovecot.pop3, "none": dovecot.pop3},
    }
    return MailboxAccount(
        protocol,  # type: ignore[arg-type]
        "localhost",
        ports[protocol][security],
        security,  # type: ignore[arg-type]
        USER,
        PASSWORD,
        str(dovecot.ca_file),
    )


def opened(account: MailboxAccount, wishes: FilingWishes = STAYS) -> ImapMailbox | Pop3Mailbox:
    return (ImapMailbox if account.protocol == "IMAP" else Pop3Mailbox)(account, wishes)


def mail(*names: str) -> list[bytes]:
    return [f"Subject: {name}\r\n\r\nThe ice is back.\r\n".encode() for name in names]


def subjects(messages: Sequence[Incoming]) -> list[str]:
    return [each.octets.decode().partition("\r\n")[0].removeprefix("Subject: ") for each in messages]


def read(mailbox: ReturnMailbox, state: State, *filing: Filing) -> tuple[list[str], State]:
    """Read what is there and file it so, one after the other; return the subjects and how far it was read."""
    found: list[str] = []
    for batch in mailbox.batches(state):
        found += subjects(batch)
        mailbox.file(list(zip(batch, filing, strict=False)))
    return found, mailbox.state


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
@pytest.mark.parametrize("security", ["tls", "starttls", "none"])
def test_each_message_is_read_once(dovecot: DovecotServer, protocol: str, security: str) -> None:
    account = account_of(dovecot, protocol, security)
    dovecot.deliver(*mail("one", "two"))
    with opened(account) as mailbox:
        found, state = read(mailbox, {}, Filing.UNDERSTOOD, Filing.LEFT)
    assert found == ["one", "two"]
    dovecot.deliver(*mail("three"))
    with opened(account) as mailbox:
        found, state = read(mailbox, state)
    assert found == ["three"]
    with opened(account) as mailbox:
        assert read(mailbox, state)[0] == []
    assert len(dovecot.messages()) == 3


def test_what_a_person_has_seen_is_read_all_the_same(dovecot: DovecotServer) -> None:
    dovecot.deliver(*mail("one"))
    with client_of(dovecot) as client:
        client.select_folder("INBOX")
        client.fetch(client.search(), ["RFC822"])
    with opened(account_of(dovecot)) as mailbox:
        assert read(mailbox, {})[0] == ["one"]


def test_what_was_understood_is_seen_and_the_rest_is_not(dovecot: DovecotServer) -> None:
    dovecot.deliver(*mail("one", "two", "three"))
    with opened(account_of(dovecot)) as mailbox:
        read(mailbox, {}, Filing.UNDERSTOOD, Filing.UNKNOWN, Filing.LEFT)
    flags = {content: name.rpartition(",")[2] for name, content in dovecot.messages().items()}
    one, two, three = mail("one", "two", "three")
    assert ("S" in flags[one], "S" in flags[three]) == (True, False)
    (name,) = dovecot.messages("unknown")
    assert dovecot.messages("unknown")[name] == two and "S" not in name.rpartition(",")[2]


def test_folders_below_a_prefix() -> None:
    with dovecot_server("INBOX.", ".") as server:
        server.deliver(*mail("one", "two"))
        with opened(account_of(server), FilingWishes(folder="read/bounces")) as mailbox:
            read(mailbox, {}, Filing.UNDERSTOOD, Filing.UNKNOWN)
        assert list(server.messages("read.bounces").values()) == mail("one")
        assert list(server.messages("unknown").values()) == mail("two")
        assert not server.messages()


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
def test_only_what_was_understood_is_deleted_where_that_is_wished(
    dovecot: DovecotServer, protocol: str
) -> None:
    dovecot.deliver(*mail("one", "two"))
    with client_of(dovecot) as client:  # marked for deletion by somebody else: it is theirs to expunge
        client.select_folder("INBOX")
        client.delete_messages(list(client.search())[1:])
    with opened(account_of(dovecot, protocol), FilingWishes(delete=True)) as mailbox:
        read(mailbox, {}, Filing.UNDERSTOOD, Filing.LEFT)
    assert list(dovecot.messages().values()) == mail("two")


def test_nothing_is_deleted_of_what_was_not_taken_in(dovecot: DovecotServer) -> None:
    dovecot.deliver(*mail("one"))
    with (
        pytest.raises(KeyboardInterrupt),
        opened(account_of(dovecot, "POP3"), FilingWishes(delete=True)) as mailbox,
    ):
        read(mailbox, {}, Filing.UNDERSTOOD)
        raise KeyboardInterrupt
    assert list(dovecot.messages().values()) == mail("one")


def test_a_folder_that_was_made_anew_is_read_from_its_beginning(dovecot: DovecotServer) -> None:
    dovecot.deliver(*mail("one"))
    with opened(account_of(dovecot)) as mailbox:
        _, state = read(mailbox, {})
        assert read(mailbox, {**state, "validity": 1})[0] == ["one"]


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
def test_of_a_large_message_the_beginning_is_read(dovecot: DovecotServer, protocol: str) -> None:
    large = b"Subject: large\r\n\r\n" + (b"x" * 5000 + b"\r\n") * (2 * MOST // 5000)
    dovecot.deliver(large)
    with opened(account_of(dovecot, protocol)) as mailbox:
        (((message,)),) = list(mailbox.batches({}))
    assert len(message.octets) == MOST and large.startswith(message.octets)


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
def test_a_wrong_password_is_said(dovecot: DovecotServer, protocol: str) -> None:
    account = replace(account_of(dovecot, protocol), password="wrong")
    with pytest.raises(MailboxRefused, match="refuses the login") as caught, opened(account):
        pass
    assert "wrong" not in str(caught.value) and f"{protocol}_PASSWORD" in (caught.value.next_step or "")


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
def test_who_can_not_be_trusted_gets_no_password(dovecot: DovecotServer, protocol: str) -> None:
    for security in ("tls", "starttls"):
        account = replace(account_of(dovecot, protocol, security), ca_file="")
        with pytest.raises(MailboxRefused, match="can't be trusted"), opened(account):
            pass


@pytest.mark.parametrize("protocol", ["IMAP", "POP3"])
def test_a_server_that_is_not_there_may_be_later(protocol: str) -> None:
    account = MailboxAccount(protocol, "127.0.0.1", 9, "none", USER, PASSWORD)  # type: ignore[arg-type]
    with pytest.raises(MailboxUnavailable), opened(account):
        pass


def test_idle_tells_of_what_comes(dovecot: DovecotServer) -> None:
    looks = 0

    def stopped(seconds: float) -> bool:
        nonlocal looks
        looks += 1
        if looks == 1:  # it idles by now
            Thread(target=dovecot.deliver, args=mail("late")).start()
        return False

    with opened(account_of(dovecot)) as mailbox:
        assert isinstance(mailbox, ImapMailbox)
        _, state = read(mailbox, {})
        mailbox.wait(stopped)
        assert read(mailbox, state)[0] == ["late"]


def test_a_wish_to_stop_ends_idle(dovecot: DovecotServer) -> None:
    with opened(account_of(dovecot)) as mailbox:
        assert isinstance(mailbox, ImapMailbox)
        mailbox.wait(lambda seconds: True)
