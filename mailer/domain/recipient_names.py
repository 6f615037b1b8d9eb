"""The names by which a template speaks of the one recipient whose mail it is: the table that all others read.

A new one is an entry here, its value in `engine.personaliser.Personaliser.names`, and a row in
`docs/issue-files.md`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RecipientName:
    """`name` as it stands in tags; it `is_link` if its value is a whole address, with a scheme of its own.

    Of one that `needs_web` a layout's `if` is settled for everybody where there are no web pages.
    """

    name: str
    is_link: bool = False
    needs_web: bool = False


RECIPIENT_NAMES = (
    RecipientName("subscriber"),
    RecipientName("unsubscribe_url", is_link=True),
    RecipientName("preferences_url", is_link=True, needs_web=True),
    RecipientName("browser_url", is_link=True, needs_web=True),
)
KNOWN = frozenset(each.name for each in RECIPIENT_NAMES)
PAGES = frozenset(each.name for each in RECIPIENT_NAMES if each.needs_web)
LINKS = frozenset(each.name for each in RECIPIENT_NAMES if each.is_link)
