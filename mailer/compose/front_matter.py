"""Front matter in its three fences: YAML between `---`, TOML between `+++`, bare `Key: value` lines."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from mailer.errors import IssueError

MAX_CHARACTERS = 65_536
NO_FRONT_MATTER = "If the file has no front matter, let it begin with an empty line"

_FENCES = {"---": ("---", "..."), "+++": ("+++",)}
_BARE = re.compile(r"([A-Za-z][A-Za-z _-]*?)[ \t]*:(?:[ \t]+(.*))?")
_TOML_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Entry:
    """One key, as typed, with its value, on `line` of the file.

    Text is not guessed at (in YAML 1.1 `lang: no` would be False and `title: 12:30` a number): a YAML or
    bare value is text, or lists and mappings of text, except under `params`; TOML values have their own
    types. None is an empty value. `within` has the lines of a mapping's keys, as far as they are known.
    """

    key: str
    line: int
    value: Any
    within: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The key as it is looked up."""
        return normal_key(self.key)


def normal_key(key: str) -> str:
    """Return `key` in lower case, with `_` for `-` and spaces."""
    return re.sub(r"[-\s]", "_", key.strip().lower())


def split_front_matter(path: str, text: str, known: frozenset[str]) -> tuple[list[Entry], str, int]:
    """Return the entries of `text`, the body after them, and the file's line that the body begins on.

    Bare lines are front matter only if the first key is one of `known`. Raise IssueError, with the file's
    line, for what can't be read, and for a key given twice.
    """
    lines = text.split("\n")
    fence = lines[0].rstrip(" \t")
    if fence in _FENCES:
        end = _closing_line(path, lines, fence)
        source = "\n".join(lines[1:end])
        if len(source) > MAX_CHARACTERS:
            raise IssueError(path, 1, f"the front matter has more than {MAX_CHARACTERS} characters")
        entries = (_read_yaml if fence == "---" else _read_toml)(path, source)
        return _without_doubles(path, entries), "\n".join(lines[end + 1 :]), end + 2
    first = _BARE.fullmatch(lines[0])
    if first and normal_key(first.group(1)) in known:
        end = next((number for number, line in enumerate(lines) if not line.strip()), len(lines))
        entries = _read_bare(path, lines[:end])
        return _without_doubles(path, entries), "\n".join(lines[end + 1 :]), end + 2
    return [], text, 1


def _closing_line(path: str, lines: list[str], fence: str) -> int:
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip(" \t") in _FENCES[fence]:
            return number
    raise IssueError(
        path, 1, f"the front matter begins with {fence} and never ends with one", next_step=NO_FRONT_MATTER
    )


def _without_doubles(path: str, entries: Iterable[Entry]) -> list[Entry]:
    found: dict[str, Entry] = {}
    for entry in entries:
        if entry.name in found:
            first = found[entry.name].line
            raise IssueError(path, entry.line, f"{entry.key} was already given on line {first}")
        found[entry.name] = entry
    return list(found.values())


class _Loader(yaml.SafeLoader):
    """The safe loader, without aliases: nothing in an issue needs them, and they can blow up a small file."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.get_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read here", mark)
        return super().compose_node(parent, index)


def _read_yaml(path: str, source: str) -> list[Entry]:
    try:
        root = yaml.compose(source, Loader=_Loader)
        if root is None:
            return []
        if not isinstance(root, yaml.MappingNode):
            raise IssueError(path, 2, "the front matter has no `key: value` lines", next_step=NO_FRONT_MATTER)
        return [_yaml_entry(path, key, value) for key, value in root.value]
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 2 + mark.line if mark else None
        problem = " ".join(filter(None, (error.context, error.problem)))
        raise IssueError(path, line, f"the YAML front matter can't be read: {problem}") from None
    except yaml.reader.ReaderError as error:
        line = 2 + source.count("\n", 0, error.position)
        raise IssueError(path, line, f"the YAML front matter can't be read: {error.reason}") from None
    except RecursionError:
        raise IssueError(path, 2, "the YAML front matter is nested too deeply") from None


def _yaml_entry(path: str, key: yaml.Node, value: yaml.Node) -> Entry:
    line = 2 + key.start_mark.line
    if not isinstance(key, yaml.ScalarNode):
        raise IssueError(path, line, "a key of the front matter must be a word")
    if normal_key(key.value) != "params":
        return Entry(key.value, line, _text_of(value))
    try:
        return Entry(key.value, line, _Loader("").construct_document(value), _yaml_lines(value))
    except yaml.YAMLError:
        raise
    except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as error:
        # PyYAML's constructors let these through: the date 2026-02-30, `!!bool maybe`, `!!timestamp x`.
        raise IssueError(path, line, f"params: a value can't be read ({error})") from None


def _yaml_lines(node: yaml.Node) -> dict[str, int]:
    if not isinstance(node, yaml.MappingNode):
        return {}
    return {str(key.value): 2 + key.start_mark.line for key, _ in node.value}


def _text_of(node: yaml.Node) -> Any:
    if isinstance(node, yaml.SequenceNode):
        return [_text_of(item) for item in node.value]
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _text_of(value) for key, value in node.value}
    return None if node.tag == "tag:yaml.org,2002:null" else node.value


def _read_toml(path: str, source: str) -> list[Entry]:
    try:
        values = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        where = _TOML_WHERE.search(str(error))
        line = int(where.group(1)) if where and where.group(1) else source.count("\n") + 1
        problem = _TOML_WHERE.sub("", str(error))
        raise IssueError(path, 1 + line, f"the TOML front matter can't be read: {problem}") from None
    except (RecursionError, ValueError) as error:
        raise IssueError(path, 2, f"the TOML front matter can't be read: {error}") from None
    return [_toml_entry(source, key, value) for key, value in values.items()]


def _toml_entry(source: str, key: str, value: Any) -> Entry:
    within = {each: _toml_line(source, each) for each in value} if isinstance(value, dict) else {}
    return Entry(key, _toml_line(source, key), value, within)


def _toml_line(source: str, key: str) -> int:
    found = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}[\"']?[ \t]*[\]=.]", source, re.MULTILINE)
    return 2 + (source.count("\n", 0, found.start()) if found else 0)


def _read_bare(path: str, lines: list[str]) -> list[Entry]:
    """Read `Key: value` lines; one that begins with white space goes on with the value before it."""
    entries: list[Entry] = []
    for number, line in enumerate(lines, 1):
        found = _BARE.fullmatch(line)
        if found:
            entries.append(Entry(found.group(1), number, (found.group(2) or "").strip() or None))
        elif line[0] in " \t" and entries:
            last = entries.pop()
            entries.append(Entry(last.key, last.line, f"{last.value or ''} {line.strip()}".strip()))
        else:
            raise IssueError(
                path,
                number,
                f"{line[:60]!r} is not a `Key: value` line",
                next_step=f"Put an empty line before the body. {NO_FRONT_MATTER}",
            )
    return entries
