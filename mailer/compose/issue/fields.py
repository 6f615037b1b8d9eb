"""The keys of front matter: what each may hold, and which field of an Issue it becomes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, time, timedelta
from difflib import get_close_matches
from enum import IntEnum
from types import SimpleNamespace
from typing import Any

from mailer.compose.issue.dates import read_date
from mailer.compose.issue.matter import KeyValue
from mailer.compose.issue.synonyms import READY, SYNONYMS, UNREADY
from mailer.compose.tags.offered import refuse_tags
from mailer.compose.theme.theme import ThemeError, read_theme
from mailer.domain.address import CONTROLS, AddressError, Mailbox
from mailer.domain.issue import Epigraph, Issue, IssueNotice
from mailer.durations import parse_duration
from mailer.errors import IssueError
from mailer.languages import read_language

_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_NAME = re.compile(r"\w[\w.-]*")
_CLOCK = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
LONGEST_AFTER = timedelta(days=3650)
# Line feeds and tabs may stand in running text; nothing else that is not printed may.
_PROSE_CONTROLS = re.compile(r"(?![\n\t])[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class UnfitField(ValueError):
    """A value does not fit its key; the message says what is expected. `key` is one within a mapping."""

    def __init__(self, problem: str, key: str = "") -> None:
        super().__init__(problem)
        self.key = key


def _text(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(item, str | int | float) for item in value):
        value = ", ".join(map(str, value))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise UnfitField("is not text")
    text = str(value).strip(" \t\n")
    if _PROSE_CONTROLS.search(text):
        raise UnfitField("has a control character in it")
    return text


def _line(value: Any) -> str:
    if isinstance(value, str) and CONTROLS.search(value.strip(" \t\n")):
        raise UnfitField("has a line break or control character in it; it must be one line")
    return _text(value)


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    try:
        return _TRUTH[str(value).lower()]
    except KeyError:
        raise UnfitField("is neither true nor false") from None


def _date(value: Any) -> datetime:
    date = read_date(value)
    if date is None:
        raise UnfitField("is not a date; write 2026-11-22 or 2026-11-22 08:00 or 2026-11-22T08:00+01:00")
    return date


def _language(value: Any) -> str:
    try:
        return read_language(_line(value))
    except ValueError as error:
        raise UnfitField(str(error)) from None


def _name(value: Any) -> str:
    text = _line(value)
    # Vowels of Indic scripts and Thai are marks, which `\w` does not count in.
    letters = "".join(char for char in text if unicodedata.category(char) not in ("Mn", "Mc"))
    if not _NAME.fullmatch(letters) or ".." in text or len(text) > 100:
        raise UnfitField("is not a name: letters, digits, hyphens, underscores and single dots, no folders")
    return text


def _mailbox(value: Any) -> str:
    text = _line(value)
    try:
        Mailbox.parse(text)
    except AddressError as error:
        raise UnfitField(
            f"is not a mailbox ({error}); write it like Harbour Gazette <editor@gazette.example>"
        ) from None
    return text


def _after(value: Any) -> timedelta:
    try:
        after = parse_duration(_line(value))
    except ValueError:
        raise UnfitField("is no stretch of time; write it like 3d, 2h or 0d") from None
    if after > LONGEST_AFTER:
        raise UnfitField(f"is longer than {LONGEST_AFTER.days} days")
    return after


def _at(value: Any) -> time:
    if isinstance(value, time):
        return value
    text = _line(value)
    if not _CLOCK.fullmatch(text):
        raise UnfitField('is not a time of the day; write it like "09:00"')
    return time.fromisoformat(text.zfill(5))


def _names(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else _line(value).split(",")
    return tuple(name for item in items if (name := _line(item)))


def _epigraph(value: Any) -> Epigraph:
    if not isinstance(value, dict):
        return Epigraph(_text(value))
    if unknown := value.keys() - {"text", "source"}:
        raise UnfitField(f"has {min(unknown)!r}; it may have text and source")
    if not value.get("text"):
        raise UnfitField("has no text")
    return Epigraph(_text(value["text"]), _text(value.get("source") or ""))


def _params(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnfitField("is not a mapping of names to values; write it in YAML or TOML front matter")
    named = {str(key): item for key, item in value.items()}
    try:
        read_theme(named)
    except ThemeError as error:
        raise UnfitField(str(error), error.key) from None
    return named


def _texts(value: Any) -> tuple[str, ...]:
    """Return the texts that a layout prints; of `params` only it knows which those are."""
    match value:
        case str():
            return (value,)
        case Epigraph():
            return (value.text, value.source)
        case _:
            return ()


class IfUnfit(IntEnum):
    """What becomes of a value that can't be read, by what hangs on it."""

    IGNORED = 0  # with a notice
    REFUSED = 1  # the issue would say something else
    GUARDED = 2  # it could go out, or to others: so is a key that is nearly this one, and what can't be read


@dataclass(frozen=True, slots=True)
class Key:
    """How a key's value is read, and which `field` of an Issue it becomes.

    Without one it is what layouts print as `issue.<key>`; `empty` is what that is where an issue says none.
    An issue that asks for what is `not_yet` possible must not go out without.
    """

    read: Callable[[Any], Any]
    field: str = ""
    unfit: IfUnfit = IfUnfit.IGNORED
    empty: Any = ""
    not_yet: str = ""


