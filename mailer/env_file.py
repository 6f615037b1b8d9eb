"""The file `.env` of a workspace: its values, and on which line each stands. Nothing in it is guessed.

python-dotenv reads it: it passes over what it can't read, cuts at a #, strips and decodes, without a word.
So each value is looked at again: one that reads other than it looks is a fault, and counts for nothing.
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from dotenv.parser import Binding, parse_stream

from mailer.errors import SettingsError

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"\s*(?:export[^\S\n]+)?([^=#\s]*)[^\S\n]*(=?)(.*)", re.DOTALL)
_QUOTED = re.compile(r"""\s*(['"])(.*)\1\s*(?:\s#[^'"]*)?""")
_ONLY_COMMENT = re.compile(r"\s+#(?:\s.*)?")
_FILLED_IN = re.compile(r"\$\{.*\}")  # by the shell and by other readers of such files
CONTROLS = ("Cc", "Zl", "Zp")
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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


def read_env_file(path: Path, exact: Collection[str] = (), prose: Collection[str] = ()) -> EnvFile:
    """Return what the `.env` at `path` says: nothing if there is none; SettingsError if it can't be read.

    The values of `exact` names come through as they stand, with blanks and all, or are a fault. Elsewhere
    blanks round a value don't count, and a # behind one word begins a comment, but in those of `prose` names.
    """
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    faults: list[Fault] = []
    for found in parse_stream(StringIO(_text(path))):
        name, written = _parts(found)
        if not (name or written or found.error):
            continue  # a comment, or blank lines
        line = _line(found)
        unreadable = _unreadable(found, name, written)
        fault = unreadable or _misread(found, name, written, exact, prose)
        if not fault and name in lines:
            fault = f"{name} stands there twice, first on line {lines[name]}", "Leave one of the two."
        if fault:
            faults.append(Fault("" if unreadable else name, line, *fault))
        elif found.value:
            values[name] = found.value
        lines.setdefault(name, line)
    return EnvFile(path, values, lines, tuple(faults))


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
    """Return the name and what stands behind the sign of equality, as it stands; nothing of a comment."""
    match = _LINE.fullmatch(found.original.string.removesuffix("\n"))
    assert match is not None
    name, sign, written = match.groups()
    return name, written if sign else ""


def _line(found: Binding) -> int:
    # The blank lines before it count as its own.
    text = found.original.string
    return found.original.line + text[: len(text) - len(text.lstrip())].count("\n")


Words = tuple[str, str]  # what is wrong, and how to write it


def _unreadable(found: Binding, name: str, written: str) -> Words | None:
    if not found.error and found.value is not None and NAME.fullmatch(name) and "\n" not in written:
        return None
    if not NAME.fullmatch(name) or not written:
        return "no NAME=value", "Correct it, or put # before it."
    if "\n" in written or written.count(written.lstrip()[0]) < 2:
        return f"{name}: the quote is not closed on this line", f"Close it, or write: {_as(name, written)}"
    return f"{name}: there is more behind the closing quote", f"Write: {_as(name, written.strip())}"


def _misread(
    found: Binding, name: str, written: str, exact: Collection[str], prose: Collection[str]
) -> Words | None:
    """Say how the value reads other than it looks, if it does."""
    value = found.value or ""
    if control := next(
        (char for char in written if unicodedata.category(char) in CONTROLS and char != "\t"), ""
    ):
        return f"{name} holds a control character, U+{ord(control):04X}", "Take it out."
    if quoted := _QUOTED.fullmatch(written):
        if quoted[2] != value:
            return f"{name}: a backslash between quotes is not read as one", f"Write: {_as(name, quoted[2])}"
    elif value != (written if name in exact else written.strip()) and not (
        name not in exact and _left_out(value, written, prose=name in prose)
    ):
        return _cut(name, written)
    if name not in exact and _FILLED_IN.search(value):
        return f"{name}: nothing is filled in for ${{…}} here", f"Write out what {name} is to be."
    return None


def _left_out(value: str, written: str, *, prose: bool) -> bool:
    """Whether what is left out of the value can only be a comment: behind nothing, one word or a mailbox."""
    if not value:
        return bool(_ONLY_COMMENT.fullmatch(written))
    return value.endswith(">") or not (prose or " " in value)


def _cut(name: str, written: str) -> Words:
    if re.search(r"\s#", written):
        return (
            f"{name}: what stands behind a blank and # would be left out",
            f"Give a comment a line of its own. If it is none, write: {_as(name, written.strip())}",
        )
    return f"{name} has blanks round it", f"Take them out. If they belong to it, write: {_as(name, written)}"


# What anybody may see; whatever else may hold a secret.
_OPEN = re.compile(r"MAIL_(?:FROM|REPLY_TO|RETURN_PATH|UNSUBSCRIBE)|POSTAL_ADDRESS|LOOK_\w+")


def _as(name: str, value: str) -> str:
    """Return the line that reads as this value."""
    shown = value if _OPEN.fullmatch(name) and "\n" not in value else "…"
    if value == value.strip() and value[:1] not in ("'", '"') and not re.search(r"\s#|\n", value):
        return f"{name}={shown}"
    if "'" not in value and not re.search(r"\\(?:\\|$)", value):
        return f"{name}='{shown}'"
    if not re.search(r'["\\]', value):
        return f'{name}="{shown}"'
    return f"it alone into a file, and here {name}_FILE=… with the path of that file."
