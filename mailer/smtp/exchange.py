"""What is under way in a conversation: what is to be said, which replies are awaited, for which messages."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import islice

from mailer.domain.outcome import Accepted, Outcome, Stage, Uncertain, Untried
from mailer.smtp.commands import Parts
from mailer.smtp.envelope import Transaction
from mailer.smtp.reply import reply_250, whole_lines
from mailer.smtp.verdict import COMPLETING, STAGES, WELL, Step

Result = tuple[int, Outcome]
Awaited = tuple[Step, Transaction | None]  # what a reply answers, and the message that it is about
Command = tuple[tuple[Awaited, ...], Parts]  # what is written in one piece, and the replies that it asks for


class Exchange:
    """Commands and messages in their order; what they mean is for the session to say."""

    def __init__(self) -> None:
        self.unsent: deque[Command] = deque()
        self.awaited: deque[Awaited] = deque([(Step.GREETING, None)])
        self.open: dict[int, Transaction] = {}  # every message added and not settled
        self.results: list[Result] = []  # not told yet

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not (self.open or self.awaited or self.unsent)

    def say(self, step: Step, transaction: Transaction | None, parts: Parts) -> None:
        """Have a command written once those before it are."""
        self.unsent.append((((step, transaction),), parts))

    def sendable(self, *, pipelining: bool) -> Sequence[Command]:
        """Return what may be written now."""
        if pipelining:
            return self.unsent
        return () if self.awaited else tuple(islice(self.unsent, 1))

    def completing(self, *, pipelining: bool) -> list[int]:
        """Return the keys of the messages that this completes at the server, if it takes them."""
        last = (asked[-1] for asked, _ in self.sendable(pipelining=pipelining))
        return [message.key for step, message in last if message and step in COMPLETING]

    def flush(self, *, pipelining: bool) -> list[Command]:
        """Return what is to be written now; from here on it counts as written."""
        written = list(self.sendable(pipelining=pipelining))
        for asked, _ in written:
            self.unsent.popleft()
            self.awaited.extend(asked)
            step, transaction = asked[-1]
            if transaction and step in COMPLETING:
                transaction.hand_over()
        return written

    def take_250s(self, data: bytes) -> tuple[int, bytes]:
        """Take the replies that `data` begins with, as far as each is a 250 to what is expected to get one.

        Return how many those were, and the rest of `data`: for whoever looks at each reply by itself.
        """
        awaited, number, words, accepted = self.awaited, 0, b"", None
        *lines, _ = cut = whole_lines(data)
        for line in lines[: len(awaited)]:
            step, transaction = awaited[0]
            if line[:4] != b"250 " or step not in WELL:
                break
            if step in COMPLETING and transaction:
                if transaction.outcome:
                    break
                if accepted is None or line != words:
                    words, accepted = line, Accepted(reply_250(line))
                self.settle(transaction, accepted)
            awaited.popleft()
            number += 1
        return number, b"\r\n".join(cut[number:])

    def settle(self, transaction: Transaction, outcome: Outcome) -> None:
        """This became of a message."""
        transaction.outcome = outcome
        del self.open[transaction.key]
        self.results.append((transaction.key, outcome))

    def give_back_unsent(self, reason: str) -> None:
        """Settle the messages whose content isn't handed over: nobody has tried them."""
        for transaction in [message for message in self.open.values() if not message.handed]:
            self.settle(transaction, self._untried(transaction, reason))

    def settle_all(self, reason: str, words: str, *, ignored: bool) -> None:
        """It is over: settle every message, in doubt for `reason` or not tried because of `words`.

        `ignored` says of the content that is out and not answered that the server ignores it.
        """
        for transaction in list(self.open.values()):
            in_doubt = transaction.handed and not ignored
            outcome = Uncertain(reason) if in_doubt else self._untried(transaction, words)
            self.settle(transaction, transaction.outcome or outcome)

    def take_results(self) -> list[Result]:
        """Return what became of messages since the last call."""
        results, self.results = self.results, []
        return results

    def _untried(self, transaction: Transaction, reason: str) -> Untried:
        reached = (STAGES[step] for step, message in self.awaited if message is transaction)
        return Untried(reason, next(reached, Stage.DATA))
