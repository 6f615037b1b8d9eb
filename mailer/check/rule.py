"""A rule: a name that stays, how bad it is to break it, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from mailer.check.finding import Finding, Severity
from mailer.check.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding as a rule's function makes it; `severity` and `hint` are the rule's unless given."""

    text: str
    line: int | None = None
    severity: Severity | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `name` is stable: it stands in issues (`check_off`), in reports and in docs/check.md."""

    name: str
    severity: Severity
    look: Callable[[Sheet], Iterable[Remark]]
    hint: str

    def findings(self, sheet: Sheet) -> Iterator[Finding]:
        """Yield what this rule finds in `sheet`, each thing once."""
        for remark in dict.fromkeys(self.look(sheet)):
            severity = remark.severity or self.severity
            hint = remark.hint or self.hint
            yield Finding(self.name, severity, sheet.issue.path, remark.line, remark.text, hint)


def remark(
    sheet: Sheet,
    element: HtmlElement,
    text: str,
    *,
    written: str | None = None,
    severity: Severity | None = None,
    hint: str = "",
) -> Remark:
    """Return a remark about an element of the mail: with its line, or the layout's name where it has none.

    `written` is what to look for in the file near the element: an address, or words.
    """
    line = sheet.lines.of(element, written)
    where = "" if line else f" (in {sheet.layout})"
    return Remark(f"{text}{where}", line, severity, hint)


def short(text: str, most: int = 60) -> str:
    """Return `text` on one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
