"""A specimen in a few lines, for a terminal; and the same as data, for a program."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote
from typing import Any

from mailer.check.size import CLIPPED_AT
from mailer.proof.proofread import counted, finding_data
from mailer.proof.sample import Sample


def summary(sample: Sample) -> Iterator[tuple[str, str]]:
    """Yield what an editor looks at first: names and values."""
    yield "subject", sample.field("Subject")
    yield "preheader", sample.preheader or "none: inboxes show the first words of the mail"
    yield "from", sample.field("From")
    if reply_to := sample.field("Reply-To"):
        yield "reply to", reply_to
    yield "to", sample.field("To")
    yield "size", _size(sample)
    if files := [part.name or part.type for part in sample.reading.others]:
        yield "files", ", ".join(files)
    yield "check", _check(sample)


def data(sample: Sample) -> dict[str, Any]:
    """Return the same as JSON data, with each finding."""
    names = ("subject", "from", "to", "reply-to")
    return {name.replace("-", "_"): sample.field(name) for name in names} | {
        "issue": sample.issue.slug,
        "reader": sample.reader.email,
        "preheader": sample.preheader,
        "octets": len(sample.content),
        "html_octets": sample.html_octets,
        "text_octets": len(sample.text.encode()),
        "files": [{"name": part.name, "type": part.type} for part in sample.reading.others],
        "findings": [finding_data(finding) for finding in sample.findings],
        "remarks": list(sample.remarks),
    }


def _size(sample: Sample) -> str:
    used = 100 * sample.html_octets / CLIPPED_AT
    parts = f"HTML {sample.html_octets:,}, {used:.0f} % of what Gmail shows"
    return f"{len(sample.content):,} octets ({parts})"


def _check(sample: Sample) -> str:
    found = counted(sample.findings)
    return f"{found}: mailer check {quote(sample.issue.path)}" if found else "nothing found"
