"""What another program's file says of a person: that they agreed to get mail, left, can't be reached."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from mailer.domain.fold import fold, fold_lines
from mailer.domain.import_words import (
    ASIDE,
    BLANKS,
    DETAILS,
    HEADINGS,
    LETTERS,
    NEVER,
    NOT,
    NOT_AT_FIRST,
    OTHER_WAYS,
    SMELLS,
    WORDS,
)
from mailer.domain.subscriber import Status
from mailer.domain.yes_no import WORDS as YES_NO


class Standing(StrEnum):
    """How a person stands to a list, the stricter the later."""

    SUBSCRIBED = "subscribed"
    UNCONFIRMED = "unconfirmed"
    UNSUBSCRIBED = "unsubscribed"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"

    @property
    def status(self) -> Status:
        """What they are on the list itself."""
        return _STATUS.get(self, Status.UNSUBSCRIBED)

    @property
    def suppression(self) -> str | None:
        """Why they are never mailed on any list; None if it is not so."""
        return _SUPPRESSION.get(self)


# Who bounced did not ask to leave.
_STATUS = {
    Standing.SUBSCRIBED: Status.SUBSCRIBED,
    Standing.UNCONFIRMED: Status.UNCONFIRMED,
    Standing.BOUNCED: Status.SUBSCRIBED,
}
_SUPPRESSION = {
    Standing.BOUNCED: "bounced",
    Standing.COMPLAINED: "complained",
    Standing.SUPPRESSED: "requested",
}
ORDER = {standing: rank for rank, standing in enumerate(Standing)}


def strictest(standings: Iterable[Standing]) -> Standing:
    """Return the one that keeps most mail away; subscribed if there is none."""
    return max(standings, key=ORDER.__getitem__, default=Standing.SUBSCRIBED)


@dataclass(frozen=True, slots=True)
class Sense:
    """What a column means by a yes, a no and a blank; None for what it leaves open.

    `doubtful`: the heading means something else as often as not, so that its values must bear it out.
    `detail`: it tells when, where or why. `evidence`: it can only speak for people, so that it may well be
    left aside.
    """

    yes: Standing | None = None
    no: Standing | None = None
    blank: Standing | None = None
    doubtful: bool = False
    detail: bool = False
    evidence: bool = False

    def read(self, text: str) -> Standing | None:
        """Return what a cell says; None if that can't be told."""
        bare, folded = text.strip("\ufe0f "), fold(text)
        if self.doubtful and folded == "none":
            return self.no  # of newsletters, as another wants all
        if bare in _NOTHING or folded in _folded(BLANKS) or _NO_DATE.fullmatch(bare):
            return self.blank
        if (answer := _MARKS.get(bare.lower(), YES_NO.read(folded))) is not None:
            return self.yes if answer else self.no
        if folded in _folded(NEVER):
            return self.no
        found = _word(folded) or (None if self.doubtful else _letters().get(bare.lower()))
        return found or (self.yes if self._is_so(text) else self._in_parts(text))

    def _in_parts(self, text: str) -> Standing | None:
        """Return what a cell of several things refuses: `email: unsubscribed`, `['A', 'B']`."""
        said = [] if self.doubtful else [*filter(None, map(refusing_word, parts(text)))]
        return strictest(said) if said else None

    def _is_so(self, text: str) -> bool:
        """Whether the cell, which is no word that is known, tells of a moment or the like: a yes."""
        if self.blank is Standing.SUBSCRIBED and (self.detail or text.strip().isdecimal()):
            return True  # why somebody left, how often something bounced
        return not self.doubtful and MOMENT.fullmatch(text.strip()) is not None


_MARKS = {**dict.fromkeys("1xt+✓✔☑✅👍", True), **dict.fromkeys("0f✗✘✖❌☐👎", False)}
_NOTHING = frozenset({"", "-", "--", "–", "—", ".", "/", "[]", "{}", r"\N"})  # the last is MySQL's
# A date, with the time or without, in figures; or the number that a computer has for it, or an IP address.
MOMENT = re.compile(
    r"(?=(?:\D*\d){4})\d+(?:[ .:/,T+-]+\d+)+ ?(?:Z|UTC|GMT|[AP]M)?|\d{8,}|[0-9a-fA-F]*(?::[0-9a-fA-F]*){2,7}",
    re.ASCII,
)
_NO_DATE = re.compile(r"(?=(?:\D*0){8})[0 .:/TZ-]+")
STATUS = Sense()


def _unless(standing: Standing) -> Sense:
    return Sense(standing, Standing.SUBSCRIBED, Standing.SUBSCRIBED)


