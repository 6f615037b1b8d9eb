"""How to speak of a send: which command means it, and who halted it."""

from __future__ import annotations

import shlex
from datetime import datetime

from mailer.domain.audience import Audience
from mailer.domain.delivery import Halt, State
from mailer.domain.rollout import counted
from mailer.domain.send import Send
from mailer.errors import PlanRefused
from mailer.ledger.queries import Totals

OTHERS = (
    (State.CANCELLED, "never will"),
    (State.FAILED, "were refused by the server"),
    (State.UNCERTAIN, "may have it"),
    (State.CLAIMED, "are being sent just now"),
    (State.DEFERRED, "will be tried again"),
    (State.QUEUED, "wait"),
)


def send_command(send: Send, *options: str, named: str = "") -> str:
    """Return the `mailer send-issue` that means this send, whatever lists its file names by now.

    `named` is what a person called the issue; a file that isn't in issues/ can't be found by its slug.
    """
    if send.corrects:
        options = ("--erratum", *options)
    return issue_command(named or send.slug, send.audience, send.subject_put, *options)


def issue_command(named: str, audience: Audience, subject_put: str | None, *options: str) -> str:
    """Return the `mailer send-issue` that sends the issue that is called so."""
    lists = [part for name in audience.lists for part in ("--list", name)]
    excluded = [part for name in audience.exclude for part in ("--exclude", name)]
    segment = ["--segment", audience.segment] if audience.segment else []
    without = [part for each in audience.exclude_segments for part in ("--exclude-segment", each)]
    subject = ["--subject", subject_put] if subject_put else []
    return shlex.join(
        ["mailer", "send-issue", named, *lists, *excluded, *segment, *without, *subject, *options]
    )


def halt_words(send: Send) -> str:
    """Return who halted the send and when, as far as that is known; nothing for one that is free."""
    if send.halted is None:
        return ""
    if send.halted is Halt.LIMITED:
        words = f"held after {send.halted_by}"
    elif send.halted is Halt.STOPPED:
        words = f"stopped by itself ({send.halted_by})"
    else:
        words = f"{send.halted} by {send.halted_by}" if send.halted_by else f"{send.halted}"
    return f"{words} on {local(send.halted_at)}" if send.halted_at else words


def halt_mark(send: Send, totals: Totals) -> str:
    """Return what to put behind the name of a send that somebody halted; nothing where that has no effect."""
    if send.halted is None or not (totals.open or send.halted is Halt.CANCELLED):
        return ""  # a limit that let everything through holds nothing back
    return f" · {halt_words(send)}"


def refuse_halted(send: Send, totals: Totals) -> None:
    """Raise PlanRefused for a send that a person paused or cancelled, or that stopped by itself."""
    name = f"{send.label} to {send.audience}"
    if send.halted is Halt.PAUSED:
        raise PlanRefused(
            f"{name} is {halt_words(send)}", next_step=f"Let it go on with: mailer resume {send.slug}"
        )
    if send.halted is Halt.STOPPED:
        raise PlanRefused(
            f"{name} {halt_words(send)}: {who_got_it(totals)}",
            next_step=f"To let it go on all the same: mailer resume {send.slug}\n"
            f"  or never: mailer cancel {send.slug}",
        )
    if send.halted is Halt.CANCELLED:
        once_more = (
            f"To send it to all {totals.audience:,} once more, also to those who have it: "
            + send_command(send, "--again")
        )
        raise PlanRefused(
            f"{name} was {halt_words(send)}: {who_got_it(totals)}",
            # An erratum is sent once.
            next_step=f"See: mailer status {send.slug}" if send.corrects else once_more,
        )


def who_got_it(totals: Totals) -> str:
    """Return how many have the issue, and what is to be said of the others."""
    parts = [f"{totals.states.get(State.ACCEPTED, 0):,} of {totals.audience:,} got it"]
    parts += [f"{totals.states[state]:,} {words}" for state, words in OTHERS if totals.states.get(state)]
    return ", ".join(parts)


def stage_lines(send: Send, totals: Totals) -> list[str]:
    """Return how far a send in stages has come, a line for a person; nothing for any other."""
    opened = [each for each in totals.stages if each.opened_at]
    if send.rollout is None or not opened or not totals.open:
        return []
    latest, of = opened[-1], len(totals.stages)
    stands = f"  stage {latest.number} of {of}: {counted(latest.people)}"
    if latest.done_at is None or latest.number == of:
        return [f"{stands}; {send.rollout.condition}"]
    if send.halted:
        return [f"{stands}, done"]
    following = f"stage {latest.number + 1} goes from {local(latest.done_at + send.rollout.hold)} on"
    return [f"{stands}, done; {following}; {send.rollout.condition}"]


def local(moment: datetime) -> str:
    """Return `moment` by this machine's clock."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")
