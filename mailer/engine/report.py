"""What a send came to: for a person, for a program, and as an exit code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailer.domain.delivery import Halt, State
from mailer.errors import ExitCode, worst
from mailer.storage.accounts import Totals
from mailer.storage.send import Send


@dataclass(frozen=True, slots=True)
class Report:
    """A send after a run: `settled` messages in `seconds`; both 0 where nothing was run."""

    send: Send
    totals: Totals
    settled: int = 0
    seconds: float = 0.0
    failed_now: int = 0
    interrupted: bool = False
    stopped_by: ExitCode | None = None  # what an account or server that failed would end with

    @property
    def exit_code(self) -> ExitCode:
        """The contract's exit code for this run."""
        states = self.totals.states
        unfinished = any(states.get(s) for s in (State.QUEUED, State.CLAIMED, State.HANDED, State.DEFERRED))
        held = {
            ExitCode.INTERRUPTED: self.interrupted,
            ExitCode.UNCERTAIN: bool(states.get(State.UNCERTAIN)),
            ExitCode.AGAIN: unfinished,
            ExitCode.FAILURES: self.failed_now > 0,
        }
        codes = {code for code, holds in held.items() if holds}
        return worst(codes | {self.stopped_by} if self.stopped_by else codes)

    @property
    def queued(self) -> int:
        """How many may be sent right now."""
        return self.totals.states.get(State.QUEUED, 0)

    @property
    def next_step(self) -> str:
        """The command that a person would want next."""
        slug, states = self.send.slug, self.totals.states
        if self.send.halted is Halt.PAUSED:
            return f"mailer resume {slug}"
        if states.get(State.UNCERTAIN):
            return f"mailer deliveries {slug} --state uncertain; then decide: --resend- or --accept-uncertain"
        if self.totals.next_due:
            return (
                f"mailer send-issue {slug} after {_local(self.totals.next_due)}, or let `mailer tick` do it"
            )
        if self.totals.open:
            return f"mailer send-issue {slug} goes on where it stopped"
        if states.get(State.FAILED):
            return f"mailer deliveries {slug} --state failed"
        return f"mailer verify {slug}"

    def text(self, next_step: str | None = None) -> str:
        """Return the summary in four lines, the last one `next_step` (default: what follows from it)."""
        t = self.totals
        why = f" ({', '.join(f'{reason} {n:,}' for reason, n in t.excluded.items())})" if t.excluded else ""
        states = "   ".join(f"{state} {t.states.get(state, 0):,}" for state in SHOWN)
        rest = "   ".join(f"{state} {n:,}" for state, n in t.states.items() if n and state not in SHOWN)
        speed = (
            f"      {duration(self.seconds)}  {self.settled / self.seconds:,.0f}/s" if self.settled else ""
        )
        halted = f" · {self.send.halted}" if self.send.halted else ""
        lines = [
            f"{self.send.slug} · rev {self.send.revision[:6]} · {self.send.audience}{halted}",
            f"  audience {t.audience:,}   excluded {sum(t.excluded.values()):,}{why}",
            f"  {states}{'   ' + rest if rest else ''}{speed}",
            f"  next: {next_step or self.next_step}",
        ]
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """Return the same for `--json`."""
        return {
            "issue": self.send.slug,
            "revision": self.send.revision,
            "subject": self.send.subject,
            "lists": list(self.send.audience.lists),
            "halted": self.send.halted,
            "audience": self.totals.audience,
            "excluded": self.totals.excluded,
            "states": {state: self.totals.states.get(state, 0) for state in State},
            "settled": self.settled,
            "seconds": round(self.seconds, 3),
            "next_due": self.totals.next_due and self.totals.next_due.isoformat(),
            "interrupted": self.interrupted,
            "exit_code": int(self.exit_code),
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


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M %Z")
