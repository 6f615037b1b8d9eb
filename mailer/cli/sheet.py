"""One person on one page, and what the ledger of consent says of them: for a terminal of any width."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mailer.cli.terminal import width
from mailer.domain.field import to_text

if TYPE_CHECKING:
    from mailer.services.person import ConsentRecord, PersonSheet

WIDEST = 110  # columns
ROOM = 36  # columns that a last cell needs beside the others; else it goes below them
LAST = 5  # sends, and lines of consent

Row = Sequence[str]


def page(sheet: PersonSheet, columns: int = 0) -> Iterator[str]:
    """Yield the lines of the page; `columns` is how wide it may be, the terminal's width unless given."""
    columns = columns or min(shutil.get_terminal_size((WIDEST, 0)).columns, WIDEST)
    yield sheet.email
    if sheet.id is None:
        yield from _laid_out([("", "is nobody's address here.")], columns)
    else:
        yield from _laid_out(_known(sheet), columns)
    yield from _block("Never mailed", [("", _suppressed(sheet))], columns)
    if sheet.id is None:
        return
    outlook = dict(sheet.outlook())
    lists = [
        (each.list_name, str(each.status), day(each.since), f"{outlook[each.list_name]} ({each.source})")
        for each in sheet.subscriptions
    ]
    yield from _block("Lists", lists or [("", "on none, so that nothing is mailed")], columns)
    sends = [
        (day(each.at), f"{each.slug}{' (erratum)' if each.erratum else ''}", each.state, each.words)
        for each in sheet.sends
    ]
    yield from _block(_few("Sends", sends, f"mailer why {sheet.email}"), sends[:LAST], columns)
    said = [
        (day(each.at), each.list_name or "all mail", str(each.change), _how(each))
        for each in reversed(sheet.consents)
    ]
    all_of_it = f"mailer subscribers consent {sheet.email}"
    yield from _block(_few("Consent", said, all_of_it), said[:LAST], columns)


def ledger(sheet: PersonSheet) -> Iterator[str]:
    """Yield what the ledger of consent says, with all its evidence."""
    for each in sheet.consents:
        yield f"{_moment(each.at)}  {each.list_name or 'all mail'}: {each.change}"
        yield f"  by {_how(each)}"
        known = each.evidence
        if each.recorded_at != each.at:
            yield f"  recorded {_moment(each.recorded_at)}"
        if known.ip or known.agent:
            yield f"  from {known.ip or 'somewhere'} with {known.agent or 'an unknown program'}"
        if each.source.wording:
            version = f" (version {each.source.version})" if each.source.version else ""
            yield f"  agreed to{version}: {each.source.wording}"


def data(sheet: PersonSheet) -> dict[str, Any]:
    """Return the page for a program, with every send and all of the ledger of consent."""
    suppressed = sheet.suppression and {
        **sheet.suppression._asdict(),
        "since": sheet.suppression.since.isoformat(),
    }
    outlook = dict(sheet.outlook())
    return {
        "email": sheet.email,
        "id": sheet.id,
        "before": list(sheet.before),
        "values": sheet.values or {},
        "created_at": _iso(sheet.created_at),
        "updated_at": _iso(sheet.updated_at),
        "suppressed": suppressed,
        "lists": [
            {
                "list": each.list_name,
                "status": each.status,
                "since": each.since.isoformat(),
                "source": each.source,
                "paused_until": _iso(each.paused_until),
                "outlook": outlook[each.list_name],
            }
            for each in sheet.subscriptions
        ],
        "sends": [{**each._asdict(), "at": each.at.isoformat()} for each in sheet.sends],
        "consent": [record(each) for each in sheet.consents],
    }


def record(each: ConsentRecord) -> dict[str, Any]:
    """Return one line of the ledger of consent for a program."""
    known, source = each.evidence, each.source
    return {
        "at": each.at.isoformat(),
        "recorded_at": each.recorded_at.isoformat(),
        "list": each.list_name,
        "change": each.change,
        "source": {"kind": source.kind, "name": source.name, "by": source.by},
        "wording": source.wording or None,
        "version": source.version or None,
        "line": known.line,
        "ip": known.ip,
        "agent": known.agent,
        "note": known.note,
    }


def day(moment: datetime) -> str:
    """Return the day of a moment in UTC."""
    return f"{moment:%Y-%m-%d}"


def _known(sheet: PersonSheet) -> Iterator[Row]:
    for name, value in (sheet.values or {}).items():
        yield name, to_text(value)
    for email in sheet.before:
        yield "before", email
    if sheet.created_at and sheet.updated_at:
        yield "here since", f"{day(sheet.created_at)}, changed {day(sheet.updated_at)}"


def _suppressed(sheet: PersonSheet) -> str:
    if (found := sheet.suppression) is None:
        return "no"
    by = f", with all of {found.who}" if found.who.startswith("@") else ""
    return f"{found.reason}{by}, since {day(found.since)}: {found.note or 'no note'}"


def _how(each: ConsentRecord) -> str:
    line = f", line {each.evidence.line}" if each.evidence.line else ""
    note = f": {each.evidence.note}" if each.evidence.note else ""
    return f"{each.source}{line}{note}"


def _few(heading: str, rows: Sequence[Row], command: str) -> str:
    return heading if len(rows) <= LAST else f"{heading}: the last {LAST} of {len(rows):,} ({command})"


def _block(heading: str, rows: Iterable[Row], columns: int) -> Iterator[str]:
    rows = list(rows)
    if rows:
        yield ""
        yield heading
        yield from _laid_out(rows, columns)


def _laid_out(rows: Iterable[Row], columns: int) -> Iterator[str]:
    """Yield rows of aligned cells, the last one wrapped beside the others; below them where it is narrow."""
    rows = [row for row in rows if row]
    widths = [max(map(width, cells)) for cells in zip(*(row[:-1] for row in rows), strict=True)]
    indent = 2 + sum(each + 2 for each in widths if each)
    beside = columns - indent >= ROOM
    for *cells, last in rows:
        padded = (text + " " * (room - width(text)) for text, room in zip(cells, widths, strict=True) if room)
        start = "  " + "".join(f"{text}  " for text in padded)
        below = " " * (indent if beside else 6)
        if beside or not start.strip():
            yield from textwrap.wrap(last or "·", columns, initial_indent=start, subsequent_indent=below)
        else:
            yield start.rstrip()
            yield from textwrap.wrap(last, columns, initial_indent=below, subsequent_indent=below)


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
