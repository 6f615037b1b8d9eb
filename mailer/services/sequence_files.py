"""The folder of a sequence: `sequence.toml` has its rules, and every issue beside it is a step.

    list = "weekly"
    start = "confirmation"  # or "command", { tag = "member" }, { date = "birthday", each = "year" }
    goal = "members"        # the segment whose people need no more of it

Steps follow each other by the names of their files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from mailer.bootstrap import App
from mailer.compose.issue.source import default_slug, issue_files, load_issue
from mailer.domain.field import FieldType
from mailer.domain.issue import Issue, IssueNotice
from mailer.domain.local_time import zone_named
from mailer.domain.segment.named import KeptSegment
from mailer.domain.sequence import SequencePlan, SequenceStart, SequenceStep, StartKind
from mailer.domain.subscriber import SubscriberList
from mailer.durations import parse_duration
from mailer.errors import IssueError, UsageError
from mailer.people.field_types import known_types
from mailer.services.issues import from_here
from mailer.services.sequence_due import FOLDER
from mailer.services.toml_file import line_of, read_toml

RULES = "sequence.toml"
KEYS = ("list", "start", "goal")
DATE_KEYS = ("date", "each", "before")
HOW_IT_STARTS = (
    'write "confirmation", "command", { tag = "member" } '
    'or { date = "birthday", each = "year", before = "7d" }'
)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_NUMBER = re.compile(r"(\d+)[-_. ]+(?=.)")


class SequenceError(IssueError):
    """The rules of a sequence can't be used as they stand."""


@dataclass(frozen=True, slots=True)
class StepFile:
    """A step with the issue that it sends."""

    step: SequenceStep
    file: Path
    issue: Issue
    notices: tuple[IssueNotice, ...] = ()


@dataclass(frozen=True, slots=True)
class SequenceRules:
    """A sequence as its folder has it. `drafts` are the files of steps that are none yet.

    `segments` are those that it names, each as it stands today, by how they are asked for.
    """

    name: str
    list: SubscriberList
    start: SequenceStart
    goal: str
    files: tuple[StepFile, ...]
    drafts: tuple[Path, ...]
    segments: dict[str, KeptSegment]

    @property
    def plan(self) -> SequencePlan:
        """Its steps in their order."""
        return SequencePlan(tuple(each.step for each in self.files))


def folder_of(app: App, name: str) -> Path:
    """Return the folder of a sequence; UsageError that names the nearest if there is none."""
    folder = app.root / FOLDER / name
    if _NAME.fullmatch(name) and folder.is_dir():
        return folder
    near = get_close_matches(name, names_of(app), n=1)
    mean = f"; did you mean {near[0]}?" if near else ""
    step = f"Make the folder {FOLDER}/{name} with {RULES} and an issue in it; docs: how-to/sequences.md"
    if not _NAME.fullmatch(name):
        step = f"Its folder in {FOLDER}/ may have small letters, digits, - and _ in its name."
    raise UsageError(f"there is no sequence {name}{mean}", next_step=step)


def names_of(app: App) -> list[str]:
    """Return the sequences that have a folder with rules."""
    return sorted(each.parent.name for each in (app.root / FOLDER).glob(f"*/{RULES}"))


def read_rules(app: App, name: str) -> SequenceRules:
    """Read a sequence. SequenceError and IssueError with file and line; UsageError for a list, a field or a
    segment that isn't there.
    """
    folder = Path(from_here(folder_of(app, name)))
    path = folder / RULES
    if not path.is_file():
        raise SequenceError(folder, None, f"has no {RULES}", next_step=f"Write {path}: list = …, start = …")
    text, said = read_toml(path, SequenceError)
    start = _start(path, text, said)
    found = _list(app, path, text, said)
    goal = said.get("goal", "")
    if not isinstance(goal, str):
        raise _refused(path, text, "goal", f"goal = {goal!r} is not the name of a segment, or a condition")
    _refuse_field(app, path, text, start)
    drafts: list[Path] = []
    steps: list[StepFile] = []
    for file in sorted(issue_files(folder), key=_order):
        issue, notices = load_issue(file)
        if issue.draft:
            drafts.append(file)
        else:
            steps.append(StepFile(_step(file, issue, first=not steps), file, issue, notices))
    _refuse_steps(folder, steps)
    named = {each.step.only: (each.file, each.issue.field_lines.get("only")) for each in steps}
    segments = _segments(app, named | {goal: (path, line_of(text, "goal"))})
    return SequenceRules(name, found, start, goal, tuple(steps), tuple(drafts), segments)


def _segments(app: App, named: Mapping[str, tuple[Path, int | None]]) -> dict[str, KeptSegment]:
    """Return the segments that are named as they stand today; SequenceError where there is none."""
    segments = {}
    for asked, (path, line) in named.items():
        if asked:
            from mailer.services.segments import kept  # lark

            try:
                (segments[asked],) = kept(app, [(asked, False)])
            except UsageError as error:
                step = error.next_step or "See what a segment may be: docs/segments.md"
                raise SequenceError(path, line, error.problem, next_step=step) from None
    return segments


