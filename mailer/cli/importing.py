"""What `mailer subscribers import` shows while it works and when it is done."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.progress import bar
from mailer.cli.table import SpreadsheetWriter, print_table
from mailer.errors import UsageError
from mailer.storage.csvfile import CsvFile
from mailer.storage.importing import Import, Report, run_import
from mailer.storage.rows import Reject

if TYPE_CHECKING:
    from mailer.bootstrap import App

SHOWN = 20  # bad rows on stderr
KEPT = 1000  # bad rows in the report as data
COUNTS = ("added", "updated", "unchanged", "duplicates", "rejected", "kept_out", "suppressed")


def run(app: App, request: Import, rejects: Path | None, *, as_json: bool) -> Report:
    """Import; progress and bad rows go to stderr, the report to stdout, and it is returned too."""
    bad: list[Reject] = []
    with ExitStack() as stack:
        write = stack.enter_context(_rejects_file(rejects, request.path)) if rejects else None

        def on_reject(reject: Reject) -> None:
            if write:
                write(reject)
            if len(bad) < KEPT:
                bad.append(reject)

        report = run_import(app.database, request, app.now(), on_reject, _progress(stack))
    _show_rejects(request.path, bad, report, rejects)
    if as_json:
        click.echo(json.dumps(_data(request, report, bad), ensure_ascii=False))
    else:
        _print(request, report)
    if not request.lists:
        click.echo("On no list, they are not mailed: import again with --list LIST.", err=True)
    return report


def _progress(stack: ExitStack) -> Callable[[int, int], None]:
    """Return what takes rows done and rows in all; the bar begins with the first call."""
    advance: Callable[[int], None] | None = None
    before = 0

    def on_progress(done: int, total: int) -> None:
        nonlocal advance, before
        if advance is None:
            advance = stack.enter_context(bar("importing", total))
        advance(done - before)
        before = done

    return on_progress


@contextmanager
def _rejects_file(path: Path, source: Path) -> Iterator[Callable[[Reject], None]]:
    """Yield what writes a bad row to `path`: its line, the reason, its cells as they were."""
    header = CsvFile.open(source).header.cells
    if path.exists() and path.samefile(source):
        raise UsageError(f"--rejects {path} is the file to import; name another one")
    try:
        # Other people's addresses: for the owner's eyes only.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UsageError(f"--rejects {path} can't be written: {error.strerror}") from None
    with open(descriptor, "w", encoding="utf-8", newline="") as out:  # noqa: PTH123
        writer = SpreadsheetWriter(out)
        writer.row(("line", "reason", *header))
        yield lambda reject: writer.row((reject.line, reject.reason, *reject.cells))


def _show_rejects(path: Path, bad: list[Reject], report: Report, rejects: Path | None) -> None:
    for reject in bad[:SHOWN]:
        click.echo(f"{path}:{reject.line}: {_short(reject.value)}: {reject.reason}", err=True)
    if more := report.rejected + report.duplicates - len(bad[:SHOWN]):
        where = f"all are in {rejects}" if rejects else "see them all with --rejects FILE"
        click.echo(f"... and {more:,} more rows; {where}", err=True)


def _short(value: str) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:56]}...'"


def _data(request: Import, report: Report, bad: list[Reject]) -> dict[str, Any]:
    return {
        "file": str(request.path),
        "dry_run": request.dry_run,
        "lists": list(request.lists),
        "columns": [
            {"column": column.heading, "field": column.field, "type": str(column.type)}
            for column in report.columns
        ],
        "rows": report.rows,
        **{name: getattr(report, name) for name in COUNTS},
        "rejects": [
            {"line": each.line, "value": each.value, "reason": each.reason, "duplicate": each.duplicate}
            for each in bad
        ],
    }


def _print(request: Import, report: Report) -> None:
    if request.dry_run:
        print_table(
            ("column", "field", "type"),
            [(column.heading, column.field, column.type) for column in report.columns],
        )
    where = f" · list {', '.join(request.lists)}" if request.lists else ""
    click.echo(f"{request.path}{where}{' · dry run, nothing was written' if request.dry_run else ''}")
    counts = "   ".join(f"{name} {getattr(report, name):,}" for name in COUNTS[:5])
    click.echo(f"  rows {report.rows:,}   {counts}")
    if report.kept_out or report.suppressed:
        click.echo(f"  stay unsubscribed {report.kept_out:,}   suppressed {report.suppressed:,}")
