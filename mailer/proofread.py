"""From a compiled issue to the sheet that `mailer.check` looks at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mailer.check.sheet import Sheet
from mailer.domain.recipient import Recipient

if TYPE_CHECKING:
    from mailer.compose.template import MessageTemplate
    from mailer.domain.issue import Issue
    from mailer.engine.correspondence import Correspondence


def sheet_of(
    issue: Issue,
    template: MessageTemplate,
    correspondence: Correspondence,
    recipient: Recipient,
    *,
    postal_address: str,
    public: bool,
) -> Sheet:
    """Return the sheet of `issue` as `recipient` gets it; raises CannotFill where they can't get it."""
    names = correspondence.names(recipient, 0)
    return Sheet(
        issue=issue,
        source=source_of(Path(issue.path)),
        html=template.html(names),
        text=template.text(names),
        subject=template.subject(names),
        octets=template.html_size(names),
        unsubscribe_url=names["unsubscribe_url"],
        postal_address=postal_address,
        public=public,
    )


def source_of(file: Path) -> str:
    """Return the text of an issue file that was read before, every line end a line feed."""
    return file.read_text(encoding="utf-8-sig")
