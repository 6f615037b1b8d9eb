"""What `mailer subscribers import` shows while it works and when it is done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.consent import question
from mailer.cli.pairs import pair
from mailer.cli.progress import bar
from mailer.cli.terminal import print_table
from mailer.domain.consent import KeptIp
from mailer.domain.field import FieldType
from mailer.domain.standing import Standing
from mailer.domain.yes_no import YesNo
from mailer.errors import UsageError
from mailer.services.import_people import (
    KEPT,
    Answers,
    ConsentUnclear,
    Import,
    ImportReport,
    Reject,
    import_files,
)

if TYPE_CHECKING:
    from mailer.bootstrap import App

SHOWN = 20  # bad rows on stderr
FEW = 5  # lines of duplicates
COUNTS = ("added", "updated", "unchanged", "duplicates", "rejected")
STANDINGS = ("subscribed", "unconfirmed", "unsubscribed", "kept_out", "suppressed")


def run(app: App, requests: Sequence[Import], *, as_json: bool) -> list[ImportReport]:
    """Import; progress and bad rows go to stderr, the reports to stdout, and they are returned too."""
    first = requests[0]
    try:
        bars = partial(bar, "importing"), partial(bar, "reading")
        reports = import_files(app.database, requests, app.now(), *bars)
    except ConsentUnclear as stop:
        raise question(
            stop, [] if first.lists else _some_list(app), [each.path for each in requests]
        ) from None
    for report in reports:
        _show_rejects(first, report)
        if as_json:
            click.echo(json.dumps(_data(first, report), ensure_ascii=False))
        else:
            _print(first, report)
    if not any(report.lists for report in reports) and not first.answers.settled:
        click.echo("On no list, they are not mailed: import again with --list LIST.", err=True)
    return reports


def _some_list(app: App) -> list[str]:
    """Return the options for the first list there is, else for one that is made."""
    names = [each.name for each in app.lists.all()]
    return ["--list", names[0]] if names else ["--list", "weekly", "--create-list"]


def _show_rejects(request: Import, report: ImportReport) -> None:
    path = report.name
    where = f"all are in {request.rejects}" if request.rejects else "see them all with --rejects FILE"
    faults, duplicates, erased = _sorted(report.rejects)
    for reject in faults[:SHOWN]:
        click.echo(f"{path}:{reject.line}: {_short(reject.value)}: {reject.reason}", err=True)
    if more := report.rejected - len(faults[:SHOWN]):
        click.echo(f"... and {more:,} more rows; {where}", err=True)
    if count := report.duplicates:
        rows = f"{count:,} rows are of people" if count > 1 else "1 row is of somebody"
        lines = _lines(duplicates, count, where)
        click.echo(f"{path}: {rows} in an earlier row, which counts ({lines})", err=True)
    if count := report.erased:
        rows = f"{count:,} rows are of people who were" if count > 1 else "1 row is of somebody who was"
        again = (
            "taken in again only by their own word: mailer subscribers add EMAIL --list LIST --resubscribe"
        )
        click.echo(f"{path}: {rows} erased on request ({_lines(erased, count, where)}), {again}", err=True)
    if report.folded:
        rows = f"{report.folded:,} row{'s' if report.folded > 1 else ''}"
        click.echo(f"{path}: in {rows} a line break in a cell became a blank", err=True)
    if (lost := report.shortened).rows:
        rows = f"{lost.rows:,} row{'s' if lost.rows > 1 else ''}"
        what = f"{lost.text}: in {rows} a spreadsheet shortened a number, and figures are lost"
        click.echo(f"{path}:{lost.line}: {what}: export it anew with the column as text", err=True)


def _lines(rejects: Sequence[Reject], count: int, where: str) -> str:
    lines = ", ".join(str(each.line) for each in rejects[:FEW])
    return f"line {lines}" + (f" and {count - FEW:,} more; {where}" if count > FEW else "")


def _sorted(rejects: Sequence[Reject]) -> tuple[list[Reject], list[Reject], list[Reject]]:
    """Return the rows at fault, those of people in an earlier row, and those of people who were erased."""
    faults = [each for each in rejects if not (each.duplicate or each.erased)]
    return faults, [each for each in rejects if each.duplicate], [each for each in rejects if each.erased]


def _short(value: str) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:56]}...'"


def _data(request: Import, report: ImportReport) -> dict[str, Any]:
    return {
        "file": report.name,
        "taken_for": report.taken_for,
        "remarks": list(report.remarks),
        "dry_run": request.dry_run,
        "lists": list(report.lists),
        "columns": [
            {"column": column.heading, "field": column.field, "type": str(column.type)}
            for column in report.columns
        ],
        "rows": report.rows,
        **{name: getattr(report, name) for name in (*COUNTS, "erased", *STANDINGS, "folded")},
        "shortened": report.shortened.rows,
        "rejects": [
            {name: getattr(each, name) for name in ("line", "value", "reason", "duplicate", "erased")}
            for each in list(chain(*_sorted(report.rejects)))[:KEPT]
        ],
    }


def _print(request: Import, report: ImportReport) -> None:
    if request.dry_run:
        print_table(
            ("column", "field", "type"),
            [(column.heading, column.field, column.type) for column in report.columns],
        )
    where = f" · list {', '.join(report.lists)}" if report.lists else ""
    click.echo(f"{report.name}{where}{' · dry run, nothing was written' if request.dry_run else ''}")
    click.echo(f"  taken for {report.taken_for}")
    for remark in report.remarks:
        click.echo(f"  {remark}")
    click.echo(
        f"  rows {report.rows:,}   {_counts(report, [*COUNTS, *(['erased'] if report.erased else [])])}"
    )
    if of_them := _counts(report, [name for name in STANDINGS if getattr(report, name)]):
        click.echo(f"  {of_them}")


def _counts(report: ImportReport, names: Iterable[str]) -> str:
    said = {"kept_out": "stay unsubscribed"}
    return "   ".join(f"{said.get(name, name)} {getattr(report, name):,}" for name in names)


def requested(
    file: Path,
    names: tuple[str, ...],
    app: App,
    formats: Path,
    mapping: tuple[str, ...],
    types: tuple[str, ...],
    true: tuple[str, ...],
    false: tuple[str, ...],
    *,
    create_list: bool,
    dry_run: bool,
    rejects: Path | None,
    form: str,
    sheet: str,
    encoding: str,
    **consent: Any,
) -> Import:
    """Return what the options of `subscribers import` ask of one file; UsageError if two contradict."""
    if both := set(map(str.casefold, true)) & set(map(str.casefold, false)):
        raise UsageError(f"{min(both)!r} can't be both true and false")
    return Import(
        file,
        names,
        dict(pair(text, "--map") for text in mapping),
        dict(_typed(text) for text in types),
        create_list,
        dry_run,
        YesNo(true, false),
        _answers(**consent),
        rejects,
        app.user,
        form,
        sheet,
        encoding,
        formats,
        KeptIp(app.settings.consent_ip),
    )


def _answers(
    status: tuple[str, ...],
    left: tuple[str, ...],
    agreed: tuple[str, ...],
    ignored: tuple[str, ...],
    standing: str | None,
) -> Answers:
    meanings = [(value, Standing.SUBSCRIBED) for value in agreed]
    meanings += [(value, Standing.UNSUBSCRIBED) for value in left]
    answers = Answers(status, ignored, tuple(meanings), Standing(standing) if standing else None)
    if answers.settled and (status or meanings):
        raise UsageError(f"--as {standing} is of everybody in the file: no column or value says otherwise")
    return answers


def _typed(text: str) -> tuple[str, FieldType]:
    name, kind = pair(text, "--type")
    try:
        return name, FieldType(kind)
    except ValueError:
        known = ", ".join(FieldType)
        raise UsageError(f"--type {text}: no such type {kind!r}; there is {known}") from None
