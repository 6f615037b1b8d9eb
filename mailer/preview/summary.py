"""A specimen in a few lines, for a terminal; and the same as data, for a program."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Any

from mailer.check.size import CLIPPED_AT
from mailer.preview.specimen import Specimen
from mailer.proofread import counted, finding_data


def summary(specimen: Specimen) -> Iterator[tuple[str, str]]:
    """Yield what an editor looks at first: names and values."""
    yield "subject", specimen.field("Subject")
    yield "preheader", specimen.preheader or "none: inboxes show the first words of the mail"
    yield "from", specimen.field("From")
    if reply_to := specimen.field("Reply-To"):
        yield "reply to", reply_to
    yield "to", specimen.field("To")
    yield "size", _size(specimen)
    if files := [part.name or part.type for part in specimen.reading.others]:
        yield "files", ", ".join(files)
    yield "check", _check(specimen)


def data(specimen: Specimen) -> dict[str, Any]:
    """Return the same as JSON data, with each finding."""
    names = ("subject", "from", "to", "reply-to")
    return {name.replace("-", "_"): specimen.field(name) for name in names} | {
        "issue": specimen.issue.slug,
        "reader": specimen.reader.email,
        "preheader": specimen.preheader,
        "octets": len(specimen.content),
        "html_octets": specimen.html_octets,
        "text_octets": len(specimen.text.encode()),
        "files": [{"name": part.name, "type": part.type} for part in specimen.reading.others],
        "findings": [finding_data(finding) for finding in specimen.findings],
        "remarks": list(specimen.remarks),
    }


def _size(specimen: Specimen) -> str:
    used = 100 * specimen.html_octets / CLIPPED_AT
    parts = f"HTML {specimen.html_octets:,}, {used:.0f} % of what Gmail shows"
    return f"{len(specimen.content):,} octets ({parts})"


def _check(specimen: Specimen) -> str:
    found = counted(specimen.findings)
    return f"{found}: mailer check {quote(specimen.issue.path)}" if found else "nothing found"
