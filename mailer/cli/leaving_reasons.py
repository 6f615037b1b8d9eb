"""`mailer lists reasons`: why people left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import print_hanging, say

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.leaving_reasons import ListReasons

SHOWN = 20  # lines
INDENT = 14  # columns


@click.command("reasons")
@click.argument("name", metavar="[LIST]", required=False)
@click.option("--json", "as_json", is_flag=True, help="As data, with every line.")
@click.pass_obj
def reasons(app: App, name: str | None, as_json: bool) -> None:
    """Show why people left LIST, or any list, by what they said.

    Nobody has to say, so these are fewer than those who left. Who said what: `mailer subscribers consent`.
    """
    from mailer.services.leaving_reasons import reasons

    found = reasons(app.database, name)
    if as_json:
        click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
        return
    if not any(each.counts for each in found):
        say(f"Nobody has said why they left{f' {name}' if name else ''}.", err=True)
    for each in found:
        _print(each)


def _print(found: ListReasons) -> None:
    if not found.counts:
        return
    counts = ", ".join(f"{reason} {number:,}" for reason, number in found.counts.most_common())
    click.echo(f"{found.list_name} · {counts}")
    for each in found.lines[:SHOWN]:
        print_hanging(f"{each.at:%Y-%m-%d}", each.said.line, INDENT)
    if (more := len(found.lines) - SHOWN) > 0:
        click.echo(f"  and {more:,} more; all of them with --json")


def _data(found: ListReasons) -> dict[str, Any]:
    return {
        "list": found.list_name,
        "reasons": {str(reason): number for reason, number in found.counts.most_common()},
        "lines": [
            {"at": each.at.isoformat(), "reason": each.said.reason, "line": each.said.line}
            for each in found.lines
        ],
    }
