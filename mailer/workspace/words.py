"""What pages and letters say, in the reader's language: `web/words.toml`, the workspace's own first."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

from markupsafe import Markup, escape

from mailer.errors import UsageError
from mailer.languages import DEFAULT, joined, runs_rtl

FILE = "web/words.toml"
ALIASES = {"no": "nb", "nn": "nb", "iw": "he"}

Table = dict[str, dict[str, str]]


def read_words(folders: Iterable[Path]) -> Table:
    """Return the words of every language; a language that lacks some has them in English."""
    tables: Table = {}
    for file in [folder / FILE for folder in folders if (folder / FILE).is_file()][::-1]:
        try:
            read = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{file}: {error}", next_step=f"Correct {file}.") from None
        for language, words in read.items():
            tables[language.lower()] = tables.get(language.lower(), {}) | words
    return {language: tables[DEFAULT] | words for language, words in tables.items()}


class Words:
    """The words of one language; `say` fills them in for HTML."""

    def __init__(self, table: Table, language: str) -> None:
        self.language = language
        self.direction = "rtl" if runs_rtl(language) else "ltr"
        self._table = table[language]

    def __contains__(self, name: str) -> bool:
        """Return whether there are words called so."""
        return name in self._table

    def say(self, name: str, **values: object) -> Markup:
        """Return the words called `name`, with what stands in braces in them."""
        return _markup(self._table[name]).format_map({key: escape(value) for key, value in values.items()})

    def plain(self, name: str, **values: str | Sequence[str]) -> str:
        """Return the words called `name` as text; several values are joined as the language joins them.

        Where they run right to left, what fills them keeps its own direction (UAX 9: FSI and PDI).
        """
        said = {
            key: self._isolated(each)
            if isinstance(each, str)
            else joined(list(map(self._isolated, each)), self.language)
            for key, each in values.items()
        }
        return self._table[name].format_map(said)

    def _isolated(self, text: str) -> str:
        return f"\u2068{text}\u2069" if self.direction == "rtl" else text

    def both(self, names: Sequence[str]) -> Markup:
        """Return names as the language joins them, each in its own direction."""
        shown = [f"<strong><bdi>{escape(name)}</bdi></strong>" for name in names]
        return _markup(joined(shown, self.language))


def _markup(text: str) -> Markup:
    # As templates are, the words are the program's or the workspace's own; what fills them is escaped.
    return Markup(text)  # noqa: S704


def choose(table: Table, wishes: Iterable[str]) -> Words:
    """Return the words in the first of the languages (BCP 47 tags) that there are words in, else English."""
    for wish in wishes:
        tag = wish.lower()
        for name in (tag, tag.partition("-")[0]):
            if (known := ALIASES.get(name, name)) in table:
                return Words(table, known)
    return Words(table, DEFAULT)


def accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language field (RFC 9110 12.5.4), the most wanted first."""
    wanted = []
    for place, part in enumerate(header.split(",")[:20]):
        tag, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, tag.strip()))
        except ValueError:
            continue
    return [tag for weight, _, tag in sorted(wanted) if weight < 0]
