"""A rule: a name that stays, how bad it is to break it, and the function that looks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from lxml.html import HtmlElement

from mailer.check.finding import Finding, Location, Severity
from mailer.check.rendered import RenderedMail


@dataclass(frozen=True, slots=True)
class Remark:
    """What a rule's function found at one place; `severity` and `hint` are the rule's unless given.

    Remarks of the same `kind`, which is the text unless given, are one finding.
    """

    text: str
    line: int | None = None
    severity: Severity | None = None
    hint: str = ""
    kind: str = ""


Looking = Callable[[RenderedMail], Iterable[Remark]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `name` is stable: it stands in issues (`check_off`), in reports and in docs/check.md."""

    name: str
    severity: Severity
    look: Looking
    hint: str

    def findings(self, mail: RenderedMail) -> Iterator[Finding]:
        """Yield what this rule finds in a mail, each thing once, with all its places."""
        found: dict[tuple[str, Severity, str, bool], dict[Location, None]] = {}
        for remark in self.look(mail):
            severity, hint = remark.severity or self.severity, remark.hint or self.hint
            # What stands in the issue is its author's, what stands in the layout mostly somebody else's.
            key = remark.kind or remark.text, severity, hint, remark.line is None
            found.setdefault(key, {})[Location(remark.line, remark.text)] = None
        for (_, severity, hint, _), places in found.items():
            ordered = tuple(sorted(places, key=lambda place: place.line or 0))
            yield Finding(self.name, severity, mail.issue.path, ordered, hint)


def rule(name: str, severity: Severity, hint: str) -> Callable[[Looking], Rule]:
    """Make a rule of the function below: what it looks for is in its docstring, what it found are Remarks.

    `hint` says what to do about it. Every rule in a module of this folder counts, see `mailer.check.examine`.
    """
    return lambda look: Rule(name, severity, look, hint)


def remark(
    mail: RenderedMail,
    element: HtmlElement,
    text: str,
    *,
    written: str | None = None,
    severity: Severity | None = None,
    hint: str = "",
    kind: str = "",
) -> Remark:
    """Return a remark about an element of the mail: with its line, or the layout's name where it has none.

    `written` is what to look for in the file near the element: an address, or words. `kind` as in Remark.
    """
    line = mail.lines.of(element, written)
    where = "" if line else f" (in {mail.layout})"
    return Remark(f"{text}{where}", line, severity, hint, kind)


def short(text: str, most: int = 60) -> str:
    """Return `text` on one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
