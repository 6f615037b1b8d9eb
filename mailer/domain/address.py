"""Mail addresses. Parsed once, at the edge; from then on the type is the proof."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Controls, and the separators that str.splitlines would break a header at.
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

# What comes along when a text is copied and is no part of it: blanks, some of no width, and marks that
# nobody sees around an address.
BLANKS = " \t\n\r\v\f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000\u200b\u2060\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_AROUND = (
    BLANKS
    + "\xad\u034f\u061c\u180e\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
    + "".join(map(chr, range(0x2061, 0x206A)))
)

# Most addresses are plain, and email-validator takes a tenth of a millisecond for each. What matches here,
# has at most 64 characters and no reserved ending is parsed at once; a test shows that the two agree.
PLAIN = re.compile(
    r"([A-Za-z0-9_]+(?:[.+-][A-Za-z0-9_]+)*)@((?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\.)+[A-Za-z]{2,})", re.ASCII
)
RESERVED = frozenset(["arpa", "invalid", "local", "localhost", "onion", "test"])  # email-validator's own
# Written in small letters by it, however they were typed.
CASELESS = frozenset(
    [
        "abuse",
        "ftp",
        "hostmaster",
        "info",
        "marketing",
        "news",
        "noc",
        "postmaster",
        "sales",
        "security",
        "support",
        "usenet",
        "uucp",
        "webmaster",
        "www",
    ]
)

# Latin letters as wide as Chinese ones, and Japanese ones half as wide, as keyboards there write them.
_WIDE = re.compile(r"[\uff01-\uffef]+")
_NAMED = re.compile(r"(.*)<([^<>]*)>")
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_ESCAPED = re.compile(r"\\(.)")
_BARE = re.compile(r"[^\s,;:<>()]+")
_ADDRESSES = re.compile(r"[^\s<>,;:]+@[^\s<>,;:]+")


class AddressError(ValueError):
    """A text is not a mail address; the message says why, in words for the person who typed it."""


@dataclass(frozen=True, slots=True)
class Address:
    """One addr-spec (RFC 5322 3.4.1), kept as it was typed.

    `key` identifies the person: the casefolded local part and the A-label of the domain.
    `wire` is what SMTP carries: the local part as typed, in letters of common width, and the A-label
    (RFC 6531 3.2).
    """

    typed: str
    local: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address in `text`, or raise AddressError. No DNS is asked."""
        text = text.strip(_AROUND)
        if len(text) <= 64 and (plain := PLAIN.fullmatch(text)):
            local, domain = plain[1], plain[2].lower()
            if domain.rpartition(".")[2] not in RESERVED and local.lower() not in CASELESS:
                return cls(text, local, domain)
        if CONTROLS.search(text):
            raise AddressError("has a control character in it")
        text = of_common_width(typed := text)
        if "=?" in text:
            raise AddressError("looks encoded (=?), and many programs would decode it into another address")
        from email_validator import EmailNotValidError, validate_email  # most commands never need it

        try:
            found = validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise AddressError(str(error)) from None
        if len(found.local_part.encode()) > 64:
            raise AddressError("has more than 64 octets before the @ (RFC 5321 4.5.3.1.1)")
        return cls(typed, found.local_part, found.ascii_domain)

    @property
    def key(self) -> str:
        """The identity of the person behind the address."""
        return f"{self.local.casefold()}@{self.domain}"

    @property
    def wire(self) -> str:
        """The addr-spec for SMTP and header fields; non-ASCII only in the local part."""
        return f"{self.local}@{self.domain}"

    @property
    def needs_smtputf8(self) -> bool:
        """Whether only a server that offers SMTPUTF8 can carry this address (RFC 6531)."""
        return not self.local.isascii()


def of_common_width(text: str) -> str:
    """Return a text with wide and narrow letters as they are commonly written: `ａｄａ` is `ada`.

    No more than that: letters that only look alike may be another mailbox (RFC 6532 3.1; RFC 8265 3.3.1).
    """
    if not _WIDE.search(text):
        return text
    return _WIDE.sub(lambda found: unicodedata.normalize("NFKC", found[0]), text)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A display name and an address, as in `Harbour Gazette <editor@gazette.example>`."""

    name: str
    address: Address

    @classmethod
    def parse(cls, text: str) -> Mailbox:
        """Return the mailbox in `text` (`Name <addr>` or a bare address), or raise AddressError.

        The name is what was typed, whatever is in it, but for quotes round the whole of it (RFC 5322 3.4 has
        groups, lists and comments as well: nobody who names one sender means those).
        """
        if CONTROLS.search(text):
            raise AddressError("has a control character in it")
        text = text.strip()
        named = _NAMED.fullmatch(text)
        name, spec = (named[1].strip(), named[2].strip()) if named else ("", text)
        if _QUOTED.fullmatch(name):
            return cls(_ESCAPED.sub(r"\1", name[1:-1]), Address.parse(spec))
        if len({each.casefold() for each in _ADDRESSES.findall(text)}) > 1:
            raise AddressError("names more than one address; a name that looks like one stands in quotes")
        if name.count('"') % 2 or set("<>") & set(name) or not _BARE.fullmatch(spec):
            raise AddressError(
                f"{text!r} is not a mailbox; write it like: Harbour Gazette <editor@gazette.example>"
            )
        return cls(name, Address.parse(spec))

    def __str__(self) -> str:
        return f"{self.name} <{self.address.wire}>" if self.name else self.address.wire


# RFC 6761 and RFC 2606: for documents and tests.
MADE_UP = {"example", "test", "invalid", "localhost"}
MADE_UP_DOMAINS = {"example.com", "example.net", "example.org"}
# RFC 6762, RFC 8375 and ICANN's resolution of July 2024: for private networks.
PRIVATE = {"local", "internal"}
PRIVATE_DOMAINS = {"home.arpa"}


def is_made_up(domain: str) -> bool:
    """Whether `domain` stands only in examples and tests."""
    return _below(domain, MADE_UP, MADE_UP_DOMAINS)


def is_reserved(domain: str) -> bool:
    """Whether public DNS has no records for `domain`, whoever asks."""
    return is_made_up(domain) or _below(domain, PRIVATE, PRIVATE_DOMAINS)


def _below(domain: str, tops: set[str], domains: set[str]) -> bool:
    labels = domain.lower().split(".")
    return labels[-1] in tops or ".".join(labels[-2:]) in domains
