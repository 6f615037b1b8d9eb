"""Character references of HTML in front matter, where nothing reads them: `Fish &amp; chips`."""

from __future__ import annotations

import re
from html import unescape

from mailer.compose.issue.notices import Notices
from mailer.domain.issue import Issue

_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,30});")
_SHOWN = ("title", "subject", "description", "kicker", "standfirst", "byline")


def unread_references(issue: Issue, notices: Notices) -> None:
    """Note each key of front matter whose text would be mailed with a character reference in it."""
    for key in _SHOWN:
        found = _REFERENCE.search(getattr(issue, key))
        if key in issue.field_lines and found and unescape(found.group()) != found.group():
            meant = unescape(found.group())
            notices.add(
                issue.field_lines[key],
                f"{key}: {found.group()} would be mailed as it stands; write {meant!r} itself",
            )
