"""`mailer subscribers export`: people as a file, or on standard output."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.output import or_standard_output
from mailer.cli.progress import bar
from mailer.cli.records import PERSONAL_FORMATS, give_out
from mailer.cli.segment_options import chosen, segment_options
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.export import FileKind

FORMATS = ["csv", "jsonl", "xlsx"]
STATUSES = ["subscribed", "unconfirmed", "unsubscribed"]


@click.command("export")
@click.argument("file", type=click.Path(path_type=Path), required=False, callback=or_standard_output)
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, *PERSONAL_FORMATS]),
    help="By default as FILE ends, else csv; of one person json, or text to read.",
)
@click.option("--list", "name", metavar="LIST", help="Only those on this list.")
@click.option("--status", type=click.Choice(STATUSES), help="Only those with this status.")
@segment_options
@click.option("--person", metavar="EMAIL", help="All that is held of one person, from every table.")
@click.pass_obj
def export(
    app: App,
    file: Path | None,
    form: str | None,
    name: str | None,
    status: str | None,
    segment: str | None,
    excluded_segments: tuple[str, ...],
    person: str | None,
) -> None:
    """Write people to a file or to standard output.

    With every field, list and state; the end of FILE says whether it is CSV, JSON lines or a workbook.

    `mailer subscribers import` reads the same back. Where nobody is left out, the addresses that are only
    known for never being mailed are in it, too.
    """
    from mailer.domain.subscriber import Status
    from mailer.private import replacing
    from mailer.services.export import Export, FileKind, export_people

    if person is not None:
        if name or status or segment or excluded_segments:
            raise UsageError("--person is of one person, whatever lists they are on")
        give_out(app, person, file, form)
        return
    segments = chosen(app, segment, excluded_segments)
    request = Export(_form(file, form), name, Status(status) if status else None, segments)
    run = partial(export_people, app.database, request, progress=partial(bar, "exporting"))
    if file is None and request.form is FileKind.WORKBOOK and sys.stdout.isatty():
        raise UsageError("a workbook can't be shown on a terminal", next_step="Name a file for it.")
    try:
        with replacing(file) if file else nullcontext(sys.stdout.buffer) as out:
            number = run(out=out)
            out.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"{file or 'standard output'} can't be written: {error.strerror}") from None
    if file is None:
        return
    click.echo(
        f"Wrote {number:,} {'people' if number != 1 else 'person'} to {file}, for you alone to read.",
        err=True,
    )


def _form(file: Path | None, chosen: str | None) -> FileKind:
    from mailer.services.export import FileKind

    if chosen in PERSONAL_FORMATS:
        raise UsageError(f"--format {chosen} is of one person", next_step="Say of whom: --person EMAIL")
    if chosen:
        return FileKind(chosen)
    end = file.suffix.lower().lstrip(".") if file else ""
    if end and end not in FORMATS:
        raise UsageError(
            f"{file} doesn't end in .{', .'.join(FORMATS[:-1])} or .{FORMATS[-1]}",
            next_step="Say what to write: --format csv",
        )
    return FileKind(end or "csv")
