"""Many machines: `work` helps to send, `machines` shows who does."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import announce_settings, print_table, say

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.attendance import Attendant

LOOK_EVERY = 1.0  # seconds
CLEAR = "\x1b[H\x1b[2J"


@click.command()
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; one a processor, 4 at most.")
@click.pass_obj
def work(app: App, workers: int | None) -> None:
    """Help to send whatever is to be sent, until stopped; on any number of machines.

    SIGTERM and Ctrl-C finish what is in flight first, a second one ends at once (130). Needs a database on
    PostgreSQL and `pip install 'mailer-dispatch[cluster]'`; 2 without.
    """
    from mailer.cli import complain
    from mailer.errors import ExitCode
    from mailer.services.working import work

    announce_settings(app)
    done = work(app, workers, lambda words: click.echo(words, err=True), complain)
    click.echo(f"Stopped; nothing is in flight. Settled {done.settled:,}.", err=True)
    raise click.exceptions.Exit(ExitCode.INTERNAL if done.lost else ExitCode.COMPLETE)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.option("--watch", is_flag=True, help="Again each second, until Ctrl-C.")
@click.pass_obj
def machines(app: App, as_json: bool, watch: bool) -> None:
    """Show which processes are at work on what, since when and how fast, on whatever machine."""
    from mailer.services.attendance import attendants

    while True:
        found = attendants(app)
        if watch and not as_json:
            click.echo(CLEAR, nl=False)
        if as_json:
            click.echo(json.dumps([_data(each) for each in found], ensure_ascii=False))
        elif found:
            print_table(("machine", "process", "sends", "since", "settled", "rate"), map(_row, found))
        else:
            say("Nobody is at work.", err=True)
        if not watch:
            return
        time.sleep(LOOK_EVERY)


def _row(each: Attendant) -> tuple[object, ...]:
    present, doing, unseen = each.seen.present, each.seen.doing, each.seen.unseen
    rate = f"{doing.rate:,.0f}/s" if each.send else ""
    return (
        present.host,
        f"{present.command} {present.pid}",
        each.send.label if each.send else "-",
        _since(present.since),
        doing.settled,
        rate if unseen is None else f"not seen for {unseen:,} s",
    )


def _since(moment: str) -> str:
    """Return a moment as it is said today; of one before today the day."""
    since, now = datetime.fromisoformat(moment).astimezone(), datetime.now().astimezone()
    return f"{since:%H:%M}" if since.date() == now.date() else f"{since:%m-%d}"


def _data(each: Attendant) -> dict[str, object]:
    present, doing, send = each.seen.present, each.seen.doing, each.send
    return {
        "host": present.host,
        "pid": present.pid,
        "command": present.command,
        "since": present.since,
        "slug": send.slug if send else None,
        "audience": str(send.audience) if send else None,
        "settled": doing.settled,
        "rate": doing.rate,
        "unseen": each.seen.unseen,
    }
