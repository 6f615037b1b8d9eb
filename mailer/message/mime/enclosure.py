"""What goes with a mail besides its two bodies: images that the HTML shows, and attachments."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

# What a mail of 10,240,000 octets has room for once it is in base64: as much as Postfix takes by default.
MOST_TOGETHER = 7_000_000


class UnfitFile(ValueError):
    """A file or an address can't be mailed as it is: what is wrong, and what to do."""

    def __init__(self, problem: str, next_step: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file in a mail. `content_id`, without its angle brackets, is what `cid:` in the HTML names.

    `name` is without folders; `charset` is that of a text, if it is known.
    """

    name: str
    content_type: str
    content: bytes
    charset: str = ""
    content_id: str = ""

    @property
    def digest(self) -> str:
        """The SHA-256 of its content, in hex."""
        return sha256(self.content).hexdigest()


def check_together(enclosures: Iterable[Enclosure]) -> None:
    """Raise Unfit if these are too much for one mail."""
    found = sorted(enclosures, key=lambda each: -len(each.content))
    if (octets := sum(len(each.content) for each in found)) > MOST_TOGETHER:
        largest = ", ".join(f"{each.name} ({megabytes(len(each.content))})" for each in found[:3])
        raise UnfitFile(
            f"its images and attachments come to {megabytes(octets)}; a mail may have"
            f" {megabytes(MOST_TOGETHER)}, and many servers take no more",
            f"Make the largest smaller, or link to them: {largest}",
        )


def megabytes(octets: int) -> str:
    """Return a size for people, in units of 1,000."""
    return f"{octets / 1e6:,.1f} MB" if octets >= 100_000 else f"{octets / 1e3:,.1f} KB"
