"""The sheet that is looked at: an issue, its file, and the mail that one recipient gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mailer.domain.issue import Issue


@dataclass(frozen=True)
class Sheet:
    """An issue ready to be looked at. `html`, `text` and `subject` are as one recipient gets them.

    `source` is the file's text, with line feeds only. `octets` is the size of `html` with its line ends as
    they are sent. `public` says that mail leaves this machine. `uses` are the subscriber's fields that the
    issue looks up: True for one that must have a value, because no `default` and no `if` stands in for it.
    `values` says how many of the `recipients` have a value for each field; None where that isn't known.
    """

    issue: Issue
    source: str
    html: str
    text: str
    subject: str
    octets: int
    unsubscribe_url: str = ""
    postal_address: str = ""
    public: bool = True
    uses: Mapping[str, bool] = field(default_factory=dict)
    values: Mapping[str, int] | None = None
    recipients: int = 0
