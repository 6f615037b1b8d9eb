"""`mailer lists`: create and show subscriber lists."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.terminal import print_table, say

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.subscriber import SubscriberList


@click.group()
def lists() -> None:
    """Create and show subscriber lists."""


@lists.command("create")
@click.argument("name")
@click.option("--title", default="", help="What subscribers read; the name unless given.")
@click.option("--description", default="", help="What the list is about, in a sentence.")
@click.pass_obj
def create(app: App, name: str, title: str, description: str) -> None:
    """Make a list. NAME is what commands say: letters, digits, - and _."""
    made = app.lists.create(name, app.now(), title, description)
    click.echo(f"Made the list {made.name} ({made.title}).", err=True)


@lists.command("list")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show_all(app: App, as_json: bool) -> None:
    """Show every list and how many people have which status."""
    from mailer.domain.subscriber import Status

    found = app.lists.all()
    if as_json:
        click.echo(json.dumps([_list_data(each) for each in found], ensure_ascii=False))
    elif found:
        rows = [(each.name, each.title, *_counts(each).values()) for each in found]
        print_table(("name", "title", *Status, "suppressed"), rows)
    else:
        say("There is no list yet. Make one with: mailer lists create NAME", err=True)


@lists.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def show(app: App, name: str, as_json: bool) -> None:
    """Show one list."""
    found = app.lists.named(name)
    if as_json:
        click.echo(json.dumps(_list_data(found), ensure_ascii=False))
        return
    click.echo(f"{found.name} · {found.title}")
    if found.description:
        click.echo(f"  {found.description}")
    click.echo("  " + "   ".join(f"{status} {count:,}" for status, count in _counts(found).items()))


def _list_data(found: SubscriberList) -> dict[str, Any]:
    data = {"name": found.name, "title": found.title, "description": found.description}
    return {**data, "counts": _counts(found)}


def _counts(found: SubscriberList) -> dict[str, int]:
    return {**{str(status): count for status, count in found.counts.items()}, "suppressed": found.suppressed}