def _order(file: Path) -> tuple[int, str]:
    """Return by what steps follow each other: the number that their names begin with, as a number."""
    name = file.parent.name if file.stem == "index" else file.name
    number = _NUMBER.match(name)
    return int(number[1]) if number else 0, name


def _step(file: Path, issue: Issue, *, first: bool) -> SequenceStep:
    for key, value in (("list", issue.lists), ("segment", issue.segment)):
        if value:
            instead = "only: SEGMENT" if key == "segment" else f"list = … in {RULES}"
            problem = f"{key}: a step goes to those who are in the sequence"
            raise IssueError(file, issue.field_lines.get(key), problem, next_step=f"Write {instead}")
    if issue.after is None and not first:
        problem = "says no after: how long after the step before it goes"
        raise IssueError(file, None, problem, next_step="Write into its front matter, such as: after: 3d")
    key = issue.slug
    if "slug" not in issue.field_lines:
        bare = file.parent if file.stem == "index" else file
        key = default_slug(bare.with_name(_NUMBER.sub("", bare.name, count=1)))
    return SequenceStep(key, issue.after or parse_duration("0d"), issue.at, issue.only)


def _refuse_steps(folder: Path, steps: list[StepFile]) -> None:
    if not steps:
        raise SequenceError(
            folder, None, "has no step", next_step=f"Write an issue, such as {folder}/01-welcome.md"
        )
    seen: dict[str, Path] = {}
    for each in steps:
        if other := seen.get(each.step.key):
            raise SequenceError(
                each.file,
                each.issue.field_lines.get("slug"),
                f"is called {each.step.key}, as {other.name} is: a step is known by the name of its file "
                "without the number, or by its slug",
                next_step="Give one of them another slug in front matter.",
            )
        seen[each.step.key] = each.file


def _list(app: App, path: Path, text: str, said: dict[str, Any]) -> SubscriberList:
    name = said.get("list")
    if not isinstance(name, str):
        raise _refused(path, text, "list", "says no list: those on it can be in the sequence")
    try:
        found = app.lists.named(name)
    except UsageError as error:
        problem = f"list = {name!r}: {error.problem}"
        raise SequenceError(path, line_of(text, "list"), problem, next_step=error.next_step) from None
    if found.archived_at:
        problem = f"list = {name!r}: the list is archived, and nothing is sent to it"
        raise SequenceError(
            path,
            line_of(text, "list"),
            problem,
            next_step=f"To take it up again: mailer lists archive {name} --undo",
        )
    return found


def _start(path: Path, text: str, said: dict[str, Any]) -> SequenceStart:
    for key in said:
        if key not in KEYS:
            near = get_close_matches(key, KEYS, n=1)
            mean = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(KEYS)}"
            raise _refused(path, text, key, f"{key!r} is nothing that a sequence has{mean}")
    match said.get("start"):
        case "confirmation" | "command" as kind:
            return SequenceStart(StartKind(kind))
        case {"tag": str(name), **more} if name.strip() and not more:
            return SequenceStart(StartKind.TAG, name.strip())
        case {"date": str(name), **more} if name.strip() and not set(more) - {*DATE_KEYS}:
            each, before = more.get("each", "once"), more.get("before", "0d")
            return SequenceStart(
                StartKind.DATE, name.strip(), _each(path, text, each), _before(path, text, before)
            )
        case None:
            raise _refused(path, text, "start", f"says no start: {HOW_IT_STARTS}")
        case other:
            raise _refused(path, text, "start", f"start = {other!r}: {HOW_IT_STARTS}")


def _each(path: Path, text: str, value: object) -> bool:
    if value not in ("year", "once"):
        raise _refused(path, text, "start", f'each = {value!r} is neither "year" nor "once"')
    return value == "year"


def _before(path: Path, text: str, value: object) -> int:
    try:
        time = parse_duration(str(value))
    except ValueError:
        time = None
    if time is None or time.seconds or time.days > 365:
        raise _refused(path, text, "start", f"before = {value!r} is no number of days up to 365, such as 7d")
    return time.days


def _refuse_field(app: App, path: Path, text: str, start: SequenceStart) -> None:
    if start.kind is not StartKind.DATE:
        return
    with app.database.connect() as connection:
        types = known_types(connection)
    if types.get(start.name) is not FieldType.DATE:
        what = f"a field of {types[start.name]}" if start.name in types else "no field here"
        raise SequenceError(
            path,
            line_of(text, "start"),
            f"date = {start.name!r} is {what}, and has to be one of dates",
            next_step=f"Take dates in: mailer subscribers import FILE --type {start.name}=date",
        )


def _refused(path: Path, text: str, key: str, problem: str) -> SequenceError:
    return SequenceError(path, line_of(text, key), problem, next_step=f"Correct {path}.")


def zone_of(app: App, name: str | None) -> ZoneInfo:
    """Return the zone that somebody's days are of: the settings' for who has none that there is."""
    return zone_named(name or "") or app.settings.zone


def steps_of(app: App, name: str) -> Iterator[Path]:
    """Yield the files of a sequence's steps, whatever is in them."""
    yield from sorted(issue_files(app.root / FOLDER / name), key=_order)
