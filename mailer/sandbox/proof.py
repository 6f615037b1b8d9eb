"""Proof by counting: the inbox holds one message for each who should get one, and none for anybody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from email.message import EmailMessage
from email.utils import parseaddr

from mailer.sandbox.inbox import Inbox

NAMED = 5  # addresses named for each kind of mismatch


def mismatches(inbox: Inbox, expected: Iterable[str]) -> list[str]:
    """Compare envelopes with `expected` and parse every message; return what is wrong, in words."""
    got: Counter[str] = Counter()
    broken: list[str] = []
    identities: Counter[str] = Counter()
    for received in inbox:
        got.update(received.recipients)
        message = inbox.parsed(received.id)
        identities[str(message["Message-ID"])] += 1
        broken += [
            f"{received.recipients[0]}: {problem}" for problem in _problems(message, received.recipients)
        ]
    wanted = set(expected)
    found = {
        "got no message": sorted(wanted - got.keys()),
        "got a message and should not have": sorted(got.keys() - wanted),
        "got more than one": sorted(address for address, copies in got.items() if copies > 1),
        "does not read back": broken,
        "shares its Message-ID": sorted(identity for identity, uses in identities.items() if uses > 1),
    }
    return [
        f"{len(addresses):,} {words}: {', '.join(addresses[:NAMED])}"
        for words, addresses in found.items()
        if addresses
    ]


def _problems(message: EmailMessage, recipients: tuple[str, ...]) -> list[str]:
    html, text = message.get_body(("html",)), message.get_body(("plain",))
    checks = {
        "the parser found defects": not message.defects and not any(p.defects for p in message.walk()),
        "it has no HTML part": html is not None and "</html>" in html.get_content(),
        "it has no text part": text is not None and bool(text.get_content().strip()),
        "it has no subject": bool(message["Subject"]),
        "To is not the recipient": (parseaddr(str(message["To"]))[1],) == recipients,
    }
    return [problem for problem, holds in checks.items() if not holds]
