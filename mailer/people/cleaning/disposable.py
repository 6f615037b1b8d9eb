"""Domains whose mailboxes live for minutes or are open to everybody: a list with its date."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mailer.errors import UsageError

SHIPPED = Path(__file__).with_name("disposable.txt")
OWN_NAME = "disposable-domains.txt"  # in a workspace's folder `subscribers`
_DATE = re.compile(r"\b[0-9]{4}-[0-9]{2}-[0-9]{2}\b", re.ASCII)
_DOMAIN = re.compile(r"(?:[a-z0-9-]+\.)+[a-z0-9-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class DisposableDomains:
    """The list: where it is from, and as of when; None if it doesn't say."""

    path: Path
    as_of: date | None
    domains: frozenset[str]

    @classmethod
    def read(cls, folder: Path) -> DisposableDomains:
        """Return the list in `folder` if there is one, else the one that comes with the program.

        A domain a line, in small letters; after `#` is a comment, and a date in the first one is the list's.
        UsageError for a file that can't be read, and for a line that is no domain.
        """
        own = folder / OWN_NAME
        path = own if own.is_file() else SHIPPED
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeError) as error:
            raise UsageError(f"{path} can't be read: {error}") from None
        stated = next((found[0] for line in lines if (found := _DATE.search(line))), None)
        return cls(path, date.fromisoformat(stated) if stated else None, frozenset(_domains(path, lines)))

    def holds(self, domain: str) -> str | None:
        """Return the domain of the list that `domain` (in small letters) is, or is below; None for others."""
        while "." in domain:
            if domain in self.domains:
                return domain
            domain = domain.partition(".")[2]
        return None


def _domains(path: Path, lines: list[str]) -> list[str]:
    found = []
    for number, line in enumerate(lines, 1):
        domain = line.partition("#")[0].strip()
        if domain and not _DOMAIN.fullmatch(domain):
            raise UsageError(
                f"{path}:{number}: {domain!r} is no domain",
                next_step="Write one a line, in small letters, as in: mailbox.example",
            )
        if domain:
            found.append(domain)
    return found
