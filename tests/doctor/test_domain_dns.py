"""A whole domain, asked about at a real name server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from name_server import address, mx, name_server, txt, zone

from mailer.doctor.domain import Sender, examine_domain
from mailer.doctor.result import Grade, Result
from mailer.domain.address import Mailbox, is_reserved
from mailer.errors import UsageError
from mailer.message.dkim.key import Algorithm, SigningKey
from mailer.message.dkim.signer import Signer
from mailer.online.lookup import Absent, Found, Lookup, Unanswered

pytestmark = pytest.mark.peers

KEY = SigningKey("news1", Algorithm.RSA, rsa.generate_private_key(65537, 2048))
SECOND = SigningKey("news2", Algorithm.ED25519, ed25519.Ed25519PrivateKey.generate())
RECORDS = zone(
    txt("gazette.test", "v=spf1 mx -all", "some-site-verification=1"),
    txt("news1._domainkey.gazette.test", KEY.record),
    txt("news2._domainkey.gazette.test", SECOND.record),
    txt("_dmarc.gazette.test", "v=DMARC1; p=none; rua=mailto:dmarc@gazette.test"),
    mx("gazette.test", "mx2.gazette.test", 20),
    mx("gazette.test", "mx.gazette.test", 10),
    address("mx.gazette.test"),
    txt("bounce.gazette.test", "v=spf1 include:gazette.test ~all"),
    mx("bounce.gazette.test", "mx.gazette.test"),
    # A domain with everything wrong.
    txt("wreck.test", "v=spf1 +all"),
    txt("news1._domainkey.wreck.test", SECOND.record),
    mx("wreck.test", "gone.wreck.test"),
    # Some that take no mail, and one by its address only.
    ["mx-host=null.test,.,0"],
    address("bare.test"),
    address("six.test", "2001:db8::25"),
    mx("sixmx.test", "six.test"),
    # Others are to be asked for this, and there are none: REFUSED.
    ["server=/broken.test/#"],
)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with name_server(RECORDS) as where:
        yield where


def mailboxes(**addresses: str) -> dict[str, Mailbox]:
    return {name: Mailbox.parse(address) for name, address in addresses.items()}


def examined(server: str, signer: Signer | None = None, **addresses: str) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for result in asyncio.run(examine_domain(Sender(mailboxes(**addresses), "", signer), Lookup(server))):
        found.setdefault(result.name, []).append(result)
    return found


def test_a_domain_where_all_is_well(server: str) -> None:
    found = examined(
        server,
        Signer("gazette.test", [KEY, SECOND]),
        MAIL_FROM="editor@gazette.test",
        MAIL_RETURN_PATH="back@bounce.gazette.test",
        MAIL_REPLY_TO="letters@gazette.test",
    )
    assert {result.verdict for results in found.values() for result in results} == {Grade.OK}
    assert set(found) == {
        "spf.record", "spf.alignment", "dkim.key", "dkim.ed25519", "dkim.alignment", "dmarc.record",
        "mx.record",
    }  # fmt: skip
    assert [each.text for each in found["mx.record"]] == [
        "mail to gazette.test (MAIL_FROM and MAIL_REPLY_TO) goes to mx.gazette.test",
        "mail to bounce.gazette.test (MAIL_RETURN_PATH) goes to mx.gazette.test",
    ]


def test_a_domain_where_nothing_is(server: str) -> None:
    found = examined(server, Signer("wreck.test", [KEY]), MAIL_FROM="editor@wreck.test")
    wrong = {name for name, results in found.items() if results[0].verdict is Grade.ERROR}
    assert wrong == {"spf.record", "dkim.key", "dmarc.record", "mx.record"}
    assert all(results[0].next_step for name, results in found.items() if name in wrong)


@pytest.mark.parametrize(
    ("domain", "verdict", "words"),
    [
        ("null.test", Grade.ERROR, "takes no mail (null MX)"),
        ("bare.test", Grade.WARNING, "has no MX"),
        ("nowhere.test", Grade.ERROR, "neither MX nor address"),
        ("wreck.test", Grade.ERROR, "gone.wreck.test, which has no address"),
        ("sixmx.test", Grade.OK, "goes to six.test"),
        ("a.broken.test", Grade.WARNING, "not looked at"),
    ],
)
def test_where_mail_goes(server: str, domain: str, verdict: Grade, words: str) -> None:
    [result] = examined(server, MAIL_FROM=f"editor@{domain}")["mx.record"]
    assert result.verdict is verdict
    assert words in result.text


def test_a_server_that_cannot_tell_is_no_absence(server: str) -> None:
    found = examined(server, Signer("a.broken.test", [KEY]), MAIL_FROM="editor@a.broken.test")
    verdicts = {result.verdict for results in found.values() for result in results}
    assert verdicts == {Grade.WARNING}
    assert "can't answer" in found["spf.record"][0].text


def test_a_mailbox_providers_domain_is_nobodys_to_send_from(server: str) -> None:
    [result] = examined(server, MAIL_FROM="gazette@gmail.com")["domain.owner"]
    assert result.verdict is Grade.WARNING


@pytest.mark.parametrize(
    ("sender", "verdict"),
    [
        (Sender(mailboxes(MAIL_FROM="editor@gazette.test"), "postmark"), Grade.NOTE),
        (Sender(mailboxes(MAIL_FROM="editor@gazette.test"), loopback=True), Grade.NOTE),
        (Sender(mailboxes(MAIL_FROM="editor@gazette.test")), Grade.WARNING),
        (Sender(mailboxes(MAIL_FROM="editor@gazette.test"), keys_broken=True), Grade.SKIPPED),
    ],
)
def test_who_does_not_sign(server: str, sender: Sender, verdict: Grade) -> None:
    found = asyncio.run(examine_domain(sender, Lookup(server)))
    assert [each.verdict for each in found if each.name == "dkim.key"] == [verdict]


def test_answers_are_values(server: str) -> None:
    async def ask() -> list[object]:
        lookup = Lookup(server)
        return [
            await lookup.texts("news1._domainkey.gazette.test"),
            await lookup.texts("nowhere.test"),
            await lookup.texts("mx.gazette.test"),
            await lookup.exchangers("gazette.test"),
            await lookup.addresses("six.test"),
            await lookup.texts(f"{'x' * 64}.test"),
            await lookup.texts("a..test"),
        ]

    key, missing, other, exchangers, addresses, long, empty = asyncio.run(ask())
    # A key of 2048 bits takes two strings, which belong together.
    assert key == Found((KEY.record,))
    assert missing == other == Absent()
    assert exchangers == Found(("10 mx.gazette.test.", "20 mx2.gazette.test."))
    assert addresses == Found(("2001:db8::25",))
    assert isinstance(long, Unanswered) and isinstance(empty, Unanswered)


@pytest.mark.parametrize("text", ["ns.quay.test", "127.0.0.1:x", "127.0.0.1:99999", ":53", "[::1"])
def test_a_name_server_is_an_address(text: str) -> None:
    with pytest.raises(UsageError):
        Lookup(text)


@pytest.mark.parametrize("text", ["192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:5353"])
def test_a_name_server_is_taken(text: str) -> None:
    Lookup(text)


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("gazette.example", True),
        ("example", True),
        ("news.example.org", True),
        ("gazette.test", True),
        ("printer.local", True),
        ("gazette.org", False),
        ("notexample.org", False),
    ],
)
def test_reserved_domains(domain: str, reserved: bool) -> None:
    assert is_reserved(domain) is reserved
