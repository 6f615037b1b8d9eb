"""The client's side of an SMTP conversation, a machine without a socket: octets in, outcomes and octets out.

The driver feeds what it reads to `receive`, gives messages to `add` while `wants` says so, and writes what
`flush` returns; before that it tells whoever keeps the record about the messages in `completing`. The table
in `verdict` says what each reply means; here stands only what follows from it.
"""

from __future__ import annotations

from collections import deque

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Reply, Stage, Uncertain, Untried
from mailer.smtp.account import Account
from mailer.smtp.admission import refuse
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.content import data_octets
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.envelope import Envelope
from mailer.smtp.opening import Move, Opening, Phase
from mailer.smtp.reply import MalformedReply, ReplyParser
from mailer.smtp.verdict import STAGES, Step, Verdict, judge

Result = tuple[int, Outcome]


class Transaction:
    """One message on its way: what is known of it so far."""

    __slots__ = ("content", "handed", "key", "settled", "unwanted")

    def __init__(self, key: int) -> None:
        self.key = key
        self.content = b""  # with its end; empty again once it was given out to be written
        self.handed = False  # given out to be written
        self.settled = False
        self.unwanted = False  # every recipient was refused


class Session:
    """One connection's conversation. Nothing in it raises for what a server says."""

    def __init__(self, account: Account) -> None:
        self.phase = Phase.SETUP
        self.ending: Ending | None = None
        self.answered = 0  # messages that got a reply of their own
        self.moves = 0  # replies and writes: as long as it stays the same, the same reply is waited for
        self._opening = Opening(account)
        self._parser = ReplyParser()
        self._results: list[Result] = []
        self._unsent: deque[tuple[Step, bytes, Transaction | None]] = deque()
        self._awaited: deque[tuple[Step, Transaction | None]] = deque([(Step.GREETING, None)])
        self._open: dict[int, Transaction] = {}  # every message added and not settled
        self._envelope: Transaction | None = None  # the one whose MAIL, RCPT and DATA are under way
        self._due: Transaction | None = None  # the one that 354 invited
        self._reset = False
        self._leaving = False
        self._added = 0

    # What the driver asks.

    @property
    def offers(self) -> Capabilities:
        """What the server's latest EHLO offers."""
        return self._opening.offers

    @property
    def awaiting(self) -> Step | None:
        """What the next reply will answer, or None when none is due."""
        return self._awaited[0][0] if self._awaited else None

    @property
    def wants(self) -> bool:
        """Whether a message may be added now."""
        return (
            self.phase is Phase.READY
            and self._envelope is None
            and (self.offers.pipelining or not self._awaited)
            and not self.parting
        )

    @property
    def parting(self) -> bool:
        """Whether this connection carries no more messages: told so, or as many as it may (RFC 9422)."""
        return self._leaving or (self.offers.mail_max is not None and self._added >= self.offers.mail_max)

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return not (self._open or self._awaited or self._unsent)

    @property
    def completing(self) -> tuple[int, ...]:
        """The keys of the messages that the next `flush` completes at the server, if it takes them."""
        return (self._due.key,) if self._due else ()

    # What the driver does.

    def receive(self, data: bytes) -> list[Result]:
        """Take what was read; return what became of messages thereby."""
        if self.phase is Phase.TLS:
            self._end(Cause.FAULT, INJECTED, stage=Stage.STARTTLS)
        try:
            for reply in self._parser.feed(data):
                if self.ending is not None:
                    break
                self._answer(reply)
        except MalformedReply as error:
            self._end(Cause.LOST, str(error))
        return self._take_results()

    def add(self, envelope: Envelope) -> list[Result]:
        """Take a message (`wants` must hold); return its result if it is refused before anything is sent."""
        assert self.wants
        transaction = self._open[envelope.key] = Transaction(envelope.key)
        if refusal := refuse(envelope, self.offers):
            self._settle(transaction, refusal)
            return self._take_results()
        transaction.content = data_octets(envelope.content)
        self._added += 1
        self._envelope = transaction
        if self._reset:
            self._reset = False
            self._unsent.append((Step.RSET, b"RSET\r\n", None))
        self._unsent.append((Step.MAIL, self._mail(envelope), transaction))
        self._unsent.append((Step.RCPT, b"RCPT TO:<%b>\r\n" % envelope.recipient.encode(), transaction))
        self._unsent.append((Step.DATA, b"DATA\r\n", transaction))
        return []

    def flush(self) -> bytes:
        """Return what to write now; from here on it counts as written."""
        out = []
        if due := self._due:
            out.append(due.content)
            due.content, due.handed, self._due = b"", True, None
            self._awaited.append((Step.CONTENT, due))
        while self._unsent and (self.offers.pipelining or not self._awaited):
            step, line, transaction = self._unsent.popleft()
            out.append(line)
            self._awaited.append((step, transaction))
        self.moves += len(out)
        return b"".join(out)

    def secured(self) -> None:
        """The connection is a TLS one now: begin again."""
        assert self.phase is Phase.TLS
        self._parser = ReplyParser()
        self.phase = Phase.SETUP
        self._do(self._opening.secured())

    def leave(self) -> None:
        """Take no more messages; say QUIT as soon as nothing is under way."""
        self._leaving = True
        if self.phase is Phase.READY and self.quiet:
            self._unsent.append((Step.QUIT, b"QUIT\r\n", None))

    def abandon(self, reason: str) -> list[Result]:
        """Give back what was not handed over; only replies to content are waited for."""
        self._leaving = True
        self._due = self._envelope = None
        self._unsent.clear()
        self._give_back(reason, only_unsent=True)
        if not self._open:
            self._end(Cause.DONE, reason)
        return self._take_results()

    def lost(self, reason: str, cause: Cause = Cause.LOST, stage: Stage | None = None) -> list[Result]:
        """The connection is gone, or has to go: settle every message by how far it was."""
        self._end(cause, reason, stage=stage)
        return self._take_results()

    # What a reply brings about.

    def _answer(self, reply: Reply) -> None:
        if not self._awaited:
            cause = Cause.TURNED_AWAY if reply.code == 421 else Cause.LOST
            return self._end(cause, f"unasked: {reply}", reply.code)
        step, transaction = self._awaited[0]
        if transaction is None:
            self._answer_command(step, reply)
        elif transaction.settled:
            self._answer_settled(step, transaction, reply)
        else:
            self._answer_message(step, transaction, reply)
        # Only now: whoever was stopped by this reply was stopped at this step.
        self._awaited.popleft()
        self.moves += 1
        return None

    def _answer_command(self, step: Step, reply: Reply) -> None:
        verdict = judge(step, reply)
        if step is Step.QUIT:
            self._end(Cause.DONE, str(reply))
        elif verdict is not Verdict.GO:
            self._end_by(verdict, step, reply)
        elif self.phase is Phase.SETUP:
            self._do(self._opening.follow(step, reply))

    def _do(self, move: Move) -> None:
        if isinstance(move, Ending):
            self._end(move.cause, move.words, move.code, move.stage)
        elif move is Phase.TLS and self._parser.unfinished:
            self._end(Cause.FAULT, INJECTED, stage=Stage.STARTTLS)
        elif isinstance(move, Phase):
            self.phase = move
        else:
            self._unsent.append((*move, None))

    def _answer_message(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        verdict = judge(step, reply)
        if verdict is Verdict.GO:
            if step is Step.DATA:
                self._invite(transaction)
            elif step is Step.CONTENT:
                self._settle(transaction, Accepted(reply))
                self.answered += 1
        elif verdict is Verdict.REFUSED:
            self._refuse(step, transaction, reply)
        else:
            if verdict is not Verdict.BROKEN:
                self._give_up(step, transaction, reply, verdict)
            self._end_by(verdict, step, reply)

    def _invite(self, transaction: Transaction) -> None:
        self._envelope = None
        self._due = transaction
        if self._parser.unfinished:
            # A reply to the content can't be on its way before the content is.
            self._end(Cause.LOST, "a reply that nothing asked for, after 354")

    def _refuse(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        stage = STAGES[step]
        refusal = Deferred(reply, stage) if reply.code < 500 else Rejected(reply, stage)
        self._settle(transaction, refusal)
        self.answered += 1
        if step is Step.CONTENT:
            return
        transaction.content = b""
        transaction.unwanted = step is Step.RCPT
        # Once MAIL was accepted the server is inside a transaction until it is told otherwise.
        self._reset = step is not Step.MAIL
        if self._unsent or step is Step.DATA:
            self._unsent.clear()
            self._envelope = None

    def _answer_settled(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        """The rest of a group whose message is refused already: only an invitation or a farewell matters."""
        if reply.code == 421:
            return self._end_by(Verdict.LEAVE, step, reply)
        if step is not Step.DATA:
            return None
        self._envelope = None
        if reply.code // 100 != 3:
            return None
        if not transaction.unwanted:
            # Some recipient stands, and a dot would send an empty message: RSET can't be said any more.
            return self._end(Cause.LOST, f"unexpected at {STAGES[step]}: {reply}")
        self._unsent.append((Step.EMPTY, b".\r\n", None))
        return None

    def _give_up(self, step: Step, transaction: Transaction, reply: Reply, verdict: Verdict) -> None:
        """The reply isn't about this message. It may go again at once unless it was the one to be judged."""
        stage = STAGES[step]
        if step is Step.CONTENT or (verdict is Verdict.LEAVE and reply.code != 503 and step is not Step.MAIL):
            self._settle(transaction, Deferred(reply, stage))
            self.answered += 1
        else:
            self._settle(transaction, Untried(str(reply), stage))

    def _end_by(self, verdict: Verdict, step: Step, reply: Reply) -> None:
        stage = STAGES[step]
        if verdict is Verdict.BROKEN:
            self._end(Cause.LOST, f"unexpected at {stage}: {reply}", reply.code, stage)
        else:
            cause = Cause.FAULT if verdict is Verdict.FAULT else Cause.TURNED_AWAY
            self._end(cause, str(reply), reply.code, stage)

    def _end(self, cause: Cause, words: str, code: int = 0, stage: Stage | None = None) -> None:
        if self.phase is Phase.CLOSED:
            return
        if self.awaiting is Step.QUIT:
            cause = Cause.DONE  # some servers hang up instead of saying 221
        stage = stage or STAGES[self.awaiting or Step.MAIL]
        self.phase = Phase.CLOSED
        self.ending = Ending(cause, stage, words, code)
        self._due = self._envelope = None
        self._unsent.clear()
        self._give_back(words)

    def _give_back(self, reason: str, *, only_unsent: bool = False) -> None:
        reached = {id(transaction): STAGES[step] for step, transaction in reversed(self._awaited)}
        for transaction in list(self._open.values()):
            if not transaction.handed:
                self._settle(transaction, Untried(reason, reached.get(id(transaction), Stage.DATA)))
            elif not only_unsent:
                self._settle(transaction, Uncertain(reason))

    def _settle(self, transaction: Transaction, outcome: Outcome) -> None:
        transaction.settled = True
        del self._open[transaction.key]
        self._results.append((transaction.key, outcome))

    def _take_results(self) -> list[Result]:
        results, self._results = self._results, []
        return results

    def _mail(self, envelope: Envelope) -> bytes:
        size = f" SIZE={len(envelope.content)}" if self.offers.sized else ""
        utf8 = "" if envelope.recipient.isascii() else " SMTPUTF8"
        return f"MAIL FROM:<{envelope.sender}>{size}{utf8}\r\n".encode("ascii")


INJECTED = "more came in the clear after the 220 to STARTTLS: someone may be in between"
