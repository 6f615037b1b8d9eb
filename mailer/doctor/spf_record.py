"""The text of an SPF record, taken apart (RFC 7208 sections 4.6, 5 and 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network

VERSION = "v=spf1"
ASKING = {"include", "a", "mx", "ptr", "exists"}  # each costs the receiver a lookup (4.6.4)
_TERM = re.compile(
    r"(?P<sign>[+?~-]?)(?P<name>[a-z][a-z0-9_.-]*)(?P<rest>[:/=].*)?", re.IGNORECASE | re.ASCII
)
_MASK = re.compile(r"(/\d{1,3})?(//\d{1,3})?$")


class SpfError(ValueError):
    """The record breaks the rules, so that receivers take it for an error; the text says where."""


@dataclass(frozen=True, slots=True)
class Term:
    """One mechanism: `sign` is `+`, `-`, `~` or `?`; `value` what stands after the colon, without a mask."""

    sign: str
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Spf:
    """A record: its mechanisms up to `all`, and where the answer is sought if none matches."""

    terms: tuple[Term, ...]
    redirect: str = ""

    @property
    def everyone(self) -> str:
        """The sign of `all`: what becomes of mail from elsewhere. Empty if there is no `all`."""
        return next((term.sign for term in self.terms if term.name == "all"), "")


def is_spf(text: str) -> bool:
    """Whether a TXT record is one of SPF (RFC 7208 4.5)."""
    return text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")


def parse_spf(text: str) -> Spf:
    """Return the record in `text`; SpfError if receivers would find fault with it."""
    terms: list[Term] = []
    redirect = ""
    for word in text.split()[1:]:
        match = _TERM.fullmatch(word)
        if match is None:
            raise SpfError(f"{word!r} is no term of SPF")
        name, rest = match["name"].lower(), match["rest"] or ""
        if rest.startswith("="):
            redirect = rest[1:] if name == "redirect" else redirect  # others are ignored (6)
        else:
            terms.append(_mechanism(match["sign"] or "+", name, rest, word))
    ends = next((place + 1 for place, term in enumerate(terms) if term.name == "all"), None)
    # What stands after `all` never counts, and with one neither does redirect (5.1).
    return Spf(tuple(terms[:ends]), "" if ends else redirect)


def _mechanism(sign: str, name: str, rest: str, word: str) -> Term:
    if name in ("ip4", "ip6"):
        return Term(sign, name, _network(name, rest.removeprefix(":"), word))
    value = _MASK.sub("", rest).removeprefix(":")
    if name in ("include", "exists"):
        value = rest.removeprefix(":")
        if not value:
            raise SpfError(f"{word!r} names no domain")
    elif name not in ("all", "a", "mx", "ptr"):
        raise SpfError(f"{word!r} is no mechanism of SPF")
    return Term(sign, name, value)


def _network(name: str, text: str, word: str) -> str:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise SpfError(f"{word!r} holds no address") from None
    if network.version != int(name[-1]):
        raise SpfError(f"{word!r} holds an address of the other kind")
    return text
