"""Whether the account of a send adds up, and what of it is still open."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from mailer.bootstrap import App
from mailer.domain.audience import excluded_in_words
from mailer.domain.delivery import OPEN, State
from mailer.domain.send import Send
from mailer.engine.standing import halt_mark
from mailer.errors import ExitCode, worst
from mailer.ledger.queries import DeliveryRow, LedgerQueries, Totals
from mailer.services.issues import sends_of

NAMED = 20  # open deliveries listed one by one


@dataclass(frozen=True, slots=True)
class Verification:
    """The account of one send: its totals, what does not add up, and some of those still open."""

    send: Send
    totals: Totals
    discrepancies: list[str]
    open_lines: list[DeliveryRow]

    @property
    def exit_code(self) -> ExitCode:
        """0 when all is settled and adds up."""
        states = self.totals.states
        held = {
            ExitCode.INTERNAL: bool(self.discrepancies),
            ExitCode.UNCERTAIN: bool(states.get(State.UNCERTAIN)),
            ExitCode.AGAIN: self.totals.open > states.get(State.UNCERTAIN, 0),
            ExitCode.FAILURES: bool(states.get(State.FAILED)),
        }
        return worst({code for code, holds in held.items() if holds})

    def text(self) -> str:
        """Return the verdict for a person."""
        t = self.totals
        mark = "does not add up" if self.discrepancies else "clean" if not t.open else "adds up, not finished"
        excluded = sum(t.excluded.values())
        why = f" ({excluded_in_words(t.excluded)})" if t.excluded else ""
        states = ", ".join(f"{state} {count:,}" for state, count in sorted(t.states.items())) or "nobody"
        halted = halt_mark(self.send, t)
        lines = [
            f"{self.send.label} · rev {self.send.revision[:6]} · {self.send.audience}{halted}: {mark}",
            f"  candidates {self.send.candidates:,} = audience {t.audience:,} + excluded {excluded:,}{why}",
            f"  {states}; {t.open:,} open",
        ]
        lines += t.texts()
        lines += [f"  DOES NOT ADD UP: {words}" for words in self.discrepancies]
        lines += [
            f"  open: {line.email} {line.state}: {line.words or 'not tried yet'}" for line in self.open_lines
        ]
        if t.open > len(self.open_lines):
            lines.append(
                f"  ... and {t.open - len(self.open_lines):,} more: mailer deliveries {self.send.slug}"
            )
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """Return the verdict for a program."""
        return {
            "issue": self.send.slug,
            "lists": list(self.send.audience.lists),
            "erratum": self.send.corrects is not None,
            "revisions": [each.data() for each in self.totals.revisions],
            "candidates": self.send.candidates,
            "audience": self.totals.audience,
            "excluded": self.totals.excluded,
            "states": {state: self.totals.states.get(state, 0) for state in State},
            "open": self.totals.open,
            "discrepancies": self.discrepancies,
            "clean": not self.discrepancies,
            "exit_code": int(self.exit_code),
        }


def verify(app: App, named: str | None = None) -> list[Verification]:
    """Go through the account of each send, or those of one issue."""
    return [_verified(app.queries, send) for send in (sends_of(app, named) if named else app.ledger.sends())]


def _verified(queries: LedgerQueries, send: Send) -> Verification:
    lines = chain.from_iterable(queries.deliveries(send, state) for state in sorted(OPEN))
    return Verification(send, queries.totals(send), queries.discrepancies(send), list(islice(lines, NAMED)))
