"""`mailer returns report` and `policy`: what came back in numbers, and what the policy makes of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import cut, print_table, width
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.return_report import ReturnReport

WAYS = ["send", "list", "provider", "day"]
SHOWN = ("hard", "soft", "blocked", "complaint", "unsubscribe")
BAR, SHORTEST_BAR = 24, 6  # columns of the longest bar; where there are fewer there is none
NAME, SHORTEST_NAME = 34, 12  # columns of a name


@click.command("report")
@click.argument("issue", required=False)
@click.option("--by", type=click.Choice(WAYS), default="send", show_default=True, help="What is counted by.")
@click.option("--days", type=click.IntRange(1), default=90, show_default=True, help="So many days back.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def report(app: App, issue: str | None, by: str, days: int, as_json: bool) -> None:
    """Show what came back, with the words of the servers.

    Of all sends, or of ISSUE.
    """
    from mailer.services.return_report import By
    from mailer.services.return_report import report as counted

    found = counted(app, By(by), days, issue)
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False))
    elif found.lines:
        _show(found)
    elif not found.moved:
        click.echo(f"Nothing came back in the last {days} days.", err=True)
    if found.moved and not as_json:
        _show_moved(found)
    if found.unproved and not as_json:
        click.echo(f"{found.unproved:,} more had no token of ours, and count for nothing.", err=True)


def _show(found: ReturnReport) -> None:
    came = [kind for kind in SHOWN if any(line.kinds[kind] for line in found.lines)]  # type: ignore[index]
    counted: list[list[object]] = [
        [line.sent, *(_with_share(line.kinds[kind], line.sent) for kind in came)]  # type: ignore[index]
        for line in found.lines
    ]
    headings = ["accepted", *came]
    if all(line.sent is None for line in found.lines):
        headings, counted = headings[1:], [row[1:] for row in counted]
    longest_name = min(NAME, max(SHORTEST_NAME, _room(headings, counted) - 2))
    rows = [[cut(line.name, longest_name), *row] for line, row in zip(found.lines, counted, strict=True)]
    headings.insert(0, f"by {found.by}")
    totals = [line.kinds.total() for line in found.lines]
    longest = min(_room(headings, rows), BAR)
    if longest >= SHORTEST_BAR:
        headings.append("")
        for row, total in zip(rows, totals, strict=True):
            row.append("█" * max(1, round(longest * total / max(totals))))
    print_table(headings, rows)
    if found.words:
        click.echo()
        headings = ["people", "provider", "kind", "the server's words"]
        rows = [[each.people, cut(each.provider, NAME), str(each.kind)] for each in found.words]
        room = max(_room(headings[:3], rows), len(headings[-1]))
        said = (cut(" ".join(each.said.split()), room) for each in found.words)
        print_table(headings, ([*row, words] for row, words in zip(rows, said, strict=True)))


def _show_moved(found: ReturnReport) -> None:
    """Show whose address changed: that is for people to look at, and nothing follows from it."""
    click.echo()
    rows = [
        [f"{each.at:%Y-%m-%d}", cut(each.email, NAME), each.new.removeprefix("to ")] for each in found.moved
    ]
    print_table(["since", "address that changed", "to"], rows)


def _room(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> int:
    """Return how many columns of the terminal are left beside a table."""
    shown = [[f"{cell:,}" if isinstance(cell, int) else str(cell or "") for cell in row] for row in rows]
    widths = (max(map(width, column)) for column in zip(headings, *shown, strict=True))
    return shutil.get_terminal_size().columns - sum(each + 2 for each in widths)


def _with_share(number: int, sent: int | None) -> object:
    return number if not (sent and number) else f"{number:,} ({number / sent:.1%})"


def _data(found: ReturnReport) -> dict[str, Any]:
    return {
        "by": found.by,
        "since": found.since.isoformat(),
        "lines": [
            {"name": line.name, "accepted": line.sent, **{kind: line.kinds[kind] for kind in SHOWN}}  # type: ignore[index]
            for line in found.lines
        ],
        "words": [each._asdict() for each in found.words],
        "unproved": found.unproved,
        "moved": [{**each._asdict(), "at": each.at.isoformat()} for each in found.moved],
    }


@click.command("policy")
@click.option("--try", "tried", is_flag=True, help="Say what it would do to all that came back.")
@click.option(
    "--hard", type=click.Choice(["suppress", "count", "note"]), help="In the place of RETURNS_HARD."
)
@click.option("--soft", metavar="N/Dd", help="In the place of RETURNS_SOFT.")
@click.option("--blocked", type=click.Choice(["note", "count"]), help="In the place of RETURNS_BLOCKED.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def policy(
    app: App, tried: bool, hard: str | None, soft: str | None, blocked: str | None, as_json: bool
) -> None:
    """Show what each kind of what comes back does.

    By the settings, or with others in their place.
    """
    from mailer.domain.return_policy import Sanction, read_soft
    from mailer.services.return_report import try_policy
    from mailer.services.return_settings import policy_of

    wanted = policy_of(app.settings)
    if hard:
        wanted = replace(wanted, hard=Sanction(hard))
    if blocked:
        wanted = replace(wanted, blocked=Sanction(blocked))
    if soft:
        try:
            sends, days = read_soft(soft)
        except ValueError as error:
            raise UsageError(f"--soft {soft}: {error}") from None
        wanted = replace(wanted, sends=sends, days=days)
    trial = try_policy(app, wanted) if tried and app.has_database else None
    if as_json:
        found = {"kinds": dict(wanted.lines())}
        more = {"suppressed": trial.suppressed, "news": list(trial.news)} if trial else {}
        click.echo(json.dumps(found | more, ensure_ascii=False))
        return
    print_table(["kind", "what follows"], wanted.lines())
    if trial:
        click.echo()
        by = ", ".join(f"{kind} {number:,}" for kind, number in trial.suppressed.items()) or "nobody"
        click.echo(f"Of all that came back it would suppress: {by}.")
        click.echo(f"Of these are not suppressed now: {len(trial.news):,}.")
        for email in trial.news:
            click.echo(f"  {email}")


@click.command("alerts")
@click.option("--dismiss", is_flag=True, help="It was looked at: new sends wait no longer.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def alerts(app: App, dismiss: bool, as_json: bool) -> None:
    """Show what is wrong with what comes back, for which new sends wait."""
    from mailer.services.return_alerts import dismiss as do
    from mailer.services.return_alerts import open_alerts

    if dismiss:
        click.echo(f"Dismissed: {do(app):,}.", err=True)
        return
    found = open_alerts(app) if app.has_database else []
    if as_json:
        click.echo(json.dumps([{**each._asdict(), "since": each.since.isoformat()} for each in found]))
    elif found:
        for each in found:
            click.echo(f"{each.since:%Y-%m-%d %H:%M} UTC  {each.words}")
    else:
        click.echo("Nothing is wrong with what comes back.", err=True)