# A new key is an entry here, and a row in docs/issue-files.md.
FIELDS = {
    "title": Key(_line, "title", IfUnfit.REFUSED),
    "subject": Key(_line, "subject", IfUnfit.REFUSED),
    "date": Key(_date, "date"),
    "slug": Key(_name, "slug"),
    "lang": Key(_language, "lang"),
    "description": Key(_text),
    "draft": Key(_truth, "draft", IfUnfit.GUARDED),
    "list": Key(_names, "lists", IfUnfit.GUARDED),
    "segment": Key(_line, "segment", IfUnfit.GUARDED),
    "template": Key(_name, "template", IfUnfit.GUARDED),
    "from": Key(_mailbox, "sender", IfUnfit.GUARDED),
    "reply_to": Key(_mailbox, "reply_to", IfUnfit.GUARDED),
    "attachments": Key(_names, "attachments", IfUnfit.GUARDED),
    "tracking": Key(_truth, "tracking", IfUnfit.REFUSED, not_yet="tracking is not possible yet"),
    "archive": Key(_truth, "archive"),
    "after": Key(_after, "after", IfUnfit.REFUSED),
    "at": Key(_at, "at", IfUnfit.REFUSED),
    "only": Key(_line, "only", IfUnfit.GUARDED),
    "check_off": Key(_names, "check_off"),
    "params": Key(_params, "params"),
    "kicker": Key(_text),
    "epigraph": Key(_epigraph, unfit=IfUnfit.REFUSED, empty=None),
    "standfirst": Key(_text),
    "byline": Key(_text),
    "erratum": Key(_line),
}
# What only a step of a sequence says. These are words that a text may begin with, too: they are no sign that
# it has front matter.
OF_STEPS = ("after", "at", "only")
SIGNS = frozenset(FIELDS).difference(OF_STEPS)
GUARDED = frozenset(name for name, key in FIELDS.items() if key.unfit is IfUnfit.GUARDED)


class IssueNames(SimpleNamespace):
    """What a template can name of an issue; an error about one of them says by this name whose it is."""


def names_of(issue: Issue) -> IssueNames:
    """Return what a template can name of `issue`: its fields, and each key that is only printed."""
    own = {each.name: getattr(issue, each.name) for each in fields(issue)}
    empty = {name: key.empty for name, key in FIELDS.items() if not key.field}
    return IssueNames(**{**own, **empty, **issue.printed})


def read_fields(path: str, entries: Iterable[KeyValue]) -> tuple[dict[str, Any], list[IssueNotice]]:
    """Return the Issue fields that `entries` set, and notices for what is ignored.

    Raise IssueError, with the line, the value and what is expected, for an unfit value of a key that is not
    to be ignored then, and for a tag where none is read.
    """
    values: dict[str, Any] = {}
    only_printed: dict[str, Any] = {}
    lines: dict[str, int] = {}
    notices = []
    for entry in entries:
        if entry.name not in FIELDS:
            notices.append(IssueNotice(path, entry.line, _unknown(path, entry)))
        elif entry.value is not None:
            try:
                value = _read(path, entry)
            except UnfitField as unfit:
                notices.append(IssueNotice(path, entry.line, f"{unfit}; it is ignored"))
                if entry.name == "archive":
                    values["archive"] = False  # whoever wrote it had a wish about what may be seen
            else:
                field = FIELDS[entry.name].field
                (values if field else only_printed)[field or entry.name] = value
                lines[entry.name] = entry.line
    return {**values, "printed": only_printed, "field_lines": lines}, notices


def _unknown(path: str, entry: KeyValue) -> str:
    """Return what to say of a key that is none; IssueError if it would decide who gets the issue."""
    if entry.name in UNREADY and str(entry.value).strip().lower() not in READY:
        raise IssueError(
            path,
            entry.line,
            f"{entry.key}: {entry.value!r} says nothing here, and may mean that the issue is not to go out",
            next_step=f"Write draft: true, or take {entry.key} out of the issue",
        )
    meant = meaning(entry.name)
    if meant in GUARDED:
        raise IssueError(
            path,
            entry.line,
            f"unknown key {entry.key!r}; did you mean {meant!r}?",
            next_step=f"Write {meant}, or take {entry.key} out of the issue",
        )
    return f"unknown key {entry.key!r}" + (f"; did you mean {meant!r}?" if meant else " is ignored")


def meaning(name: str) -> str:
    """Return the key that is meant by `name`: by its other names, else the nearest; or nothing."""
    if name in SYNONYMS:
        return SYNONYMS[name]
    near = get_close_matches(name, GUARDED, n=1, cutoff=0.85) or get_close_matches(name, SIGNS, n=1)
    return near[0] if near else ""


def _read(path: str, entry: KeyValue) -> Any:
    known = FIELDS[entry.name]
    try:
        value = known.read(entry.value)
    except UnfitField as unfit:
        key, line, value = entry.key, entry.line, entry.value
        if unfit.key:
            key, line, value = f"{key}.{unfit.key}", entry.within.get(unfit.key, line), value[unfit.key]
        shown = repr(value)
        shown = shown if len(shown) <= 80 else shown[:77] + "..."
        problem = f"{key}: {shown} {unfit}"
        if known.unfit is not IfUnfit.IGNORED or unfit.key:
            raise IssueError(path, line, problem) from None
        raise UnfitField(problem) from None
    if entry.name != "subject":
        for text in _texts(value):
            refuse_tags(text, path=path, line=entry.line, place=entry.name)
    if value and known.not_yet:
        raise IssueError(
            path,
            entry.line,
            f"{entry.key}: {known.not_yet}",
            next_step=f"Take {entry.key} out of the issue",
        )
    return value
