"""The file `.env` of a workspace: its values, and on which line each stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values
from dotenv.parser import Original, parse_stream

from mailer.errors import SettingsError


@dataclass(frozen=True, slots=True)
class EnvFile:
    """What a `.env` says. `values` are those that aren't empty, `lines` has the line of every name.

    `unread` are the lines that are no `NAME=value`; `repeated` are the names that stand there more than once,
    of which the last counts.
    """

    path: Path
    values: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, int] = field(default_factory=dict)
    unread: tuple[int, ...] = ()
    repeated: tuple[str, ...] = ()


def read_env_file(path: Path) -> EnvFile:
    """Return what the `.env` at `path` says: nothing if there is none; SettingsError if it can't be read."""
    if not path.is_file():
        return EnvFile(path)
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{path}:{line}: not UTF-8", next_step=f"Save {path} as UTF-8, or write that line anew."
        ) from None
    except OSError as error:
        raise SettingsError(
            f"{path} can't be read: {error.strerror}", next_step=f"Let this user read {path}."
        ) from None
    lines: dict[str, int] = {}
    unread, repeated = [], []
    for found in parse_stream(StringIO(text)):
        if found.error:
            unread.append(_line(found.original))
        elif found.key:
            if found.key in lines:
                repeated.append(found.key)
            lines[found.key] = _line(found.original)
    values = {name: value for name, value in dotenv_values(stream=StringIO(text)).items() if value}
    return EnvFile(path, values, lines, tuple(unread), tuple(dict.fromkeys(repeated)))


def _line(found: Original) -> int:
    # The blank lines before it count as its own.
    text = found.string
    return found.line + text[: len(text) - len(text.lstrip())].count("\n")
