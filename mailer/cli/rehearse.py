"""`mailer rehearse`: a whole send to everyone, on this machine, by a mail server that makes trouble."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from shlex import join
from typing import TYPE_CHECKING

import click

from mailer.cli.segment_options import segment_options
from mailer.cli.terminal import warn
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.estimate import Estimate
    from mailer.sandbox.rehearsal import Rehearsed

LEVELS = ("none", "some", "much")


class NotExact(MailerError):
    """The rehearsal didn't reach everyone exactly once."""


@click.command()
@click.argument("issue")
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="A list that gets it; repeatable."
)
@segment_options
@click.option(
    "--trouble", type=click.Choice(LEVELS), default="some", show_default=True, help="What the server does."
)
@click.option("--seed", type=int, default=1, show_default=True, metavar="N", help="Other trouble, at random.")
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.option("-q", "--quiet", is_flag=True, help="No progress, only the summary and errors.")
@click.pass_obj
def rehearse(
    app: App,
    issue: str,
    list_names: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    trouble: str,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Send ISSUE to all of its lists on this machine, by a mail server that refuses, hangs up and forgets.

    Nothing leaves the machine and nothing is recorded: people and ledger are a copy. What the server took is
    held against what the ledger says, and how long the real send takes is told, as far as that is known.

    Exit codes: 0 everyone was reached exactly once, but for refusals and doubts that are named; 1 not so;
    2 usage or setting; 3 the plan refused; 130 interrupted.
    """
    from mailer.cli.progress import bar
    from mailer.sandbox.rehearsal import rehearse as run
    from mailer.services.issues import issue_file
    from mailer.services.prepare import SendRequest

    file, segments = issue_file(app, issue), (segment, excluded_segments)
    request = SendRequest(file, issue, list_names, (), None, *segments)
    done = run(app, request, trouble, seed, partial(bar, quiet=quiet), warn)
    options = [("--list", name) for name in list_names]
    options += [("--segment", segment)] if segment is not None else []
    options += [("--exclude-segment", each) for each in excluded_segments]
    command = join(["mailer", "send-issue", issue, *(word for option in options for word in option)])
    click.echo(json.dumps(_data(done), ensure_ascii=False) if as_json else _text(done, command))
    if done.wrong:
        raise NotExact(
            "\n  ".join(["the rehearsal failed:", *done.wrong]), next_step="Don't send; report this as a bug."
        )
    raise click.exceptions.Exit(done.exit_code)


def _text(done: Rehearsed, command: str) -> str:
    from mailer.domain.delivery import State
    from mailer.services.report import duration

    report, states = done.report, done.report.totals.states
    send = report.send
    speed = (
        f"      {duration(report.seconds)}  {report.settled / report.seconds:,.0f}/s"
        if report.seconds
        else ""
    )
    lines = [
        f"Rehearsed: {send.slug} · rev {send.revision[:6]} · {send.audience}",
        f"  audience {report.totals.audience:,}   excluded {sum(report.totals.excluded.values()):,}{speed}",
    ]
    lines += [f"  the server {words}: {count:,}" for words, count in done.troubles.items() if count]
    lines.append(f"  {states.get(State.ACCEPTED, 0):,} got exactly one copy")
    if failed := states.get(State.FAILED):
        lines.append(f"  {failed:,} refused for good, and got none")
    if doubtful := states.get(State.UNCERTAIN):
        had = f"{done.doubtful_copies:,} of them have it"
        lines.append(f"  {doubtful:,} in doubt, because the answer was lost; {had}")
    lines.append(f"  {_lasts(done.estimate)}")
    lines.append(f"  next: {command}")
    return "\n".join(lines)


def _lasts(estimate: Estimate | None) -> str:
    if estimate is None:
        return "how long the real send takes is not known: there is no limit to tell"
    return f"the real send takes about {_said(estimate.lasts)}: {estimate.because}"


def _said(lasts: timedelta) -> str:
    from mailer.services.report import duration

    if lasts >= timedelta(days=2):
        return f"{lasts.days:,} days"
    return duration(lasts.total_seconds())


def _data(done: Rehearsed) -> dict[str, object]:
    estimate = done.estimate
    return done.report.data() | {
        "exit_code": int(done.exit_code),
        "troubles": done.troubles,
        "wrong": done.wrong,
        "doubtful_copies": done.doubtful_copies,
        "estimate": estimate
        and {"seconds": round(estimate.lasts.total_seconds()), "because": estimate.because},
    }
