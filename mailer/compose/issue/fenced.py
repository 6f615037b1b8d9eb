"""Front matter between fences: YAML, and TOML as Hugo and Zola write it.

Where it is no YAML as a whole, its keys are read one by one. A colon in a title, a tab, a star: what one
generator forgave is no reason to refuse an issue. A key that decides who gets it, though, must be readable.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

import yaml

from mailer.compose.issue.matter import KeyValue, Matter, NoMatter, normal_key
from mailer.domain.issue import IssueNotice
from mailer.errors import IssueError

# So many values an issue may have, its aliases (*name) filled in: a few lines can stand for millions.
MOST_NODES = 10_000

_KEY_LINE = re.compile(r"[\"']?([A-Za-z_][\w .-]*?)[\"']?[ \t]*:(?:[ \t]+(.*)|)$")
_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_FAULTS = (ValueError, ArithmeticError, LookupError, AttributeError, TypeError)


def read_yaml(path: str, source: str, vital: frozenset[str]) -> Matter:
    """Return the entries of YAML front matter that begins on line 2 of the file.

    What can't be read is taken as text, or left out, with a notice; IssueError if it is a key of `vital`.
    NoMatter if there are no keys at all.
    """
    try:
        return _Reading(path, 2).read(source)
    except IssueError as error:
        pieces = list(_pieces(source))
        if not pieces:
            raise
        return _read_pieces(path, pieces, vital, error)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The lines of one key, the first being line `row` (from 0) of the front matter."""

    key: str
    row: int
    first_value: str
    source: str


def _pieces(source: str) -> Iterator[_Piece]:
    """Yield the lines that belong to each key; nothing if the front matter begins with something else."""
    lines = source.split("\n")
    starts = [(row, found) for row, line in enumerate(lines) if (found := _KEY_LINE.match(line))]
    if not starts or any(line.strip() and line[0] != "#" for line in lines[: starts[0][0]]):
        return
    ends = [row for row, _ in starts[1:]] + [len(lines)]
    for (row, found), end in zip(starts, ends, strict=True):
        yield _Piece(found.group(1), row, (found.group(2) or "").strip(), "\n".join(lines[row:end]))


def _read_pieces(path: str, pieces: list[_Piece], vital: frozenset[str], whole: IssueError) -> Matter:
    matter = Matter([])
    for piece in pieces:
        line = 2 + piece.row
        try:
            read = _Reading(path, line).read(piece.source)
        except (IssueError, NoMatter) as error:
            if normal_key(piece.key) in vital or "aliases" in str(error):
                raise error if isinstance(error, IssueError) else whole from None
            matter.entries.append(KeyValue(piece.key, line, piece.first_value or None))
            said = f"{piece.key} can't be read as YAML; its line is taken as text: {piece.first_value[:60]!r}"
            matter.notices.append(IssueNotice(path, line, said))
        else:
            matter.entries.extend(read.entries)
            matter.notices.extend(read.notices)
    return matter


@dataclass(slots=True)
class _Reading:
    path: str
    first_line: int
    nodes: int = 0

    def read(self, source: str) -> Matter:
        try:
            root = yaml.compose(source, Loader=yaml.SafeLoader)
            if root is None:
                return Matter([])
            if not isinstance(root, yaml.MappingNode):
                raise NoMatter
            yaml.SafeLoader("").flatten_mapping(root)  # `<<: *defaults`
            return self._matter(root)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = self.first_line + mark.line if mark else None
            problem = " ".join(filter(None, (error.context, error.problem)))
            raise self._error(line, problem) from None
        except yaml.reader.ReaderError as error:
            raise self._error(self.first_line + source.count("\n", 0, error.position), error.reason) from None
        except RecursionError:
            raise self._error(self.first_line, "it is nested too deeply, or its aliases go round") from None

    def _error(self, line: int | None, problem: str) -> IssueError:
        return IssueError(self.path, line, f"the YAML front matter can't be read: {problem}")

    def _matter(self, root: yaml.MappingNode) -> Matter:
        matter = Matter([])
        for key, value in root.value:
            line = self.first_line + key.start_mark.line
            if not isinstance(key, yaml.ScalarNode):
                matter.notices.append(IssueNotice(self.path, line, "a key that is not a word is ignored"))
                continue
            plain = self._text(value, line)
            if normal_key(key.value) == "params":
                plain = self._typed(value, line, plain, matter)
            matter.entries.append(KeyValue(key.value, line, plain, self._lines(value)))
        return matter

    def _lines(self, node: yaml.Node) -> dict[str, int]:
        if not isinstance(node, yaml.MappingNode):
            return {}
        return {str(key.value): self.first_line + key.start_mark.line for key, _ in node.value}

    def _typed(self, value: yaml.Node, line: int, plain: Any, matter: Matter) -> Any:
        """Return `params` with numbers, dates and truth values; as plain text if one of them is none."""
        try:
            return yaml.SafeLoader("").construct_document(value)
        except (yaml.YAMLError, *_FAULTS) as error:
            # PyYAML's constructors let these through: the date 2026-02-30, `!!bool maybe`, `!!timestamp x`.
            problem = getattr(error, "problem", None) or error
            said = f"params: a value can't be read ({problem}), so all of them are taken as text"
            matter.notices.append(IssueNotice(self.path, line, said))
            return plain

    def _text(self, node: yaml.Node, line: int) -> Any:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            problem = f"with its aliases (*name) filled in it has more than {MOST_NODES:,} values"
            raise self._error(line, problem)
        if isinstance(node, yaml.SequenceNode):
            return [self._text(item, line) for item in node.value]
        if isinstance(node, yaml.MappingNode):
            return {str(key.value): self._text(value, line) for key, value in node.value}
        return None if node.tag == "tag:yaml.org,2002:null" else node.value


def read_value(text: str) -> Any:
    """Return a number or a truth value as YAML reads it, whatever else it is as the text that it is."""
    try:
        value = yaml.safe_load(text)
    except (yaml.YAMLError, *_FAULTS):
        return text
    return value if isinstance(value, int) or (isinstance(value, float) and isfinite(value)) else text


def read_toml(path: str, source: str) -> Matter:
    """Return the entries of TOML; raise IssueError, with the file's line, if it is none."""
    try:
        values = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        where = _WHERE.search(str(error))
        line = int(where.group(1)) if where and where.group(1) else source.count("\n") + 1
        problem = _WHERE.sub("", str(error))
        raise IssueError(path, 1 + line, f"the TOML front matter can't be read: {problem}") from None
    except (RecursionError, ValueError) as error:
        raise IssueError(path, 2, f"the TOML front matter can't be read: {error}") from None
    return Matter([_toml_entry(source, key, value) for key, value in values.items()])


def _toml_entry(source: str, key: str, value: Any) -> KeyValue:
    within = {each: _toml_line(source, each) for each in value} if isinstance(value, dict) else {}
    return KeyValue(key, _toml_line(source, key), value, within)


def _toml_line(source: str, key: str) -> int:
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[\]=.]", source, re.MULTILINE)
    return 2 + (source.count("\n", 0, found.start()) if found else 0)
