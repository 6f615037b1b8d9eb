"""What happened, to whom, and why: status, deliveries, verify, why."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from mailer.cli.saying import say
from mailer.errors import ExitCode, UsageError, worst

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.ledger.queries import DeliveryRow
    from mailer.ledger.revisions import Revision

STATES = ["queued", "claimed", "handed", "accepted", "deferred", "failed", "uncertain", "cancelled"]


@click.command()
@click.argument("issue", required=False)
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def status(app: App, issue: str | None, as_json: bool) -> None:
    """Show where each send stands, or those of one ISSUE."""
    from mailer.cli.issues import sends_of
    from mailer.engine.report import Report
    from mailer.store.presence import sending_turn, whose_turn

    sends = sends_of(app, issue) if issue else app.ledger.sends()
    reports = [
        Report(
            send,
            app.accounts.totals(send),
            at_work=whose_turn(sending_turn(app.journals, send.id)),
        )
        for send in sends
    ]
    if as_json:
        click.echo(json.dumps([report.data() for report in reports], ensure_ascii=False))
    elif reports:
        say("\n".join(report.text() for report in reports))
    else:
        click.echo("Nothing was sent yet.", err=True)


@click.command()
@click.argument("issue")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--revision", default="", metavar="REV", help="Only who has, or may have, this text of it.")
@click.option("--csv", "as_csv", is_flag=True, help="As CSV.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object a line.")
@click.pass_obj
def deliveries(app: App, issue: str, state: str | None, revision: str, as_csv: bool, as_json: bool) -> None:
    """Show who got ISSUE, who did not, and the server's words."""
    from mailer.cli.issues import sends_of
    from mailer.domain.delivery import State
    from mailer.domain.spreadsheet import csv_line

    sends = sends_of(app, issue)
    if revision:
        _refuse_unknown(revision, [text for send in sends for text in app.accounts.totals(send).revisions])
    several = len({send.revision for send in sends}) > 1 or any(send.number > 1 for send in sends)
    rows = (
        (line, "yes" if send.corrects else "")
        for send in sends
        for line in app.accounts.lines(send, State(state) if state else None, revision)
    )
    if as_csv:
        sys.stdout.write(csv_line(COLUMNS))
        sys.stdout.writelines(csv_line(_cells(line, erratum).values()) for line, erratum in rows)
    elif as_json:
        for line, erratum in rows:
            click.echo(json.dumps(_cells(line, erratum), ensure_ascii=False))
    else:
        for line, erratum in rows:
            again = f"  (again after {line.due_at:%Y-%m-%d %H:%M} UTC)" if line.due_at else ""
            text = f"rev {line.revision[:6]:<6}  " if several else ""
            kind = "(erratum) " if erratum else ""
            click.echo(f"{line.state:<9}  {line.email:<32}  {text}{kind}{line.words}{again}")


def _refuse_unknown(revision: str, texts: Sequence[Revision]) -> None:
    if not any(text.revision.startswith(revision) for text in texts):
        raise UsageError(
            f"no text of it has a revision that begins with {revision!r}",
            next_step=f"Its texts: {', '.join(text.revision[:6] for text in texts)}.",
        )


COLUMNS = ("email", "state", "attempts", "updated", "due", "words", "revision", "erratum")


def _cells(line: DeliveryRow, erratum: str) -> dict[str, object]:
    due = line.due_at.isoformat() if line.due_at else None
    cells = (line.email, str(line.state), line.attempts, line.updated_at.isoformat(), due, line.words)
    return dict(zip(COLUMNS, (*cells, line.revision, erratum), strict=True))


@click.command()
@click.argument("issue")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def verify(app: App, issue: str, as_json: bool) -> None:
    """Prove that every candidate of ISSUE is in exactly one state, with the server's reply.

    Exits 0 when all is settled, 4 with permanent failures, 5 with uncertain ones, 75 while some are open,
    and 1 if the account does not add up.
    """
    from mailer.cli.issues import sends_of
    from mailer.cli.verification import verification

    verdicts = [verification(app.accounts, send) for send in sends_of(app, issue)]
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
    from mailer.domain.address import Address

    try:
        address = Address.parse(email)
    except ValueError as error:
        raise UsageError(f"{email}: {error}") from None
    events = app.accounts.history(address.key)
    if as_json:
        click.echo(
            json.dumps(
                [{"at": event.at and event.at.isoformat(), "what": event.what} for event in events],
                ensure_ascii=False,
            )
        )
    elif events:
        for event in events:
            click.echo(f"{event.at:%Y-%m-%d %H:%M:%S} UTC  {event.what}")
    else:
        click.echo(
            f"{address.typed} is not known here: never imported, never mailed, not suppressed.", err=True
        )
        raise click.exceptions.Exit(ExitCode.USAGE)
