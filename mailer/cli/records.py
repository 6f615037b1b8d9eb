"""`mailer subscribers`: records are joined, get another address, are given out, and erased."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import ask, say
from mailer.cli.whom import address_of, source_of
from mailer.errors import ExitCode, PlanRefused, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.erase import Erased
    from mailer.services.person import PersonSheet

PERSONAL_FORMATS = ["json", "text"]
FEW = 10  # files that are named


@click.command("merge")
@click.argument("keep")
@click.argument("other")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def merge(app: App, keep: str, other: str, yes: bool) -> None:
    """Make the records of one person one.

    KEEP and OTHER are two addresses of theirs. On each list, and for all mail, the stricter of the two
    counts. The fields of KEEP stand. What OTHER got and agreed to stays with KEEP, who gets no issue twice;
    whoever comes by OTHER later is KEEP.
    """
    from mailer.services.merge import merge

    kept, joined = address_of(keep), address_of(other)
    _agree(f"Join {joined.typed} to {kept.typed}? It can't be taken apart again.", yes=yes)
    done = merge(app.database, kept, joined, source_of(app, "merge"), app.now())
    click.echo(f"{done.other} leads to {done.keep} from now on.", err=True)
    if done.cancelled:
        click.echo(f"Mails under way that were cancelled: {done.cancelled:,}", err=True)


@click.command("change-address")
@click.argument("old")
@click.argument("new")
@click.pass_obj
def change_address(app: App, old: str, new: str) -> None:
    """Give somebody another address.

    The person at OLD keeps all of their history. What they asked for and complained of goes with them; that
    OLD bounced does not.
    """
    from mailer.services.merge import change_address

    before, after = address_of(old), address_of(new)
    waiting = change_address(app.database, before, after, source_of(app, "change-address"), app.now())
    click.echo(f"{before.typed} is {after.typed} from now on.", err=True)
    if waiting:
        click.echo(f"Mails under way that go there now: {waiting:,}", err=True)


@click.command("erase")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask for the address to be typed.")
@click.pass_obj
def erase(app: App, email: str, yes: bool) -> None:
    """Erase EMAIL, wherever it is kept.

    From every table, the journals, and the files of how people were before. The accounts of sends stay true,
    and a hash of the address keeps every import from bringing it back. It can't be undone.
    """
    from mailer.services.erase import erase
    from mailer.services.person import sheet_of

    address = address_of(email)
    if not yes:
        _ask_typed(sheet_of(app.database, address, app.now()))
    _say_what_is_left(erase(app, address), address.typed)


def _ask_typed(sheet: PersonSheet) -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise PlanRefused(
            f"this would erase {sheet.email} for good, and there is no terminal to ask on",
            next_step=shlex.join(["mailer", *sys.argv[1:], "--yes"]),
        )
    click.echo(
        f"{sheet.email}: {len(sheet.subscriptions)} lists, {len(sheet.consents)} lines of consent, "
        f"{len(sheet.sends)} sends. Erased, they can't be brought back.",
        err=True,
    )
    if click.prompt("Type the address to erase it", err=True).strip() != sheet.email:
        click.echo("That is another address. Nothing was done.", err=True)
        raise click.exceptions.Exit(ExitCode.COMPLETE)


def _say_what_is_left(done: Erased, email: str) -> None:
    rows = ", ".join(f"{table} {number:,}" for table, number in sorted(done.rows.items()))
    click.echo(f"Erased {email}: {rows or 'nothing was left of it'}.")
    if done.cancelled:
        click.echo(f"  Mails under way that were cancelled: {done.cancelled:,}")
    if done.journals or done.files:
        click.echo(f"  Rewritten: {done.journals:,} journals, {len(done.files):,} files of how people were")
    click.echo(
        "  Kept: rows of sends that lead to nobody, so that their accounts add up, and a keyed hash of"
    )
    click.echo("  the address, so that no import brings it back.")
    if done.naming:
        click.echo("  These files of yours name it still; correct or delete them:")
        for path in done.naming[:FEW]:
            click.echo(f"    {path}")
        if len(done.naming) > FEW:
            click.echo(f"    and {len(done.naming) - FEW:,} more")
    say("  Backups and exports elsewhere can't be reached from here. A restore erases it again.")


def give_out(app: App, email: str, file: Path | None, form: str | None) -> None:
    """Write all that is held of one person: for `mailer subscribers export --person`."""
    from mailer.private import write_private
    from mailer.services.person import sheet_of
    from mailer.services.personal_data import personal_data

    if form not in (None, *PERSONAL_FORMATS):
        raise UsageError(f"--person is written as {' or '.join(PERSONAL_FORMATS)}, not as {form}")
    address = address_of(email)
    data = personal_data(app, address)
    as_text = form == "text" or (form is None and file is not None and file.suffix == ".txt")
    written = _readable(sheet_of(app.database, address, app.now()), data) if as_text else _as_json(data)
    if file is None:
        click.echo(written)
        return
    try:
        write_private(file, f"{written}\n".encode())
    except OSError as error:
        raise UsageError(f"{file} can't be written: {error.strerror}") from None
    click.echo(f"Wrote all that is held of {address.typed} to {file}, for you alone to read.", err=True)


def _as_json(data: dict[str, list[dict[str, Any]]]) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2)


def _readable(sheet: PersonSheet, data: dict[str, list[dict[str, Any]]]) -> str:
    """Return the page of a person, what they agreed to, and then every row of every table."""
    from mailer.cli.sheet import ledger, page

    lines = [*page(sheet, 80), "", "What was agreed to", *ledger(sheet), "", "All that is kept, row by row"]
    for table, rows in data.items():
        for row in rows:
            lines += ["", table, *(f"  {name}: {value}" for name, value in row.items())]
    return "\n".join(lines)


def _agree(question: str, *, yes: bool) -> None:
    if not yes:
        again = shlex.join(["mailer", *sys.argv[1:], "--yes"])
        ask(question, PlanRefused("there is no terminal to ask on; nothing was changed", next_step=again))
