"""The file `.env` of a workspace: its values, and on which line each stands. Nothing in it is guessed.

python-dotenv reads it: it passes over what it can't read, cuts at a #, strips and decodes, without a word.
So each value is looked at again: one that reads other than it looks is a fault, and counts for nothing.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import Binding, parse_stream

from mailer.errors import SettingsError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_LINE = re.compile(r"\s*(?:export[^\S\n]+)?([^=#\s]*)([^\S\n]*)(=?)(.*)", re.DOTALL)
_QUOTED = re.compile(r"""\s*(['"])((?:\\.|(?!\1).)*)\1\s*(?:\s#.*)?""")
_QUOTED_WITH_REST = re.compile(r"""\s*(['"])(.*)\1\s*[,;]?\s*""")
_TYPOGRAPHIC = re.compile("[“„«‘‚](.*)[”“»’‘]")
_WITH_COLON = re.compile(r"\s*(?:export\s+|set\s+)?([A-Za-z_]\w*)\s*(?:[:=])\s*(.*?)\s*", re.ASCII)
_ASSIGNS = re.compile(r"(?:export\s+)?[^=#\s]+[^\S\n]*=")
_ONLY_COMMENT = re.compile(r"\s+#(?:\s.*)?")
_FILLED_IN = re.compile(r"\$\{.*\}")  # by the shell and by other readers of such files
CONTROLS = ("Cc", "Zl", "Zp")
UNSEEN = ("Cf", "Zs")  # of no width, or like a blank
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _anybodys(name: str) -> bool:  # noqa: ARG001
    return True


class Names(NamedTuple):
    """What is known of names, besides that `ours` are those whose values matter here.

    The values of `exact` names come through as they stand, with blanks and all, or are a fault. Elsewhere
    blanks round a value don't count, and a # behind one word begins a comment, but in those of `prose`
    names. Those of `apart` may stand in a file of their own.
    """

    exact: Collection[str] = ()
    prose: Collection[str] = ()
    apart: Collection[str] = ()
    ours: Callable[[str], bool] = _anybodys


class Fault(NamedTuple):
    """A line that can't be read (`name` is empty), or whose value would be read as something else."""

    name: str
    line: int
    problem: str
    advice: str

    def error(self, path: Path) -> SettingsError:
        """Return it as the error that it is."""
        return SettingsError(f"{path}:{self.line}: {self.problem}", next_step=self.advice)


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` says. `values` are those that aren't empty, `lines` has the line of every name."""

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()


def read_env_file(path: Path, names: Names = Names()) -> EnvFile:  # noqa: B008
    """Return what the `.env` at `path` says: nothing if there is none; SettingsError if it can't be read."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[Fault] = []
    for found in parse_stream(StringIO(_text(path))):
        name, written = _parts(found)
        if not (name or written or found.error):
            continue  # a comment, or blank lines
        line = _line(found)
        if _is_anothers(found, name, names):
            continue
        fault = (
            _unfilled(name, found.value or written, names)
            or _unreadable(found, name, written, names)
            or _misread(found, name, written, names)
        )
        if not fault and name in values:
            fault = f"{name} stands there twice, first on line {lines[name]}", "Leave one of the two."
        if fault:
            faults.append(Fault(name if NAME.fullmatch(name) and names.ours(name) else "", line, *fault))
        elif found.value:
            values[name] = found.value
            lines[name] = line  # whatever stood there empty before
        lines.setdefault(name, line)
    return EnvFile(path, values, lines, tuple(faults))


def _is_anothers(found: Binding, name: str, names: Names) -> bool:
    """Whether a line is another program's business, and no quote that it leaves open hides one of ours."""
    text = found.original.string.strip()
    if not _ASSIGNS.match(text) or not NAME.fullmatch(name) or names.ours(name):
        return False
    hidden = text.split("\n")[1:]
    return not any(names.ours(each[1]) for each in map(_WITH_COLON.fullmatch, hidden) if each)


def _text(path: Path) -> str:
    if not path.exists() and not path.is_symlink():
        return ""
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path} can't be read: {error.strerror}",
            next_step=f"Make {path} a file that this user may read.",
        ) from None
    if octets.startswith(UTF_16) or b"\0" in octets:
        raise SettingsError(
            f"{path}:1: not UTF-8, but UTF-16 or no text at all", next_step=f"Save {path} as UTF-8."
        )
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}:{line}: not UTF-8", next_step=f"Save {path} as UTF-8, or write that line anew."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parts(found: Binding) -> tuple[str, str]:
    """Return the name and what stands behind the sign of equality, as it stands; nothing of a comment.

    Where a blank is in front of the sign, the one behind it is no part of the value either.
    """
    match = _LINE.fullmatch(found.original.string.removesuffix("\n"))
    assert match is not None
    name, blanks, sign, written = match.groups()
    return name, (written.removeprefix(" ") if blanks else written) if sign else ""


def _line(found: Binding) -> int:
    # The blank lines before it count as its own.
    text = found.original.string
    return found.original.line + text[: len(text) - len(text.lstrip())].count("\n")


Words = tuple[str, str]  # what is wrong, and how to write it


def _unfilled(name: str, value: str, names: Names) -> Words | None:
    if name in names.exact or not NAME.fullmatch(name) or not _FILLED_IN.search(value):
        return None
    return f"{name}: nothing is filled in for ${{…}} here", f"Write out what {name} is to be."


def _unreadable(found: Binding, name: str, written: str, names: Names) -> Words | None:
    if not found.error and found.value is not None and NAME.fullmatch(name) and "\n" not in written:
        return None
    if not NAME.fullmatch(name) or not written:
        return _no_line(found, names)
    if "\n" in written and found.value and not found.error:
        return f"{name} goes over several lines", f"Write: {_as(name, _on_one_line(found.value), names)}"
    if "\n" in written or written.count(written.lstrip()[0]) < 2:
        return (
            f"{name}: the quote is not closed on this line",
            f"Close it, or write: {_as(name, written, names)}",
        )
    quoted = _QUOTED_WITH_REST.fullmatch(written)
    advice = _as(name, quoted[2] if quoted else written.strip(), names)
    return f"{name}: there is more behind the closing quote", f"Write: {advice}"


def _no_line(found: Binding, names: Names) -> Words:
    text = found.original.string.strip()
    if hidden := next((char for char in text if unicodedata.category(char) == "Cf"), ""):
        return f"no NAME=value; it holds an invisible character, U+{ord(hidden):04X}", "Type it anew by hand."
    if (pair := _WITH_COLON.fullmatch(text)) and names.ours(pair[1]):
        advice = f"Write: {_as(pair[1], pair[2], names)}" if pair[2] else "Correct it, or put # before it."
        return "no NAME=value", advice
    return "no NAME=value", "Correct it, or put # before it."


def _on_one_line(value: str) -> str:
    return ", ".join(filter(None, (each.strip(" \t,") for each in value.splitlines())))


def _misread(found: Binding, name: str, written: str, names: Names) -> Words | None:
    """Say how the value reads other than it looks, if it does."""
    value = found.value or ""
    if fault := _unseen(name, written, names):
        return fault
    if quoted := _QUOTED.fullmatch(written):
        if quoted[2] != value:
            meant = _on_one_line(value) if name in names.prose else quoted[2]
            advice = f"Write: {_as(name, meant, names)}"
            return f"{name}: a backslash between quotes is not read as one", advice
        return None
    if (around := _TYPOGRAPHIC.fullmatch(value)) and value == written.strip():
        advice = f"Write: {_as(name, around[1], names)}"
        return f"{name} stands in typographic quotes, which are taken for a part of it", advice
    if value == (written if name in names.exact else written.strip()):
        return None
    if name not in names.exact and _left_out(value, written, prose=name in names.prose):
        return None
    return _cut(name, written, names)


def _unseen(name: str, written: str, names: Names) -> Words | None:
    """Say which character nobody sees, or takes for a blank: they come along when a text is copied."""
    for char in written:
        kind, code = unicodedata.category(char), f"U+{ord(char):04X}"
        if kind in CONTROLS and char != "\t":
            return f"{name} holds a control character, {code}", "Take it out."
        if name in names.exact and kind in UNSEEN and char != " ":
            look = "looks like a blank" if kind == "Zs" else "nobody sees"
            alone = f" If it belongs there, write {_apart(name)}" if name in names.apart else ""
            return f"{name} holds {code}, which {look} and is none", f"Type the value anew by hand.{alone}"
    return None


def _left_out(value: str, written: str, *, prose: bool) -> bool:
    """Whether what is left out of the value can only be a comment: behind nothing, one word or a mailbox."""
    if not value:
        return bool(_ONLY_COMMENT.fullmatch(written))
    return value.endswith(">") or (" " not in value and ("@" in value or not prose))


def _cut(name: str, written: str, names: Names) -> Words:
    if re.search(r"\s#", written):
        return (
            f"{name}: what stands behind a blank and # would be left out",
            f"Give a comment a line of its own. If it is none, write: {_as(name, written.strip(), names)}",
        )
    advice = f"Take them out. If they belong to it, write: {_as(name, written, names)}"
    return f"{name} has blanks round it", advice


# What anybody may see; whatever else may hold a secret.
_OPEN = re.compile(r"MAIL_(?:FROM|REPLY_TO|RETURN_PATH|UNSUBSCRIBE)|POSTAL_ADDRESS|LOOK_\w+")


def _as(name: str, value: str, names: Names) -> str:
    """Return the line that reads as this value."""
    shown = value if _OPEN.fullmatch(name) and "\n" not in value else "…"
    plain = value == value.strip() and value[:1] not in ("'", '"') and not re.search(r"\s#|\n", value)
    if plain and not _TYPOGRAPHIC.fullmatch(value):
        return f"{name}={shown}"
    if "'" not in value and not re.search(r"\\(?:\\|$)", value):
        return f"{name}='{shown}'"
    if not re.search(r'["\\]', value):
        return f'{name}="{shown}"'
    return _apart(name) if name in names.apart else f"{name}=… without quotes, or without the #."


def _apart(name: str) -> str:
    return f"it alone into a file, and here {name}_FILE=… with the path of that file."
