"""How the columns of files of people are headed, in many languages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from mailer.domain.address import PLAIN
from mailer.domain.field import field_name
from mailer.domain.fold import fold
from mailer.domain.import_words import ADDRESS_HEADINGS, ENGLISH_FIRST, FAMILY, FIELD_HEADINGS

TITLES = 10  # rows in which the header is looked for


def heads_addresses(heading: str) -> bool:
    """Whether a column with this heading holds mail addresses, if another one doesn't."""
    return joined(heading) in _folded(ADDRESS_HEADINGS)


def heads(cells: Iterable[str]) -> bool:
    """Whether a row is the header of a file of people."""
    found = list(cells)
    return any(map(heads_addresses, found)) and not any(map(PLAIN.fullmatch, found))


def below_titles(rows: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows of a file is its header: the first, unless there are titles above it."""
    for place, cells in enumerate(rows[:TITLES]):
        if heads(cells):
            return place
        if sum(bool(cell.strip()) for cell in cells) > 1:  # no title
            break
    return 0


def meant(headings: Iterable[str]) -> dict[str, str]:
    """Return which of these fill a field with a meaning of its own under another name, one at most each."""
    by_key = {joined(heading): heading for heading in headings if heading}
    own = {field_name(heading) for heading in by_key.values()}
    found: dict[str, str] = {}
    for field, keys in _field_headings().items():
        known = [by_key[key] for key in by_key.keys() & keys]
        if len(known) == 1 and field not in own:
            found[field] = known[0]
    # In English a name is the whole of it.
    first = joined(found.get("first_name", "first name"))
    if "last_name" not in found and first not in _folded(ENGLISH_FIRST):
        family = sorted(by_key.keys() & _folded(FAMILY) - {first})
        if family:
            found["last_name"] = by_key[family[0]]
    return {heading: field for field, heading in found.items()}


def joined(text: str) -> str:
    """Return a heading without what people write now so, now so."""
    return fold(text).replace(" ", "")


@cache
def _field_headings() -> dict[str, frozenset[str]]:
    return {field: _folded(words) for field, words in FIELD_HEADINGS.items()}


@cache
def _folded(table: str) -> frozenset[str]:
    return frozenset(map(joined, table.split(",")))
