"""`mailer suppressions`: who is never mailed, whatever they are on."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.output import or_standard_output
from mailer.cli.terminal import ask, print_table
from mailer.errors import ExitCode, PlanRefused, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.consent import Source
    from mailer.services.suppression_files import SuppressionReport
    from mailer.services.suppressions import Lifting

BY_HAND = ["blocked", "bounced", "complained", "requested"]
REASONS = [*BY_HAND, "erased"]
FORMATS = ["csv", "ses", "sendgrid", "mailgun", "postmark", "mailchimp"]
SHOWN = 20  # bad rows on stderr


@click.group()
def suppressions() -> None:
    """Show, add, remove, import and export who is never mailed."""


@suppressions.command("list")
@click.option("--reason", type=click.Choice(REASONS), help="Only those of this reason.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object a line.")
@click.pass_obj
def show_all(app: App, reason: str | None, as_json: bool) -> None:
    """Show who is never mailed, why, and since when.

    An address that was erased is known by a hash (#...).
    """
    from mailer.services.suppressions import entries

    found = entries(app.database, reason)
    if as_json:
        for each in found:
            click.echo(json.dumps({**each._asdict(), "since": each.since.isoformat()}, ensure_ascii=False))
    else:
        rows = ((each.who, each.reason, f"{each.since:%Y-%m-%d}", each.note) for each in found)
        print_table(("who", "reason", "since", "note"), rows)


@suppressions.command("add")
@click.argument("who", nargs=-1, required=True)
@click.option("--reason", type=click.Choice(BY_HAND), default="blocked", help="blocked unless given.")
@click.option("--note", default="", help="What to remember of it.")
@click.pass_obj
def add(app: App, who: tuple[str, ...], reason: str, note: str) -> None:
    """Never mail WHO again.

    An address, or all of a domain (@quay.example).
    """
    from mailer.domain.suppression import Suppression
    from mailer.services.suppressions import add

    source = _source(app, "add")
    told = f"{source}: {note}" if note else str(source)
    for key in [_key(each) for each in who]:
        now = add(app.database, Suppression(key, reason, told, app.now()), source, app.now())
        since = f" since {now.since:%Y-%m-%d}" if now.note != told else ""
        click.echo(f"{_whom(key)} is never mailed{since}: {now.reason}.", err=True)


@suppressions.command("remove")
@click.argument("who")
@click.option("--because", required=True, metavar="TEXT", help="Why, in a few words; it is kept.")
@click.option("--they-asked", is_flag=True, help="They themselves asked to be mailed again.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def remove(app: App, who: str, because: str, they_asked: bool, yes: bool) -> None:
    """Let WHO be mailed again.

    An address, or all of a domain (@quay.example). That subscribes nobody: who left a list stays off it.
    Whoever complained, asked for no mail, or was erased can only come back by their own word: --they-asked.
    """
    from mailer.services.suppressions import lift, look

    if not because.strip():
        raise UsageError("--because needs a few words: they are all that tells later why")
    lifting = look(app.database, _key(who))
    if not (lifting.own_word and not they_asked):
        _agree(lifting, who, yes=yes)
    still = lift(app.database, lifting, _source(app, "remove"), because, app.now(), they_asked=they_asked)
    if still:
        also = f" with all of {still.who}" if still.who.startswith("@") else ""
        click.echo(
            f"{who} is never mailed all the same: it is suppressed{also}, too ({still.reason}).", err=True
        )
        return
    click.echo(f"{who} may be mailed again. Nobody was subscribed by that.", err=True)


def _agree(lifting: Lifting, who: str, *, yes: bool) -> None:
    found = lifting.found
    since = f"{found.since:%Y-%m-%d}"
    click.echo(f"{who} is suppressed since {since}: {found.reason} ({found.note or 'no note'})", err=True)
    if lifting.mailed:
        lists = ", ".join(f"{name} ({number:,})" for name, number in lifting.mailed.items())
        click.echo(f"Subscribed there, and mailed again from then on: {lists}", err=True)
    else:
        click.echo("Nobody is mailed by that: they are subscribed to no list.", err=True)
    if not yes:
        again = shlex.join(["mailer", *sys.argv[1:], "--yes"])
        refusal = PlanRefused(
            "there is no terminal to ask on; the suppression was not lifted", next_step=again
        )
        ask("Lift it?", refusal)


@suppressions.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", metavar="FORMAT", help="What the file is, where that can't be told.")
@click.option("--as", "reason", type=click.Choice(BY_HAND), help="Why, for everybody in the file.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; write nothing.")
@click.option("--rejects", type=click.Path(path_type=Path), help="Write the bad rows to this CSV file.")
@click.option("--json", "as_json", is_flag=True, help="The report as data.")
@click.pass_obj
def take_in(
    app: App,
    file: Path,
    form: str | None,
    reason: str | None,
    dry_run: bool,
    rejects: Path | None,
    as_json: bool,
) -> None:
    """Take in whom another program no longer mails.

    It knows what Amazon SES, SendGrid, Mailgun, Postmark and Mailchimp give out for theirs (CSV or JSON), and
    what `export` wrote. A column of addresses or @domains is taken in with --as. Who was only put off, or
    refused one message, is left out. A second time changes nothing.

    \b
    Ends with 0 if every row was good, with 3 if it is not clear why they are
    not to be mailed, with 4 if rows were rejected.
    """
    from mailer.domain.suppression import Reason
    from mailer.domain.suppression_files import BY_NAME
    from mailer.services.suppression_files import SuppressionImport, import_suppressions

    if form is not None and form not in BY_NAME:
        raise UsageError(f"--format {form}: there is {', '.join(BY_NAME)}")
    source = _source(app, file.name, "import")
    request = SuppressionImport(file, source, form, Reason(reason) if reason else None, dry_run, rejects)
    report = import_suppressions(app.database, request, app.now())
    _show(file, report, rejects)
    if as_json:
        click.echo(json.dumps(_data(file, report, dry_run=dry_run), ensure_ascii=False))
    else:
        _print(file, report, dry_run=dry_run)
    raise click.exceptions.Exit(ExitCode.FAILURES if report.rejected else ExitCode.COMPLETE)


def _show(file: Path, report: SuppressionReport, rejects: Path | None) -> None:
    for each in report.rejects[:SHOWN]:
        click.echo(f"{file}:{each.record.line}: {each.value[:60]!r}: {each.reason}", err=True)
    if more := report.rejected - len(report.rejects[:SHOWN]):
        where = f"all are in {rejects}" if rejects else "see them all with --rejects FILE"
        click.echo(f"... and {more:,} more rows; {where}", err=True)


def _print(file: Path, report: SuppressionReport, *, dry_run: bool) -> None:
    click.echo(f"{file} · {report.file.says}{' · dry run, nothing was written' if dry_run else ''}")
    added = "   ".join(f"{reason} {number:,}" for reason, number in sorted(report.added.items()))
    click.echo(f"  rows {report.rows:,}   known {report.known:,}   rejected {report.rejected:,}")
    click.echo(f"  new: {added or 'nobody'}")
    if report.soft:
        click.echo(f"  left out, because they were only put off or refused one message: {report.soft:,}")


def _data(file: Path, report: SuppressionReport, *, dry_run: bool) -> dict[str, object]:
    rejects = [
        {"line": each.record.line, "value": each.value, "reason": each.reason} for each in report.rejects
    ]
    counts = {"rows": report.rows, "known": report.known, "soft": report.soft, "rejected": report.rejected}
    taken = {"file": str(file), "format": report.file.name, "dry_run": dry_run}
    return {**taken, **counts, "added": dict(sorted(report.added.items())), "rejects": rejects}


@suppressions.command("export")
@click.argument("file", type=click.Path(path_type=Path), required=False, callback=or_standard_output)
@click.option("--format", "form", type=click.Choice(FORMATS), default="csv", help="Whose; ours unless given.")
@click.option("--reason", type=click.Choice(REASONS), help="Only those of this reason.")
@click.pass_obj
def give_out(app: App, file: Path | None, form: str, reason: str | None) -> None:
    """Write who is never mailed to a file.

    Ours, or one for a provider to take in; without FILE to standard output.
    """
    from mailer.domain.suppression import Reason
    from mailer.private import replacing
    from mailer.services.suppression_files import export_suppressions

    why = Reason(reason) if reason else None
    try:
        if file is None:
            given = export_suppressions(app.database, form, sys.stdout.buffer, why)
        else:
            with replacing(file) as out:
                given = export_suppressions(app.database, form, out, why)
    except OSError as error:
        if file is None:
            raise
        raise UsageError(f"{file} can't be written: {error.strerror}") from None
    where = f" to {file}, for you alone to read" if file else ""
    click.echo(f"Wrote {given.written:,}{where}.", err=True)
    if given.left_out:
        what = "hashes of erased addresses" if form == "csv" else "domains and hashes of erased addresses"
        click.echo(f"Left out {given.left_out:,}: {what} mean nothing elsewhere.", err=True)


def _key(text: str) -> str:
    from mailer.domain.address import AddressError
    from mailer.domain.suppression import read_who

    try:
        return read_who(text)
    except AddressError as error:
        raise UsageError(
            f"{text!r} is neither a mail address nor a domain: {error}",
            next_step="An address is written like ada@quay.example, all of a domain like @quay.example",
        ) from None


def _whom(key: str) -> str:
    return f"Everybody at {key[1:]}" if key.startswith("@") else key


def _source(app: App, name: str, kind: str = "command") -> Source:
    from mailer.domain.consent import Source, SourceKind

    return Source(SourceKind(kind), name if kind == "import" else f"suppressions {name}", app.user)
