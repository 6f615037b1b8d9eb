"""`mailer issues list`: every issue file, and what became of it."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from mailer.cli.saying import say

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.issue import Issue
    from mailer.domain.send import Send
    from mailer.ledger.queries import Totals
    from mailer.ledger.schedules import Schedule

DATE, GAP, LEAST_TITLE = 10, 2, 16  # columns


@dataclass(slots=True)
class Shelved:
    """One issue file: what it says as far as it can be read, what keeps it from going out, what became of it.

    `front` has the fields of Issue that front matter sets; `issue` is None for one that can't be sent yet.
    """

    path: Path
    front: Mapping[str, Any]
    issue: Issue | None
    problem: str = ""
    sends: list[tuple[Send, Totals]] = field(default_factory=list)
    scheduled: list[Schedule] = field(default_factory=list)

    @property
    def slug(self) -> str:
        """What a send of it is known by."""
        return str(self.front["slug"])

    @property
    def title(self) -> str:
        """The headline, as far as there is one."""
        return self.issue.title if self.issue else self.front.get("title", "")


@click.group()
def issues() -> None:
    """Show what lies in issues/."""


@issues.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def list_issues(app: App, as_json: bool) -> None:
    """Show every issue file, and what became of it.

    Slug, date, title, to which lists it was sent or will be, and what keeps it from going out.
    """
    found = list(_shelf(app))
    if as_json:
        click.echo(json.dumps([_data(app, each) for each in found], ensure_ascii=False))
    elif found:
        _print(found, app.settings.zone)
    else:
        say('There is no issue yet. Start one with: mailer new "Title"', err=True)


def _shelf(app: App) -> Iterator[Shelved]:
    from mailer.compose.issue.source import NO_TEXT, front_of, issue_files, load_issue
    from mailer.errors import IssueError
    from mailer.ledger.schedules import Schedules, ScheduleState

    files = issue_files(app.root / "issues")
    fronts = {file: front_of(file) for file in files}
    sharing = Counter(front["slug"] for front in fronts.values())
    known = {each.name for each in app.lists.all()} if app.has_database else set[str]()
    waiting = Schedules(app.database).all(ScheduleState.WAITING) if app.has_database else []
    for file, front in fronts.items():
        try:
            issue, problem = load_issue(file, app.settings.language)[0], ""
        except IssueError as error:
            issue, problem = None, "no text yet" if error.problem.endswith(NO_TEXT) else "unreadable"
        shelved = Shelved(file, front, issue)
        shelved.problem = problem or _problem(shelved, known, sharing[shelved.slug])
        if app.has_database:
            shelved.sends = [(each, app.accounts.totals(each)) for each in app.ledger.sends(shelved.slug)]
        shelved.scheduled = [each for each in waiting if app.root / each.issue == file]
        yield shelved


def _problem(shelved: Shelved, known: set[str], sharing: int) -> str:
    """Return in a word or two what keeps an issue from going out as it stands."""
    if sharing > 1:
        return "same slug as another"
    if shelved.front.get("draft"):
        return "draft"
    unknown = [name for name in shelved.front.get("lists", ()) if name not in known]
    return f"no list {unknown[0]}" if unknown and known else ""


def _print(found: Sequence[Shelved], zone: ZoneInfo) -> None:
    from mailer.cli.table import print_table, width

    states = [_states(each, zone) for each in found]
    slugs, longest = max(width(each.slug) for each in found), max(map(width, chain(*states)))
    room = max(LEAST_TITLE, shutil.get_terminal_size().columns - slugs - DATE - longest - 3 * GAP)
    print_table(
        ("issue", "date", "title", "state"),
        (
            row
            for each, (first, *others) in zip(found, states, strict=True)
            for row in [
                (each.slug, _day(each), _cut(each.title, room), first),
                *(("", "", "", other) for other in others),
            ]
        ),
    )


def _day(shelved: Shelved) -> str:
    return f"{shelved.front['date']:%Y-%m-%d}" if "date" in shelved.front else ""


def _cut(text: str, room: int) -> str:
    from mailer.cli.table import width

    if width(text) <= room:
        return text
    text = text[: 2 * room]
    while width(text) >= room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _states(shelved: Shelved, zone: ZoneInfo) -> list[str]:
    """Return what to say of an issue, a line each: what is wrong, each send, each schedule."""
    found = [shelved.problem] if shelved.problem else []
    found += [_sent(send, totals, zone) for send, totals in shelved.sends]
    found += [_due(each) for each in shelved.scheduled]
    return found or ["never sent"]


def _sent(send: Send, totals: Totals, zone: ZoneInfo) -> str:
    from mailer.domain.delivery import Halt, State

    unfinished = totals.open or send.halted is Halt.CANCELLED
    word = (send.halted or "begun") if unfinished else "sent"
    accepted = totals.states.get(State.ACCEPTED, 0)
    count = f"{accepted:,}" if accepted == totals.audience else f"{accepted:,} of {totals.audience:,}"
    return f"{word} {send.created_at.astimezone(zone):%Y-%m-%d} to {_lists(send.audience.lists)}: {count}"


def _due(schedule: Schedule) -> str:
    when = f"{schedule.due_at.astimezone(ZoneInfo(schedule.zone)):%Y-%m-%d %H:%M}"
    return f"scheduled {when} to {_lists(schedule.audience.lists)}"


def _lists(names: Sequence[str]) -> str:
    return ", ".join(names)


def _data(app: App, shelved: Shelved) -> dict[str, Any]:
    front = shelved.front
    return {
        "path": str(shelved.path.relative_to(app.root)),
        "slug": shelved.slug,
        "title": shelved.title or None,
        "date": front["date"].isoformat() if "date" in front else None,
        "lang": shelved.issue.lang if shelved.issue else front.get("lang"),
        "draft": front.get("draft", False),
        "lists": list(front.get("lists", ())),
        "problem": shelved.problem or None,
        "sends": [
            {
                "lists": list(send.audience.lists),
                "begun_at": send.created_at.isoformat(),
                "halted": send.halted,
                "states": {state: count for state, count in totals.states.items() if count},
            }
            for send, totals in shelved.sends
        ],
        "scheduled": [
            {"id": each.id, "lists": list(each.audience.lists), "due_at": each.due_at.isoformat()}
            for each in shelved.scheduled
        ],
    }
