"""What is looked at: an issue, its file, and the mail that one recipient gets of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from lxml.html import HtmlElement

from mailer.check.lines import Lines, read_html
from mailer.compose.body import Body
from mailer.compose.css.reading import StyleRule, hides, read_sheet
from mailer.domain.field import FieldType
from mailer.domain.issue import Issue, IssueNotice

# Elements whose text is not prose.
SILENT = frozenset({"code", "pre", "kbd", "samp", "style", "script", "title"})
_PADDING = re.compile(r"[\u034f\u200b-\u200f\u00ad\u2007\ufeff\s]+\Z")


@dataclass(frozen=True)
class RenderedMail:
    """An issue ready to be looked at. `html`, `text` and `subject` are as one recipient gets them.

    `body` is what became of the issue before the layout. `octets` is the size of `html` with its line ends as
    they are sent. `public` says that mail leaves this machine.
    `uses` are the subscriber's fields that the issue looks up: True for one that must have a value, because
    no `default` stands in for it. `values` says how many of the `recipients` have a value for
    each field; None where that isn't known. `decides` are the fields that are taken for true or false
    (False where only for being there), `texts` what is text in them, with how often. `compares` are those
    that are compared with a text, each with its type and that text. `refusals` say for how many the issue
    can't be filled and why, each with what to do. `missing_lists` are the issue's that don't exist.
    `own_links` are those of the one reader, `dead` addresses that were tried in vain, with the reason.
    `own_layout` says that the layout may be a workspace's own, so that it is worth while to tell what could
    be better in it.
    """

    issue: Issue
    html: str
    text: str
    subject: str
    octets: int
    body: Body
    unsubscribe_url: str = ""
    own_links: tuple[str, ...] = ()
    postal_address: str = ""
    public: bool = True
    uses: Mapping[str, bool] = field(default_factory=dict)
    values: Mapping[str, int] | None = None
    recipients: int = 0
    decides: Mapping[str, bool] = field(default_factory=dict)
    texts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    compares: Mapping[str, tuple[FieldType, str]] = field(default_factory=dict)
    refusals: tuple[tuple[str, str | None], ...] = ()
    missing_lists: tuple[str, ...] = ()
    own_layout: bool = True
    dead: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def document(self) -> HtmlElement:
        """The HTML part, read."""
        return read_html(self.html)

    @property
    def notices(self) -> tuple[IssueNotice, ...]:
        """What reading the file and writing its body gave notice of."""
        return *self.issue.notices, *self.body.notices

    @property
    def layout(self) -> str:
        """What to call what is round the issue's text; a whole document is its own layout."""
        return "the document" if self.body.traits else f"the layout {self.issue.template!r}"

    @cached_property
    def lines(self) -> Lines:
        """Where the mail's elements stand in the file."""
        return Lines(self.issue.source, self.body, self.document)

    @cached_property
    def style_texts(self) -> list[str]:
        """What stands in the `<style>` elements."""
        return [each.text or "" for each in self.document.iter("style")]

    @cached_property
    def styles(self) -> list[StyleRule]:
        """The rules of all `<style>` elements, in order."""
        return [rule for text in self.style_texts for rule in read_sheet(text)]

    @cached_property
    def preheader(self) -> str:
        """The hidden line that an inbox shows after the subject, without what pads it."""
        for element in self.elements("div", "span", "p", "td"):
            words = element.text_content().strip()
            if words and not _holds_more(element):
                return " ".join(_PADDING.sub("", words).split()) if hides(element.get("style", "")) else ""
        return ""

    def elements(self, *tags: str) -> Iterator[HtmlElement]:
        """Yield the elements of these tags in the body, in order."""
        body = self.document.find("body")
        return body.iter(*tags) if body is not None else iter(())


def _holds_more(element: HtmlElement) -> bool:
    return next(element.iterdescendants("div", "span", "p", "td"), None) is not None
