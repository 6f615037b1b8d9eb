"""Whether the address that a bounce comes to is taken where it goes: asked there, with a token."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from typing import NamedTuple

from mailer.doctor.result import Result, error, note, ok, skipped, warning
from mailer.online.lookup import Found, Lookup

NAME = "mx.return-path"
SMTP = 25
LIMIT = 5.0  # seconds


class ServerAnswer(NamedTuple):
    """What the server said of the address; code 0: it can't be asked, for the reason in `words`."""

    code: int
    words: str


async def examine_return_address(address: str, lookup: Lookup, port: int = SMTP) -> Result:
    """Ask the first machine that takes mail for `address` whether it takes that."""
    answer = await lookup.exchangers(address.rpartition("@")[2])
    if not isinstance(answer, Found):
        return skipped(NAME, "no machine to ask whether a return path with a token is taken")
    host = answer.records[0].split()[1].rstrip(".")
    return judge_return_address(address, host, await asyncio.to_thread(ask, host, port, address))


def ask(host: str, port: int, address: str) -> ServerAnswer:
    """Return what a server says to a recipient, as it would hear of one from who sends a bounce."""
    try:
        with smtplib.SMTP(host, port, timeout=LIMIT) as client:
            client.ehlo_or_helo_if_needed()
            if client.has_extn("starttls"):
                # As between mail servers (RFC 7435): nothing secret is said, and few have a certificate.
                client.starttls(context=ssl._create_unverified_context())  # noqa: S323
                client.ehlo()
            client.mail("")
            code, words = client.rcpt(address)
            return ServerAnswer(code, words.decode("utf-8", "replace"))
    except (OSError, smtplib.SMTPException) as problem:
        return ServerAnswer(0, str(problem))


def judge_return_address(address: str, host: str, asked: ServerAnswer) -> Result:
    """Say what the answer means for bounces."""
    said = f"{asked.code} {' '.join(asked.words.split())}"
    if asked.code == 0:
        return note(NAME, f"whether {host} takes {address} can't be asked from here: {asked.words}")
    if asked.code // 100 == 2:
        return ok(NAME, f"{host} takes bounces to {address}")
    if asked.code // 100 == 4:
        return warning(NAME, f"{host} puts off {address}: {said}", "Run it again; see that it takes bounces.")
    return error(
        NAME,
        f"{host} refuses {address}, so that no bounce arrives: {said}",
        "Have it take whatever stands behind the plus sign, or set MAIL_VERP: docs/how-to/bounces.md.",
    )
