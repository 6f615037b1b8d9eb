"""The client's side of an SMTP conversation, a machine without a socket: octets in, outcomes and octets out.

The driver feeds what it reads to `receive`, gives messages to `add` while `wants` says so, and writes what
`flush` returns; before that it tells whoever keeps the record about the messages in `completing`. The table
in `verdict` says what each reply means; here stands only what follows from it.

Where the server offers CHUNKING, `window` messages may be under way at once. The content of each is out
before its recipient is judged, so a refusal waits for the reply to BDAT, which must be one too.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Reply, Stage, Uncertain, Untried
from mailer.smtp import commands
from mailer.smtp.account import Account
from mailer.smtp.capabilities import Capabilities, refuse
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.envelope import Envelope, Transaction
from mailer.smtp.exchange import Awaited, Exchange, Result
from mailer.smtp.opening import Move, Opening, Phase
from mailer.smtp.reply import MalformedReply, ReplyParser
from mailer.smtp.transcript import Transcript
from mailer.smtp.verdict import COMPLETING, STAGES, Step, Verdict, judge


class Session:
    """One connection's conversation. Nothing in it raises for what a server says."""

    def __init__(self, account: Account, transcript: Transcript | None = None) -> None:
        self.phase = Phase.SETUP
        self.ending: Ending | None = None
        self.answered = 0  # messages that got a reply of their own
        self.moves = 0  # replies and writes: as long as it stays the same, the same reply is waited for
        self.window = 1  # messages that may be under way at once, for the driver to set
        self.chunking = False  # whether messages go by BDAT
        self.unchunked = False  # BDAT doesn't work here although it is offered
        self._transcript = transcript
        self._may_chunk = account.window > 0
        self._pipelining = False
        self._proven = False  # whether the server took a message by BDAT
        self._added = 0
        self._most = sys.maxsize  # messages that the connection may carry
        self.opening = Opening(account)  # whom the driver tells who logs in
        self._parser = ReplyParser()
        self._exchange = Exchange()
        self._envelope: Transaction | None = None  # the one whose MAIL, RCPT and DATA are under way
        self._farewell: Ending | None = None  # how it will end once the content that is out is answered
        self._reset = False
        self._leaving = False

    # What the driver asks.

    @property
    def offers(self) -> Capabilities:
        """What the server's latest EHLO offers."""
        return self.opening.offers

    @property
    def greeting(self) -> str:
        """The server's first words; empty if it said none."""
        return self.opening.greeting

    @property
    def awaiting(self) -> Step | None:
        """What the next reply will answer, or None when none is due."""
        return self._exchange.awaited[0][0] if self._exchange.awaited else None

    @property
    def room(self) -> int:
        """How many messages may be added now."""
        busy = self._exchange.awaited and not self._pipelining
        if busy or self.phase is not Phase.READY or self._leaving:
            return 0
        under_way = len(self._exchange.open) if self.chunking else self._envelope is not None
        return max(0, min(self._width - under_way, self._most - self._added))

    @property
    def full(self) -> bool:
        """Whether the window, and nothing else, keeps the next message waiting."""
        return self.chunking and self._pipelining and len(self._exchange.open) >= self._width

    @property
    def _width(self) -> int:
        # Until the server has taken a message by BDAT nobody knows that it really does.
        return self.window if self._proven and self._pipelining else 1

    @property
    def parting(self) -> bool:
        """Whether this connection carries no more messages: told so, or as many as it may (RFC 9422)."""
        return self._leaving or self._added >= self._most

    @property
    def closing(self) -> bool:
        """Whether the server said that it closes the channel, and has only that left to do."""
        return self._farewell is not None and self._farewell.code == 421

    @property
    def quiet(self) -> bool:
        """Whether nothing is under way."""
        return self._exchange.quiet

    @property
    def waiting(self) -> int:
        """How many pieces are still to be written."""
        return len(self._exchange.unsent)

    @property
    def completing(self) -> list[int]:
        """The keys of the messages that the next `flush` completes at the server, if it takes them."""
        return self._exchange.completing(pipelining=self._pipelining)

    # What the driver does.

    def receive(self, data: bytes) -> list[Result]:
        """Take what was read; return what became of messages thereby."""
        if self.phase is Phase.TLS:
            self._end(Cause.FAULT, INJECTED, stage=Stage.STARTTLS)
        elif self._smooth:
            number, data = self._exchange.take_250s(data)
            self.moves += number
            self.answered += len(self._exchange.results)
        try:
            for reply in self._parser.feed(data):
                if self.ending is not None:
                    break
                self._answer(reply)
        except MalformedReply as error:
            self._end(Cause.LOST, str(error))
        return self._exchange.take_results()

    @property
    def _smooth(self) -> bool:
        """Whether nothing is going on that lets a 250 mean more than that all is well."""
        return (
            self.phase is Phase.READY
            and self._farewell is None
            and self._transcript is None
            and not self._parser.unfinished
        )

    def add(self, envelopes: Sequence[Envelope]) -> list[Result]:
        """Take messages, as many as there is `room` for; return what is refused before anything is sent."""
        exchange, offers = self._exchange, self.offers
        # Whether a message that is still under way leaves the server in need of a RSET nobody knows yet.
        reset = self._reset or (self.chunking and bool(exchange.open))
        transactions = [Transaction(envelope) for envelope in envelopes]
        for transaction in transactions:
            exchange.open[transaction.key] = transaction
        for transaction, envelope in zip(transactions, envelopes, strict=True):
            if refusal := refuse(envelope, offers):
                exchange.settle(transaction, refusal)
            else:
                self._say(transaction, envelope, reset=reset)
                self._added += 1
                self._reset, reset = False, True
        return exchange.take_results()

    def _say(self, transaction: Transaction, envelope: Envelope, *, reset: bool) -> None:
        exchange, chunk = self._exchange, self.chunking
        self._envelope = None if chunk else transaction
        last = (Step.BDAT if self._proven else Step.TRIAL) if chunk else Step.DATA
        if self._pipelining and not self._transcript:
            asked = (Step.MAIL, transaction), (Step.RCPT, transaction), (last, transaction)
            parts = commands.group(envelope, self.offers, reset=reset, chunk=chunk)
            exchange.unsent.append(((RESET, *asked) if reset else asked, parts))
            return
        if reset:
            exchange.say(Step.RSET, None, commands.RSET)
        exchange.say(Step.MAIL, transaction, commands.mail(envelope, self.offers))
        exchange.say(Step.RCPT, transaction, commands.rcpt(envelope, self.offers))
        exchange.say(last, transaction, commands.bdat(envelope) if chunk else commands.DATA)

    def flush(self) -> list[bytes]:
        """Return what to write now; from here on it counts as written."""
        written = self._exchange.flush(pipelining=self._pipelining)
        self.moves += len(written)
        if self._transcript:
            for asked, parts in written:
                self._transcript.said(asked[-1][0], parts)
        octets: list[bytes] = []
        for _, parts in written:
            octets += parts
        return octets

    def secured(self) -> None:
        """The connection is a TLS one now: begin again."""
        assert self.phase is Phase.TLS
        self._parser = ReplyParser()
        self.phase = Phase.SETUP
        self._do(self.opening.secured())

    def limit(self, most: int | None) -> None:
        """Carry `most` messages altogether, if that is a number and less than what is known."""
        self._most = min(self._most, most or self._most)

    def leave(self) -> None:
        """Take no more messages; say QUIT as soon as nothing is under way."""
        self._leaving = True
        if self.phase is Phase.READY and self.quiet:
            self._exchange.say(Step.QUIT, None, commands.QUIT)

    def abandon(self, reason: str) -> list[Result]:
        """Give back what was not handed over; only replies to content are waited for."""
        self._stop_writing()
        self._exchange.give_back_unsent(reason)
        if not self._exchange.open:
            self._end(Cause.DONE, reason)
        return self._exchange.take_results()

    def lost(
        self, reason: str, cause: Cause = Cause.LOST, stage: Stage | None = None, *, closed: bool = False
    ) -> list[Result]:
        """The connection is gone (`closed`: by the server), or has to go: settle every message."""
        # RFC 5321 3.8: a server that said 421 closes, and does nothing about what came after.
        self._end(cause, reason, stage=stage, ignored=closed and self.closing)
        return self._exchange.take_results()

    # What a reply brings about.

    def _answer(self, reply: Reply) -> None:
        if self._transcript:
            self._transcript.heard(reply)
        if not self._exchange.awaited:
            cause = Cause.TURNED_AWAY if reply.code == 421 else Cause.LOST
            return self._end(cause, f"unasked: {reply}", reply.code)
        step, transaction = self._exchange.awaited[0]
        if transaction is None:
            self._answer_command(step, reply)
        elif transaction.outcome:
            self._answer_rest(step, transaction, reply)
        else:
            self._answer_message(step, transaction, reply)
        if self._farewell and all(message.outcome for message in self._exchange.open.values()):
            self._close(self._farewell, self._farewell.words)
        # Only now: whoever was stopped by this reply was stopped at this step.
        self._exchange.awaited.popleft()
        self.moves += 1
        return None

    def _answer_command(self, step: Step, reply: Reply) -> None:
        verdict = judge(step, reply)
        if step is Step.QUIT:
            self._end(Cause.DONE, str(reply))
        elif step is Step.AUTH and verdict is Verdict.FAULT:
            self._do(self.opening.refused(reply))
        elif verdict is not Verdict.GO:
            self._end_by(verdict, step, reply)
        elif self.phase is Phase.SETUP:
            self._do(self.opening.follow(step, reply))

    def _do(self, move: Move) -> None:
        if isinstance(move, Ending):
            self._end(move.cause, move.words, move.code, move.stage)
        elif move is Phase.TLS and self._parser.unfinished:
            self._end(Cause.FAULT, INJECTED, stage=Stage.STARTTLS)
        elif isinstance(move, Phase):
            self.phase = move
            self._pipelining = self.offers.pipelining
            self.chunking = self._may_chunk and self.offers.chunking
            self.limit(self.offers.mail_max)
        else:
            step, line = move
            self._exchange.say(step, None, (line,))

    def _answer_message(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        verdict = judge(step, reply)
        if verdict is Verdict.GO:
            if step is Step.DATA:
                self._invite(transaction)
            elif step in COMPLETING:
                self._proven |= step is Step.TRIAL
                self._conclude(step, transaction, Accepted(reply))
        elif verdict is Verdict.REFUSED:
            self._refuse(step, transaction, reply)
        else:
            if verdict is not Verdict.BROKEN:
                self._give_up(step, transaction, reply, verdict)
            self._end_by(verdict, step, reply)

    def _invite(self, transaction: Transaction) -> None:
        self._envelope = None
        assert transaction.envelope is not None
        piece = ((Step.CONTENT, transaction),), commands.content(transaction.envelope)
        self._exchange.unsent.appendleft(piece)
        if self._parser.unfinished:
            # A reply to the content can't be on its way before the content is.
            self._end(Cause.LOST, "a reply that nothing asked for, after 354")

    def _refuse(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        stage = STAGES[step]
        refusal = Deferred(reply, stage) if reply.code < 500 else Rejected(reply, stage)
        self._conclude(step, transaction, refusal)
        if step is Step.CONTENT:
            return
        # Once MAIL was accepted the server is inside a transaction until it is told otherwise.
        self._reset = step is not Step.MAIL
        if not transaction.handed and (self._exchange.unsent or step is Step.DATA):
            self._exchange.unsent.clear()
            self._envelope = None

    def _give_up(self, step: Step, transaction: Transaction, reply: Reply, verdict: Verdict) -> None:
        """The reply isn't about this message. It may go again at once unless it was the one to be judged."""
        stage = STAGES[step]
        if verdict is Verdict.UNCHUNKED:
            self.unchunked = True
            self.answered += 1
        judged = step in COMPLETING or (reply.code != 503 and step is not Step.MAIL)
        later = verdict is Verdict.LEAVE and judged
        self._conclude(step, transaction, Deferred(reply, stage) if later else Untried(str(reply), stage))

    def _conclude(self, step: Step, transaction: Transaction, outcome: Outcome) -> None:
        """The reply to `step` decides, but for content on its way: what becomes of that is to be seen."""
        self.answered += not isinstance(outcome, Untried)
        if transaction.handed and step not in COMPLETING:
            transaction.outcome = outcome
        else:
            self._exchange.settle(transaction, outcome)

    def _answer_rest(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        """The rest of a group whose message is refused already: few replies matter."""
        if step in COMPLETING:
            self._answer_refused_content(step, transaction, reply)
        elif reply.code == 421:
            self._end_by(Verdict.LEAVE, step, reply)
        elif step is Step.DATA:
            self._envelope = None
            if reply.code // 100 == 3:
                self._answer_invitation_to_refused(transaction, reply)

    def _answer_refused_content(self, step: Step, transaction: Transaction, reply: Reply) -> None:
        assert transaction.outcome is not None
        verdict = judge(step, reply)
        if verdict is Verdict.GO:
            words = f"refused at {transaction.outcome.stage}, and yet: {reply}"
            self._exchange.settle(transaction, Uncertain(words))
        else:
            self._exchange.settle(transaction, transaction.outcome)
        if verdict is Verdict.BROKEN or reply.code == 421:
            self._end_by(verdict, step, reply)

    def _answer_invitation_to_refused(self, transaction: Transaction, reply: Reply) -> None:
        if transaction.unwanted:
            self._exchange.say(Step.EMPTY, None, commands.DOT)
        else:
            # Some recipient stands, and a dot would send an empty message: RSET can't be said any more.
            self._end(Cause.LOST, f"unexpected at {Stage.DATA}: {reply}")

    # The end.

    def _end_by(self, verdict: Verdict, step: Step, reply: Reply) -> None:
        stage = STAGES[step]
        if verdict is Verdict.BROKEN:
            return self._end(Cause.LOST, f"unexpected at {stage}: {reply}", reply.code, stage)
        cause = Cause.FAULT if verdict is Verdict.FAULT else Cause.TURNED_AWAY
        # Content may be on its way to a server that goes on answering: this is told when it has.
        self._farewell = self._farewell or Ending(cause, stage, str(reply), reply.code)
        self._stop_writing()
        return self._exchange.give_back_unsent(str(reply))

    def _end(
        self,
        cause: Cause,
        words: str,
        code: int = 0,
        stage: Stage | None = None,
        *,
        ignored: bool = False,
    ) -> None:
        if self.phase is Phase.CLOSED:
            return
        if self.awaiting is Step.QUIT:
            cause = Cause.DONE  # some servers hang up instead of saying 221
        on_trial = self.chunking and not self._proven and any(m.handed for m in self._exchange.open.values())
        self.unchunked |= on_trial and cause is Cause.LOST
        stage = stage or STAGES[self.awaiting or Step.MAIL]
        self._close(self._farewell or Ending(cause, stage, words, code), words, ignored=ignored)

    def _close(self, ending: Ending, reason: str, *, ignored: bool = False) -> None:
        self.phase = Phase.CLOSED
        self.ending = ending
        self._stop_writing()
        self._exchange.settle_all(reason, ending.words, ignored=ignored)

    def _stop_writing(self) -> None:
        self._leaving = True
        self._envelope = None
        self._exchange.unsent.clear()


INJECTED = "more came in the clear after the 220 to STARTTLS: someone may be in between"
RESET: Awaited = (Step.RSET, None)
