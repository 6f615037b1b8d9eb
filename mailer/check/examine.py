"""All rules, and what they find. A rule is a function of a module in this folder; nothing else lists it."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

import mailer.check
from mailer.check.finding import Finding, Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, Rule, rule

# What an issue is that can't even be compiled; it is no rule that looks at anything.
UNREADABLE = "unreadable"
_ORDER = list(Severity)


@rule("unknown-rule", Severity.WARNING, "docs/check.md lists the rules.")
def unknown_rules(mail: RenderedMail) -> Iterator[Remark]:
    """Look for names in `check_off` that no rule has."""
    for name in mail.issue.check_off:
        if name == UNREADABLE:
            yield Remark(f"check_off: {name!r} can't be switched off", mail.lines.key("check_off"))
        elif name not in RULES:
            near = get_close_matches(name, RULES, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            yield Remark(f"check_off: there is no rule {name!r}{meant}", mail.lines.key("check_off"))


def _rules() -> Iterator[Rule]:
    """Yield what `rule` made of functions in the modules of this folder."""
    for each in iter_modules(mailer.check.__path__, "mailer.check."):
        yield from (found for found in vars(import_module(each.name)).values() if isinstance(found, Rule))


RULES = {each.name: each for each in _rules()}


def examine(mail: RenderedMail) -> list[Finding]:
    """Return what is wrong with a mail, by line, what has none last; rules in `check_off` are left out."""
    off = set(mail.issue.check_off)
    found = [finding for each in RULES.values() if each.name not in off for finding in each.findings(mail)]
    return sorted(found, key=_place)


def _place(finding: Finding) -> tuple[bool, int, int, str]:
    return finding.line is None, finding.line or 0, _ORDER.index(finding.severity), finding.rule
