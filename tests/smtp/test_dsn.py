"""What a message is named by should it come back: only where the server offers it (RFC 3461)."""

from __future__ import annotations

import pytest

from mailer.smtp.capabilities import Capabilities
from mailer.smtp.commands import group, mail, rcpt
from mailer.smtp.envelope import Envelope

TOKEN = "07b1a8030b99c0ffee00112233"


def envelope(recipient: str = "ada+news@quay.example", envid: str = TOKEN) -> Envelope:
    return Envelope(1, "bounces@news.example", recipient, b"Subject: tides\r\n\r\n", envid=envid)


def test_a_server_with_dsn_hears_the_token_and_whom_it_was_for() -> None:
    offers = Capabilities(dsn=True)
    assert mail(envelope(), offers) == (
        f"MAIL FROM:<bounces@news.example> RET=HDRS ENVID={TOKEN}\r\n".encode(),
    )
    said = b"RCPT TO:<ada+news@quay.example> ORCPT=rfc822;ada+2Bnews@quay.example\r\n"
    assert rcpt(envelope(), offers) == (said,)
    assert said in group(envelope(), offers, reset=False, chunk=False)[0]


@pytest.mark.parametrize(
    "offers, one",
    [(Capabilities(), envelope()), (Capabilities(dsn=True), envelope(envid=""))],
    ids=["not offered", "nothing to name it by"],
)
def test_any_other_hears_neither(offers: Capabilities, one: Envelope) -> None:
    words = group(one, offers, reset=False, chunk=False)[0]
    assert words.startswith(b"MAIL FROM:<bounces@news.example>\r\nRCPT TO:<ada+news@quay.example>\r\nDATA")


def test_an_address_that_is_not_ascii_has_no_original_recipient() -> None:
    # RFC 6533 gives it another type of address, which few servers know.
    assert b"ORCPT" not in rcpt(envelope("måke@quay.example"), Capabilities(dsn=True, utf8=True))[0]