# How columns are read, by the name of the kind.
SENSES = {
    # Who doesn't pay is a reader all the same.
    "pays": Sense(Standing.SUBSCRIBED, Standing.SUBSCRIBED, Standing.SUBSCRIBED),
    "left": _unless(Standing.UNSUBSCRIBED),
    "bounced": _unless(Standing.BOUNCED),
    "complained": _unless(Standing.COMPLAINED),
    "suppressed": _unless(Standing.SUPPRESSED),
    "pending": _unless(Standing.UNCONFIRMED),
    "confirmed": Sense(Standing.SUBSCRIBED, Standing.UNCONFIRMED, Standing.UNCONFIRMED),
    "joined": Sense(Standing.SUBSCRIBED, Standing.UNSUBSCRIBED),
    "status": STATUS,
    "perhaps": Sense(Standing.SUBSCRIBED, Standing.UNSUBSCRIBED, doubtful=True),
}


@cache
def sense_of(heading: str) -> Sense | None:
    """Return what a column with this heading means as far as consent goes; None if it doesn't speak of it."""
    words = f" {fold(_CAMEL.sub(' ', heading))} "
    if any("mail" not in words.replace(f" {way} ", " ") for way in _held(words, OTHER_WAYS)):
        return None
    kind = next((kind for kind, stems in _headings() if any(stem in words for stem in stems)), None)
    if kind is None:
        return None
    if kind in _DENIED and _denies(words):
        kind = _DENIED[kind]
    sense = SENSES[kind]
    if kind in ("joined", "status", "perhaps") and _held(words, ASIDE):
        return replace(sense, doubtful=True)
    if kind not in ("pays", "status", "perhaps") and _tells_more(words.split()[-1]):
        return replace(sense, detail=True, evidence=kind == "joined")
    return sense


def refusing_name(name: str) -> Standing | None:
    """Return what a file's name says of everybody in it, if that is that they are not to be mailed."""
    sense = sense_of(name)
    return sense.yes if sense and sense.blank is Standing.SUBSCRIBED and sense.yes != sense.blank else None


def refusing_word(text: str) -> Standing | None:
    """Return what `text`, a word of the table, says against mailing somebody; None if nothing."""
    found = _word(fold(text))
    return found if found is not Standing.SUBSCRIBED else None


def parts(text: str) -> list[str]:
    """Return what stands between the commas, colons, brackets and the like of a cell."""
    return [item for part in _PARTS.split(text) if (item := part.strip())]


def smells(cells: Iterable[str]) -> bool:
    """Whether any of these cells says of somebody that they left, or the like, whatever its column is.

    The cells may be those of many rows: that costs a tenth of asking of each.
    """
    return _smells().search(fold_lines("\n".join(["", *cells, ""]).translate(_ITEMS))) is not None


def _tells_more(word: str) -> bool:
    """Whether a heading that ends in `word` tells when, where or why; `Abmeldegrund` does, too."""
    return any(word == each or (len(each) > 4 and word.endswith(each)) for each in _folded(DETAILS))


def _denies(words: str) -> bool:
    """Whether a heading asks for the contrary: `Not mailable`, `Keine Einwilligung`."""
    return words.split()[0] in _folded(NOT_AT_FIRST) or bool(_held(words, NOT))


def _held(words: str, table: str) -> list[str]:
    """Return what of the table a heading, blanks round it, has in it as whole words."""
    return [each for each in _folded(table) if f" {each} " in words]


# What a column is about whose heading denies it.
_DENIED = {"joined": "left", "perhaps": "left", "confirmed": "pending"}
_ITEMS = str.maketrans(",;|", "\n\n\n")
_PARTS = re.compile(r"[,;|:(){}\[\]\"']")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def _word(folded: str) -> Standing | None:
    """Return what a word of the table says, with up to two letters more at its end."""
    words = _words()
    stems = (folded[: len(folded) - more] for more in (0, 1, 2) if not more or len(folded) - more > 3)
    return next((words[stem] for stem in stems if stem in words), None)


def _stems(table: str, mark: str, edge: str) -> tuple[str, ...]:
    """Return the words of a table, folded, with `edge` where `mark` stands at an end."""
    return tuple(
        f"{edge if word.startswith(mark) else ''}{fold(word)}{edge if word.endswith(mark) else ''}"
        for word in map(str.strip, table.split(","))
    )


@cache
def _folded(table: str) -> frozenset[str]:
    return frozenset(_stems(table, "_", ""))


@cache
def _words() -> dict[str, Standing]:
    return {word: Standing(name) for name, table in WORDS.items() for word in _folded(table)}


@cache
def _letters() -> dict[str, Standing]:
    return {sign.strip(): Standing(name) for name, signs in LETTERS.items() for sign in signs.split(",")}


@cache
def _headings() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((kind, _stems(table, "_", " ")) for kind, table in HEADINGS.items())


@cache
def _smells() -> re.Pattern[str]:
    return re.compile(_any_of(_stems(SMELLS, "|", "\n")))


def _any_of(words: Iterable[str]) -> str:
    """Return a pattern of any of these words, in which what several begin with stands once."""
    by_first: dict[str, list[str]] = {}
    for word in words:
        by_first.setdefault(word[:1], []).append(word[1:])
    if "" in by_first:
        return ""
    return f"(?:{'|'.join(re.escape(first) + _any_of(rest) for first, rest in by_first.items())})"
