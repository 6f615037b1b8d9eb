"""`mailer returns`: what comes back, read and explained."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.explain_returns import ExplainedReturn

STYLES = {
    "hard": "red",
    "complaint": "red",
    "unsubscribe": "yellow",
    "soft": "yellow",
    "blocked": "magenta",
    "reply": "green",
    "unknown": "cyan",
}
BESIDE = 13  # columns of a verdict


@click.group()
def returns() -> None:
    """Read what comes back: bounces, complaints, replies."""


@returns.command("read")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--explain", is_flag=True, help="Say what each would be taken for, and why; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="As data, one line a message.")
@click.pass_obj
def read(app: App, files: tuple[str, ...], explain: bool, as_json: bool) -> None:
    """Read messages that came back.

    FILE is a message, an mbox, a Maildir, a folder of files, or - for standard input.
    """
    if not explain:
        raise UsageError("say what to do with it", next_step="Add --explain to see what it means.")
    from mailer.services.explain_returns import explain as explained

    for each in explained(app, files):
        if as_json:
            click.echo(json.dumps(each.data(), ensure_ascii=False))
        else:
            _show(each)


def _show(each: ExplainedReturn) -> None:
    from mailer.cli.terminal import print_hanging

    verdict = each.verdict
    color = False if os.environ.get("NO_COLOR") else None
    word = click.style(verdict.kind, fg=STYLES.get(verdict.kind), bold=True)
    click.echo(f"{word}{' ' * (BESIDE - len(verdict.kind))}{each.file}", color=color)
    for recipient in verdict.recipients:
        status = f" ({recipient.status})" if recipient.status else ""
        of_one = f"{recipient.kind}: " if len(verdict.recipients) > 1 else ""
        print_hanging(
            "who", f"{recipient.address or 'not named'}: {of_one}{recipient.reason}{status}", BESIDE
        )
        if recipient.said:
            print_hanging("said", recipient.said, BESIDE)
    for note in verdict.notes:
        print_hanging("note", note, BESIDE)
    print_hanging("because", "; ".join(verdict.evidence), BESIDE)
    print_hanging("proved", _proof(each), BESIDE)
    click.echo()


def _proof(each: ExplainedReturn) -> str:
    verdict = each.verdict
    if verdict.returned:
        return f"yes: send {verdict.returned.send_id}, subscriber {verdict.returned.subscriber_id}"
    if verdict.sender:
        return f"yes: it is from {verdict.sender}"
    return "no: without a token of ours nothing is done to anybody"
