"""What a send came to: for a person, for a program, and as an exit code."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from mailer.bootstrap import App
from mailer.domain.audience import excluded_in_words
from mailer.domain.delivery import TRIED, Halt, State
from mailer.domain.send import Send
from mailer.engine.standing import halt_mark, local, send_command, stage_lines, who_got_it
from mailer.errors import ExitCode, MailerError, worst
from mailer.ledger.queries import Totals
from mailer.ledger.stages import RolloutStage, opens_at
from mailer.store.presence import Present


@dataclass(frozen=True, slots=True)
class Report:
    """A send after a run: `settled` messages in `seconds`; both 0 where nothing was run."""

    send: Send
    totals: Totals
    settled: int = 0
    seconds: float = 0.0
    failed_now: int = 0
    interrupted: bool = False
    fault: MailerError | None = None  # of the account or the server, which ended it early
    held: str = ""  # why the rest may not go now
    decided: tuple[str, ...] = ()  # what a person decided before, a line each
    named: str = ""  # what a person called the issue, if one did
    at_work: Present | None = None  # which process sends it just now

    def after(self, before: Report) -> Report:
        """Return what this run and the one before it did together."""
        return replace(
            self,
            settled=self.settled + before.settled,
            seconds=self.seconds + before.seconds,
            failed_now=self.failed_now + before.failed_now,
        )

    @property
    def exit_code(self) -> ExitCode:
        """The contract's exit code for this run."""
        states = self.totals.states
        unfinished = any(states.get(s) for s in (State.QUEUED, State.CLAIMED, State.HANDED, State.DEFERRED))
        held = {
            ExitCode.INTERRUPTED: self.interrupted,
            ExitCode.REFUSED: self.cancelled or self.send.halted is Halt.STOPPED,
            ExitCode.UNCERTAIN: bool(states.get(State.UNCERTAIN)),
            ExitCode.AGAIN: unfinished,
            ExitCode.FAILURES: self.failed_now > 0,
        }
        codes = {code for code, holds in held.items() if holds}
        return worst(codes | {ExitCode(self.fault.exit_code)} if self.fault else codes)

    @property
    def name(self) -> str:
        """What the send is called, with whom it goes to."""
        return f"{self.send.label} to {self.send.audience}"

    @property
    def command(self) -> str:
        """The command that goes on with it: a `mailer send-issue`, or for letters the clock's."""
        if self.send.kind.lasts:
            return "mailer tick"
        return send_command(self.send, named=self.named)

    @property
    def got_it(self) -> str:
        """How many have it, and what is to be said of the others."""
        return who_got_it(self.totals)

    @property
    def cancelled(self) -> bool:
        """Whether a person cancelled it."""
        return self.send.halted is Halt.CANCELLED

    @property
    def accepted(self) -> int:
        """How many have it."""
        return self.totals.states.get(State.ACCEPTED, 0)

    @property
    def failed(self) -> int:
        """How many the server refused for good."""
        return self.totals.states.get(State.FAILED, 0)

    @property
    def tried(self) -> int:
        """How many a server has answered, or should have: whatever came of it."""
        return sum(self.totals.states.get(state, 0) for state in TRIED)

    @property
    def queued(self) -> int:
        """How many may be sent right now."""
        return self.totals.states.get(State.QUEUED, 0) - self.totals.later

    @property
    def holds(self) -> bool:
        """Whether its next stage is waited for."""
        return self.send.halted is None and opens_at(self.send, self.totals.stages) is not None

    @property
    def next_steps(self) -> list[str]:
        """What a person would want next; each ends in a command that can be run as it stands."""
        send, states = self.send, self.totals.states
        slug, go_on = send.slug, self.command
        if self.at_work:
            return [f"stop it with: mailer pause {slug}"]
        if send.halted is Halt.PAUSED:
            return [f"mailer resume {slug}"]
        if send.halted is Halt.STOPPED:
            return [
                "see what came back: mailer returns report",
                f"to let it go on all the same: mailer resume {slug}",
                f"or never: mailer cancel {slug}",
            ]
        if states.get(State.UNCERTAIN):
            decisions = ["--accept-uncertain"] + ["--resend-uncertain"] * (send.halted is None)
            return [
                f"mailer deliveries {slug} --state uncertain",
                *(
                    f"then, if that is right: {send_command(send, option, named=self.named)}"
                    for option in decisions
                ),
            ]
        if self.totals.open and send.halted is Halt.LIMITED:
            return [f"go on with: {go_on}", f"or let `mailer run` and `tick` go on: mailer resume {slug}"]
        if self.queued or not self.totals.next_due:
            ended = f"mailer deliveries {slug} --state failed" if states.get(State.FAILED) else ""
            return [f"go on with: {go_on}" if self.totals.open else ended or f"mailer verify {slug}"]
        return [f"after {local(self.totals.next_due)}, unless `mailer run` or `tick` does it: {go_on}"]

    def text(self, next_step: str | None = None) -> str:
        """Return the summary; its last line is `next_step` (default: what follows from it)."""
        t = self.totals
        why = f" ({excluded_in_words(t.excluded)})" if t.excluded else ""
        states = "   ".join(f"{state} {t.states.get(state, 0):,}" for state in SHOWN)
        rest = "   ".join(f"{state} {n:,}" for state, n in t.states.items() if n and state not in SHOWN)
        speed = (
            f"      {duration(self.seconds)}  {self.settled / self.seconds:,.0f}/s" if self.settled else ""
        )
        halted = halt_mark(self.send, t)
        sent_by = f" · being sent by {self.at_work}" if self.at_work else ""
        lines = [
            f"{self.send.label} · rev {self.send.revision[:6]} · {self.send.audience}{halted}{sent_by}",
            f"  audience {t.audience:,}   excluded {sum(t.excluded.values()):,}{why}",
            f"  {states}{'   ' + rest if rest else ''}{speed}",
            *t.texts(),
            *stage_lines(self.send, t),
            *(f"  next: {step}" for step in ([next_step] if next_step else self.next_steps)),
        ]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """Return the same for `--json`."""
        return {
            "issue": self.send.slug,
            "revision": self.send.revision,
            "subject": self.send.subject,
            "lists": list(self.send.audience.lists),
            "erratum": self.send.corrects is not None,
            "revisions": [each.data() for each in self.totals.revisions],
            "halted": self.send.halted,
            "halted_by": self.send.halted_by,
            "halted_at": self.send.halted_at and self.send.halted_at.isoformat(),
            "at_work": asdict(self.at_work) if self.at_work else None,
            "audience": self.totals.audience,
            "excluded": self.totals.excluded,
            "states": {state: self.totals.states.get(state, 0) for state in State},
            "settled": self.settled,
            "seconds": round(self.seconds, 3),
            "rollout": self.send.rollout.data() if self.send.rollout else None,
            "stages": [_stage(each) for each in self.totals.stages],
            "next_due": self.totals.next_due and self.totals.next_due.isoformat(),
            "interrupted": self.interrupted,
            "exit_code": int(self.exit_code),
        }


def report_on(app: App, send: Send) -> Report:
    """Return how a send stands, without running it."""
    return Report(send, app.queries.totals(send))


def _stage(each: RolloutStage) -> dict[str, Any]:
    return {
        "number": each.number,
        "people": each.people,
        "opened_at": each.opened_at and each.opened_at.isoformat(),
        "done_at": each.done_at and each.done_at.isoformat(),
        "figures": each.figures and each.figures.data(),
    }


SHOWN = (State.ACCEPTED, State.FAILED, State.DEFERRED, State.UNCERTAIN)


def duration(seconds: float) -> str:
    """Return `seconds` as a person says it: 0.4s, 12s, 4m12s, 2h05m."""
    if seconds < 10:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes_left:02d}m"
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
