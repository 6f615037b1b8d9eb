"""Findings as a person reads them, as data, and as GitHub Actions takes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from mailer.check.finding import Finding, Severity, counted
from mailer.cli.terminal import from_here

if TYPE_CHECKING:
    from mailer.services.check import CheckedIssue

# The version of the JSON: it changes when a name goes or means something else, not when one is added.
VERSION = 1
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.ADVICE: "cyan"}
GITHUB = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.ADVICE: "notice"}


def as_text(issues: Sequence[CheckedIssue]) -> None:
    """Print findings for a person, and a line that sums up each issue."""
    for issue in issues:
        for finding in issue.findings:
            click.echo(_text(finding))
        if issue.findings:
            click.echo()
    for issue in issues:
        told = counted(issue.findings)
        mark = _worst_mark(issue.findings)
        click.echo(
            f"{mark} {told} in {issue.slug}" if told else f"{mark} nothing to find fault with in {issue.slug}"
        )


def _text(finding: Finding) -> str:
    severity = click.style(finding.severity, fg=COLOURS[finding.severity], bold=True)
    where = click.style(finding.where, bold=True)
    rule = click.style(f"[{finding.rule}]", dim=True)
    hint = f"\n    {click.style(from_here(finding.hint), dim=True)}" if finding.hint else ""
    return f"{where}: {severity}: {finding.said} {rule}{hint}"


def _worst_mark(findings: Sequence[Finding]) -> str:
    found = {finding.severity for finding in findings}
    worst = next((severity for severity in Severity if severity in found), None)
    sign = {Severity.ERROR: "✗", Severity.WARNING: "!", Severity.ADVICE: "·", None: "✓"}[worst]
    return click.style(sign, fg=COLOURS.get(worst, "green") if worst else "green", bold=True)


def as_json(issues: Sequence[CheckedIssue]) -> None:
    """Print one JSON object; docs/check.md describes it."""
    every = [finding for issue in issues for finding in issue.findings]
    data = {
        "version": VERSION,
        "issues": [_data(issue) for issue in issues],
        "counts": _counts(every),
    }
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def _data(issue: CheckedIssue) -> dict[str, Any]:
    return {
        "path": issue.path,
        "slug": issue.slug,
        "counts": _counts(issue.findings),
        "findings": [each.data() for each in issue.findings],
    }


def _counts(findings: Sequence[Finding]) -> dict[str, int]:
    return {severity: sum(each.severity is severity for each in findings) for severity in Severity}


def as_github(issues: Sequence[CheckedIssue]) -> None:
    """Print workflow commands, which GitHub shows beside the lines of a pull request."""
    for issue in issues:
        for each in issue.findings:
            for found in each.places:
                line = f",line={found.line}" if found.line else ""
                where = f"file={_property(each.path)}{line},title={_property(each.rule)}"
                message = _message(f"{found.text}\n{each.hint}" if each.hint else found.text)
                click.echo(f"::{GITHUB[each.severity]} {where}::{message}")


def _message(text: str) -> str:
    """Escape `text` as the toolkit of GitHub Actions does a command's message."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


FORMS: dict[str, Callable[[Sequence[CheckedIssue]], None]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}
