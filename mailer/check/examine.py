"""All rules, and what they find."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from mailer.check import (
    addressees,
    clients,
    contrast,
    duties,
    front,
    images,
    links,
    merge_tags,
    size,
    structure,
    visible,
    wording,
)
from mailer.check.finding import Finding, Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, Rule

# What an issue is that can't even be compiled; it is no rule that looks at anything.
UNREADABLE = "unreadable"


def unknown_rules(mail: RenderedMail) -> Iterator[Remark]:
    """Look for names in `check_off` that no rule has."""
    for name in mail.issue.check_off:
        if name == UNREADABLE:
            yield Remark(f"check_off: {name!r} can't be switched off", mail.lines.key("check_off"))
        elif name not in RULES:
            near = get_close_matches(name, RULES, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            yield Remark(f"check_off: there is no rule {name!r}{meant}", mail.lines.key("check_off"))


_ROOMS = (
    front.RULES,
    duties.RULES,
    visible.RULES,
    size.RULES,
    wording.RULES,
    merge_tags.RULES,
    links.RULES,
    images.RULES,
    structure.RULES,
    contrast.RULES,
    addressees.RULES,
    clients.RULES,
    (Rule("unknown-rule", Severity.WARNING, unknown_rules, "docs/check.md lists the rules."),),
)
RULES: dict[str, Rule] = {rule.name: rule for rules in _ROOMS for rule in rules}

_ORDER = list(Severity)


def examine(mail: RenderedMail) -> list[Finding]:
    """Return what is wrong with `sheet`, by line, what has none last; rules in `check_off` are left out."""
    off = set(mail.issue.check_off)
    found = [finding for rule in RULES.values() if rule.name not in off for finding in rule.findings(mail)]
    return sorted(found, key=_place)


def _place(finding: Finding) -> tuple[bool, int, int, str]:
    return finding.line is None, finding.line or 0, _ORDER.index(finding.severity), finding.rule
