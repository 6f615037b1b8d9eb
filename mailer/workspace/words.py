"""What pages and letters say, in the reader's language: gettext catalogues, the workspace's own first.

What programs for translators read and write, Babel reads here, which knows languages anyway.
The msgid is what the words are called, so that English has a catalogue as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po
from markupsafe import Markup, escape

from mailer.errors import UsageError
from mailer.languages import DEFAULT, joined, runs_rtl

FOLDER = "web/words"  # a catalogue in it is called by its language (BCP 47): nb.po
ALIASES = {"no": "nb", "nn": "nb", "iw": "he"}

Table = dict[str, dict[str, str]]


def read_words(folders: Iterable[Path]) -> Table:
    """Return the words of every language; a language that lacks some has them in English."""
    tables: Table = {}
    for folder in [*folders][::-1]:
        for file in sorted((folder / FOLDER).glob("*.po")):
            language = file.stem.lower()
            words = _catalogue(file)
            _refuse_unknown(file, words, tables.get(DEFAULT, words))
            tables[language] = tables.get(language, {}) | words
    return {language: tables[DEFAULT] | words for language, words in tables.items()}


def _catalogue(file: Path) -> dict[str, str]:
    """Return the words of a catalogue by name; what isn't translated, or only guessed at, is left out."""
    try:
        with file.open("rb") as text:
            found = read_po(text, abort_invalid=True)
    except (PoFileError, ValueError, OSError) as error:
        raise UsageError(f"{file}: {error}", next_step=f"Correct {file}.") from None
    return {str(each.id): str(each.string) for each in found if each.id and each.string and not each.fuzzy}


def _refuse_unknown(file: Path, words: Iterable[str], known: Mapping[str, str]) -> None:
    """Raise UsageError for words that nothing says: whoever wrote them meant others."""
    for name in words:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            step = f"Did you mean {near[0]!r}?" if near else f"Take it out of {file}."
            raise UsageError(f"{file}: no words are called {name!r}", next_step=step)


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
