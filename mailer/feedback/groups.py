"""Groups of fields in the body of a report: a delivery status (RFC 3464), a feedback report (RFC 5965)."""

from __future__ import annotations

from mailer.feedback.fields import VALUE, Fields

LINES = 2000  # of a report
GROUPS = 100  # in it: a message goes to one person, an alias rarely to more


def read_groups(text: str, beginning: str = "") -> list[Fields]:
    """Return the groups between blank lines; what is no field is left out.

    A field `beginning` that stands in a group already begins the next one, for some leave out the blank line.
    """
    groups: list[Fields] = [{}]
    latest: list[str] = []
    for line in text.split("\n", LINES)[:LINES]:
        if not line.strip():
            _next(groups)
        elif line[0] in " \t":
            if latest:
                latest[-1] = f"{latest[-1]} {line.strip()}"[:VALUE]
        else:
            name, colon, value = line.partition(":")
            name = name.strip().lower()
            if not colon or not name or " " in name:
                continue
            if name == beginning and name in groups[-1]:
                _next(groups)
            latest = groups[-1].setdefault(name, [])
            latest.append(value.strip()[:VALUE])
    return [group for group in groups if group]


def _next(groups: list[Fields]) -> None:
    if groups[-1] and len(groups) < GROUPS:
        groups.append({})
