"""`mailer issues list`: every issue file, and what became of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from mailer.cli.terminal import cut, print_table, say, width

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.issues import Shelved
    from mailer.services.report import Report

DATE, GAP, LEAST_TITLE = 10, 2, 16  # columns


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
    from mailer.services.issues import shelf

    found = shelf(app)
    if as_json:
        click.echo(json.dumps([_data(app, each) for each in found], ensure_ascii=False))
    elif found:
        _print(found, app.settings.zone)
    else:
        say('There is no issue yet. Start one with: mailer new "Title"', err=True)


def _print(found: Sequence[Shelved], zone: ZoneInfo) -> None:
    states = [_states(each, zone) for each in found]
    slugs, longest = max(width(each.slug) for each in found), max(map(width, chain(*states)))
    room = max(LEAST_TITLE, shutil.get_terminal_size().columns - slugs - DATE - longest - 3 * GAP)
    print_table(
        ("issue", "date", "title", "state"),
        (
            row
            for each, (first, *others) in zip(found, states, strict=True)
            for row in [
                (each.slug, _day(each), cut(each.title, room), first),
                *(("", "", "", other) for other in others),
            ]
        ),
    )


def _day(shelved: Shelved) -> str:
    return f"{shelved.front['date']:%Y-%m-%d}" if "date" in shelved.front else ""


def _states(shelved: Shelved, zone: ZoneInfo) -> list[str]:
    """Return what to say of an issue, a line each: what is wrong, each send, each schedule."""
    found = [shelved.problem] if shelved.problem else []
    found += [_sent(report, zone) for report in shelved.sends]
    found += [
        f"scheduled {each.due_at.astimezone(ZoneInfo(each.zone)):%Y-%m-%d %H:%M} to "
        f"{_lists(each.audience.lists)}"
        for each in shelved.scheduled
    ]
    return found or ["never sent"]


def _sent(report: Report, zone: ZoneInfo) -> str:
    send, totals = report.send, report.totals
    word = (send.halted or "begun") if totals.open or report.cancelled else "sent"
    count = f"{report.accepted:,}" + (
        "" if report.accepted == totals.audience else f" of {totals.audience:,}"
    )
    return f"{word} {send.created_at.astimezone(zone):%Y-%m-%d} to {_lists(send.audience.lists)}: {count}"


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
                "lists": list(report.send.audience.lists),
                "begun_at": report.send.created_at.isoformat(),
                "halted": report.send.halted,
                "states": {state: count for state, count in report.totals.states.items() if count},
            }
            for report in shelved.sends
        ],
        "scheduled": [
            {"id": each.id, "lists": list(each.audience.lists), "due_at": each.due_at.isoformat()}
            for each in shelved.scheduled
        ],
    }
