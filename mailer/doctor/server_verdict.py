"""What a visit to the mail server means for sending."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailer.doctor.certificate import judge_certificate, judge_rejected
from mailer.doctor.result import Result, error, note, ok, warning
from mailer.doctor.server import Conversation
from mailer.domain.outcome import Stage
from mailer.errors import MailerError
from mailer.settings.fields import Settings
from mailer.settings.presets import preset_of
from mailer.smtp.account import Account
from mailer.smtp.capabilities import Capabilities

SANDBOX = "mailer sandbox"  # in its greeting
SMALL = 1_000_000  # octets; a message with pictures in it is larger
NOTICEABLE = 0.001  # seconds; a shorter round trip is none
ENVELOPE = 4  # round trips of MAIL, RCPT, DATA and content, one by one


def judge_server(account: Account, seen: Conversation, now: datetime) -> list[Result]:
    """Say whether mail can be handed over, as whom, and how fast."""
    return [*_reached(account, seen), *_private(account, seen, now), *_offered(account, seen)]


def judge_login(account: Account, settings: Settings) -> Iterator[Result]:
    """Say what will become of a password at a provider that gives them up."""
    preset = preset_of(settings.smtp_provider)
    if preset.passwords and account.password and not account.tokens:
        yield warning("smtp.login", preset.passwords, f"Log in by OAuth 2.0: {preset.login}")


def is_sandbox(account: Account, seen: Conversation) -> bool:
    """Whether it is the inbox of this machine, which delivers nothing."""
    return account.loopback and SANDBOX in seen.greeting


def _reached(account: Account, seen: Conversation) -> Iterator[Result]:
    ending = seen.ending
    if ending is None or ending.stage is not Stage.CONNECT:
        if is_sandbox(account, seen):
            yield ok("smtp.connection", f"{account.where} is the sandbox of this machine")
            yield note("smtp.reach", "nothing can leave this machine: sandbox")
            return
        yield ok(
            "smtp.connection",
            f"{account.where} answers: {seen.greeting.splitlines()[0] if seen.greeting else ''}",
        )
    if ending is not None and ending.stage is not Stage.STARTTLS:
        problem = ending.error(account)
        name = "smtp.login" if ending.stage is Stage.AUTH else "smtp.connection"
        yield error(name, problem.problem, problem.next_step or "")


def _private(account: Account, seen: Conversation, now: datetime) -> Iterator[Result]:
    ending = seen.ending
    if ending is not None and ending.stage is Stage.STARTTLS:
        problem: MailerError = ending.error(account)
        name = "smtp.certificate" if "certificate" in ending.words else "smtp.tls"
        yield judge_rejected(name, problem.problem, seen.certificate, problem.next_step or "")
    elif seen.certificate is not None:
        yield ok("smtp.tls", f"{seen.certificate.protocol}, {account.security}")
        yield judge_certificate("smtp.certificate", seen.certificate, now)
    elif not account.loopback and (ending is None or ending.stage is not Stage.CONNECT):
        yield warning(
            "smtp.tls",
            "the connection is in the clear: whoever is in between reads every message",
            "Set SMTP_SECURITY to starttls, or to tls for port 465.",
        )


def _offered(account: Account, seen: Conversation) -> Iterator[Result]:
    if seen.ending is not None:
        return
    if account.username:
        yield ok("smtp.login", f"as {account.username}{', with a token' if account.tokens else ''}")
    elif seen.offers.auth and not account.loopback:
        yield warning(
            "smtp.login",
            "nobody logs in, and the server offers it; it may refuse every recipient",
            "Set SMTP_USERNAME and SMTP_PASSWORD.",
        )
    yield ok("smtp.offers", listed(seen.offers))
    if seen.offers.size is not None and seen.offers.size < SMALL:
        yield warning(
            "smtp.size",
            f"the server takes messages of up to {seen.offers.size:,} octets only",
            "Have the limit raised, or keep issues without pictures.",
        )
    # To this machine the way is no distance, and what was measured is how busy the machine is.
    round_trip = None if account.loopback else seen.round_trip
    yield ok("smtp.speed", speed(account, seen.offers, round_trip))


def listed(offers: Capabilities) -> str:
    """Return what EHLO offers, of that which matters, and what of it is missing."""
    have = {
        "PIPELINING": offers.pipelining,
        "CHUNKING": offers.chunking,
        "SMTPUTF8": offers.utf8,
        "STARTTLS": offers.starttls,
        f"SIZE {offers.size or ''}".strip(): offers.sized,
        f"LIMITS MAILMAX={offers.mail_max}": offers.mail_max is not None,
        f"AUTH {' '.join(sorted(offers.auth))}": bool(offers.auth),
    }
    offered = ", ".join(name for name, there in have.items() if there) or "nothing that matters here"
    missing = [name for name in ("PIPELINING", "CHUNKING", "SMTPUTF8") if not have[name]]
    return offered + (f"; not {', '.join(missing)}" if missing else "")


def speed(account: Account, offers: Capabilities, round_trip: float | None) -> str:
    """Return in one line what the offers mean for speed."""
    if offers.chunking and offers.pipelining and account.window > 1:
        return (
            f"up to {account.window} messages under way on each of {account.connections} connections: "
            "the distance hardly matters"
        )
    trips = ENVELOPE // 2 if offers.pipelining else ENVELOPE
    text = f"a message takes {trips} round trips, on {account.connections} connections at once"
    if round_trip is None or round_trip < NOTICEABLE:
        return text
    most = account.connections / (trips * round_trip)
    return f"{text}; at {round_trip * 1000:.0f} ms each that is about {most:,.0f} messages/s at most"
