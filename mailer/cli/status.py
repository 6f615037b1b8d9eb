"""What happened, to whom, and why: status, deliveries, verify, why."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import say
from mailer.errors import ExitCode, worst

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.status import DeliveryLine

STATES = ["queued", "claimed", "handed", "accepted", "deferred", "failed", "uncertain", "cancelled"]


@click.command()
@click.argument("issue", required=False)
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def status(app: App, issue: str | None, as_json: bool) -> None:
    """Show where each send stands, or those of one ISSUE."""
    from mailer.services.notices import untold
    from mailer.services.status import standings

    reports = standings(app, issue)
    if as_json:
        click.echo(json.dumps([report.data() for report in reports], ensure_ascii=False))
    elif reports:
        say("\n".join(report.text() for report in reports))
    else:
        click.echo("Nothing was sent yet.", err=True)
    if not as_json and (number := untold(app)):
        say(
            f"{number:,} notice{'s' * (number != 1)} could not be told.\n  next: mailer notices list",
            err=True,
        )


@click.command()
@click.argument("issue")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--revision", default="", metavar="REV", help="Only who has, or may have, this text of it.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object a line.")
@click.pass_obj
def deliveries(app: App, issue: str, state: str | None, revision: str, as_csv: bool, as_json: bool) -> None:
    """Show who got ISSUE, who did not, and the server's words."""
    from mailer.domain.delivery import State
    from mailer.domain.spreadsheet import csv_line
    from mailer.services.status import deliveries

    found = deliveries(app, issue, State(state) if state else None, revision)
    if as_csv:
        sys.stdout.write(csv_line(COLUMNS))
        sys.stdout.writelines(csv_line(_cells(line).values()) for line in found.lines)
    elif as_json:
        for line in found.lines:
            click.echo(json.dumps(_cells(line), ensure_ascii=False))
    else:
        for line in found.lines:
            row = line.row
            again = f"  (again after {row.due_at:%Y-%m-%d %H:%M} UTC)" if row.due_at else ""
            text = f"rev {row.revision[:6]:<6}  " if found.several else ""
            kind = "(erratum) " if line.erratum else ""
            click.echo(f"{row.state:<9}  {row.email:<32}  {text}{kind}{row.words}{again}")


COLUMNS = ("email", "state", "attempts", "updated", "due", "words", "revision", "erratum")


def _cells(line: DeliveryLine) -> dict[str, object]:
    row = line.row
    due = row.due_at.isoformat() if row.due_at else None
    cells = (row.email, str(row.state), row.attempts, row.updated_at.isoformat(), due, row.words)
    return dict(zip(COLUMNS, (*cells, row.revision, "yes" if line.erratum else ""), strict=True))


@click.command()
@click.argument("issue")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def verify(app: App, issue: str, as_json: bool) -> None:
    """Prove that every candidate of ISSUE is in exactly one state, with the server's reply.

    Exits 0 when all is settled, 4 with permanent failures, 5 with uncertain ones, 75 while some are open,
    and 1 if the account does not add up.
    """
    from mailer.services.verify import verify

    verdicts = verify(app, issue)
    if as_json:
        click.echo(json.dumps([each.data() for each in verdicts], ensure_ascii=False))
    else:
        say("\n".join(each.text() for each in verdicts))
    raise click.exceptions.Exit(worst({each.exit_code for each in verdicts}))


@click.command()
@click.argument("email")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def why(app: App, email: str, as_json: bool) -> None:
    """Show what EMAIL got or did not get, and why, in the order it happened."""
    from mailer.services.status import history

    found = history(app, email)
    if as_json:
        click.echo(
            json.dumps(
                [{"at": event.at and event.at.isoformat(), "what": event.what} for event in found.events],
                ensure_ascii=False,
            )
        )
    elif found.events:
        for event in found.events:
            at = f"{event.at:%Y-%m-%d %H:%M:%S} UTC" if event.at else "now".ljust(23)
            click.echo(f"{at}  {event.what}")
    else:
        click.echo(
            f"{found.address.typed} is not known here: never imported, never mailed, not suppressed.",
            err=True,
        )
        raise click.exceptions.Exit(ExitCode.USAGE)
