"""All rules, and what they find."""

from __future__ import annotations

from mailer.check import size
from mailer.check.finding import Finding, Severity
from mailer.check.rule import Rule
from mailer.check.sheet import Sheet

RULES: dict[str, Rule] = {rule.name: rule for rules in (size.RULES,) for rule in rules}

_ORDER = list(Severity)


def examine(sheet: Sheet) -> list[Finding]:
    """Return what is wrong with `sheet`, by line, what has none last; rules in `check_off` are left out."""
    off = set(sheet.issue.check_off)
    found = [finding for rule in RULES.values() if rule.name not in off for finding in rule.findings(sheet)]
    return sorted(found, key=_place)


def _place(finding: Finding) -> tuple[bool, int, int, str]:
    return finding.line is None, finding.line or 0, _ORDER.index(finding.severity), finding.rule
