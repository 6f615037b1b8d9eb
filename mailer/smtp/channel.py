"""A transmission channel (RFC 5321 3.7): one session over one connection, fed from a source.

After it is set up everything happens in the callbacks of the connection: a read of replies settles
messages, takes the next and writes, without a task or a future in between.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from os import strerror
from time import monotonic
from typing import Protocol

from mailer.domain.outcome import Stage
from mailer.errors import AccountFault, ServerUnavailable
from mailer.smtp.account import Account, Timeouts
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.connection import Connection, answer_to_hello, speaks_tls
from mailer.smtp.ending import SPEAKS_CLEAR, WAITS_FOR_TLS, Cause, Ending
from mailer.smtp.envelope import Envelope
from mailer.smtp.exchange import Result
from mailer.smtp.opening import Phase
from mailer.smtp.reply import quote
from mailer.smtp.session import Session
from mailer.smtp.transcript import Transcript
from mailer.smtp.verdict import COMPLETING, Step
from mailer.smtp.window import Moment, Window


class MessageSource(Protocol):
    """Where a channel's messages come from and what it tells about them."""

    def moment(self) -> Moment:
        """Return when this process set about what it is doing now: what all connections read at once, say."""

    def take(self, most: int) -> Sequence[Envelope]:
        """Return the next messages, up to `most` of them; fewer when there are no more right now."""

    def writes(self, channel: Channel) -> None:
        """The channel has something to write: call its `write` soon, once its `completing` is recorded."""

    def settled(self, results: Sequence[Result]) -> None:
        """This became of them."""

    def changed(self, channel: Channel) -> None:
        """The channel became idle, or ended."""

    def failed(self, error: Exception) -> None:
        """Something that is no server's doing: nothing can go on."""


class Channel:
    """One connection to the server and its conversation."""

    def __init__(self, account: Account, source: MessageSource, timeouts: Timeouts) -> None:
        self._account = account
        self._source = source
        self._timeouts = timeouts
        self._transcript = Transcript(account)
        self._session = Session(account, self._transcript if Transcript.is_wanted() else None)
        self.window = Window(account.window)
        self._connection = Connection(self._received, self._proceed, self._lost)
        self._progress = asyncio.Event()
        self._deadline = float("inf")
        self._overdue = False
        self._asked_at = float("inf")
        self._moves = -1
        self._connecting = False
        self._looking = False  # what is there is being found out over a connection of its own
        self._closed = False
        self._token = ""
        self.idle_since: float | None = None
        self.silent = False  # an answer is due for so long that nobody should count on it
        self.unused = False  # nothing was under way when it ended
        self.was_ready = False

    @property
    def ending(self) -> Ending | None:
        """Why it ended; None as long as it lives."""
        return self._session.ending

    @property
    def ready(self) -> bool:
        """Whether it is set up and alive."""
        return self._session.phase is Phase.READY

    @property
    def parting(self) -> bool:
        """Whether it takes no more messages."""
        return self._session.parting

    @property
    def greeting(self) -> str:
        """The server's first words; empty if it said none."""
        return self._session.greeting

    @property
    def offers(self) -> Capabilities:
        """What the server's latest EHLO offers."""
        return self._session.offers

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS object of the connection; None in the clear."""
        return self._connection.tls

    @property
    def answered(self) -> int:
        """How many messages got a reply of their own over this channel."""
        return self._session.answered

    @property
    def unchunked(self) -> bool:
        """Whether it showed that the server doesn't take BDAT, although it offers it."""
        return self._session.unchunked

    def limit(self, most: int | None) -> None:
        """Carry `most` messages altogether."""
        self._session.limit(most)

    async def open(self, context: ssl.SSLContext | None) -> None:
        """Connect, secure, log in. Afterwards it is ready, and at work already, or `ending` says why not."""
        try:
            await self._set_up(context)
        except ssl.SSLCertVerificationError as error:
            self._end(f"the certificate doesn't verify: {error.verify_message}", Cause.FAULT, Stage.STARTTLS)
        except ssl.SSLError as error:
            in_clear = self._account.security == "tls" and error.reason in IN_CLEAR
            words = SPEAKS_CLEAR if in_clear else f"no TLS: {error.reason or error}"
            self._end(words, Cause.FAULT, Stage.STARTTLS)
        except TimeoutError:
            self._end(f"no answer within {self._timeouts.connect:g} s", Cause.MUTE)
        except OSError as error:
            there = isinstance(error, ConnectionResetError | ConnectionAbortedError) or not self._connecting
            self._end(_words(error), Cause.LOST if there else Cause.UNREACHED)
        except BaseException:
            # It may be at work already: set up in a callback, before this task came to hear of it.
            if not self.ready:
                self.abort("stopped while connecting")
            raise

    async def _set_up(self, context: ssl.SSLContext | None) -> None:
        if not await self._authorised():
            return
        host, limit = self._account.host, self._timeouts.connect
        implicit = context if self._account.security == "tls" else None
        self._connecting = True
        await self._connection.connect(host, self._account.port, implicit, limit)
        self._connected()
        while self._session.phase in (Phase.SETUP, Phase.TLS):
            if self._session.phase is Phase.TLS:
                assert context is not None
                self._connecting = True
                await self._connection.start_tls(host, context, limit)
                if self._session.phase is Phase.TLS:
                    self._session.secured()
                self._connected()
            await self._said_something()
            self._progress.clear()

    async def _authorised(self) -> bool:
        """Get a token before there is a connection that would wait for it; whether one is to be opened."""
        if tokens := self._account.tokens:
            try:
                token = await tokens.token()
            except ServerUnavailable as error:
                self._end(error.problem, Cause.UNREACHED, Stage.AUTH)
                return False
            except AccountFault as error:
                # Before the end of this channel is, so that it is what the run ends with.
                self._source.failed(error)
                self._end(error.problem, Cause.DONE, Stage.AUTH)
                return False
            self._token = token.text
            self._session.opening.authorise(token)
        return True

    async def _said_something(self) -> None:
        """Wait for progress; where not even a greeting comes, find out meanwhile what is there."""
        silent = self._session.awaiting is Step.GREETING and self._account.security != "tls"
        looking = asyncio.create_task(self._look_who_is_there()) if silent else None
        try:
            await self._progress.wait()
        finally:
            if looking is not None:
                looking.cancel()

    async def _look_who_is_there(self) -> None:
        await asyncio.sleep(self._timeouts.doubt)
        self._looking = True
        answer = await answer_to_hello(self._account.host, self._account.port)
        self._looking = False
        if self._session.awaiting is not Step.GREETING:
            return
        if speaks_tls(answer):
            self._end(WAITS_FOR_TLS, Cause.FAULT, Stage.STARTTLS)
        elif answer and not answer[:3].isdigit():
            self._end(f"no greeting, and no mail server: {quote(answer)}", Cause.FAULT, Stage.CONNECT)

    def _connected(self) -> None:
        self._connecting = False
        if self.tls and (certificate := self.tls.getpeercert(binary_form=True)):
            self._session.opening.bind(certificate)
        if self._connection.closed.done():
            self.abort("the server closed the connection")
        self._proceed()

    def finish(self) -> None:
        """Take no more messages, let those under way end, say QUIT."""
        self._session.leave()
        self._proceed()

    def abandon(self, reason: str) -> None:
        """Give back every message whose content isn't handed over, wait for the replies to the others."""
        self._settle(self._session.abandon(reason))
        self._after()

    def abort(self, reason: str) -> None:
        """Drop the connection now and settle what is under way."""
        self._end(reason, Cause.LOST)

    def wake(self) -> None:
        """There may be messages again."""
        self.idle_since = None
        self._proceed()

    def check(self, now: float) -> None:
        """Look at the clock: give up on a reply that is overdue, part from a server not needed for long."""
        self.silent = now - self._asked_at >= self._timeouts.silence
        if now >= self._deadline and not self._overdue:
            # This process itself may have been held up: one more turn for what has come meanwhile.
            self._overdue = True
        elif self._overdue and (step := self._session.awaiting):
            self._give_up_on(step)
        elif self.idle_since is not None and now - self.idle_since >= self._timeouts.idle:
            self.finish()

    def _give_up_on(self, step: Step) -> None:
        if self._looking:
            # A server with room for one answers whoever is looking, once this connection is out of the way.
            self._looking, self._connecting = False, True
            self._connection.abort()
            self._deadline, self._overdue = monotonic() + self._timeouts.doubt, False
        else:
            cause = Cause.LOST if self.was_ready else Cause.MUTE
            self._end(f"no reply to {step.name} within {self._patience(step):g} s", cause)

    @property
    def gone(self) -> asyncio.Future[None]:
        """Done when the socket is gone."""
        return self._connection.closed

    def drop(self) -> None:
        """Close the socket of an ended channel without ceremony."""
        self._connection.abort()

    def _received(self, data: bytes) -> None:
        read = self._source.moment() if self._session.chunking else None
        results = self._session.receive(data)
        if read is not None:
            self._adjust(results, read)
        self._settle(results)
        self._after()

    def _adjust(self, results: list[Result], read: Moment) -> None:
        """Let the window be what the time that replies take makes of it."""
        for key, _ in results:
            self.window.answered(key, read)
        self._session.window = self.window.size

    def _after(self) -> None:
        """Act on the phase that the session is in now."""
        self._progress.set()
        phase = self._session.phase
        if phase is Phase.CLOSED:
            self._close()
        elif phase is Phase.TLS:
            self._connection.pause()
        else:
            if phase is Phase.READY and not self.was_ready:
                self.was_ready = True
                self._transcript.up(self.tls)
            self._proceed()

    def _proceed(self) -> None:
        """Take messages as long as the session wants them, and see that what there is to write is written."""
        if self._session.phase is Phase.CLOSED:
            return
        try:
            if self._connection.writable:
                self._feed()
                self._source.writes(self)
        except Exception as error:
            self._source.failed(error)
        self._watch()

    @property
    def waiting(self) -> int:
        """How many pieces the next `write` writes, one or two a message."""
        return self._session.waiting

    @property
    def completing(self) -> list[int]:
        """The keys of the messages that the next `write` completes at the server, if it takes them."""
        return self._session.completing

    def write(self) -> None:
        """Write what there is to write."""
        if parts := self._session.flush():
            self._connection.write(parts)
        elif self._session.awaiting and self._session.phase is not Phase.CLOSED:
            self._connection.acknowledge()
        self._watch()

    def withhold(self) -> None:
        """Give back what is not handed over, and part: a server that waits for content takes nothing else."""
        self.abandon("it was too late to go on")

    def _feed(self) -> None:
        session = self._session
        while room := session.room:
            envelopes = self._source.take(room)
            if envelopes:
                self.idle_since = None
                self._settle(session.add(envelopes))
                if session.full:
                    self.window.filled(envelopes[-1].key, self._source.moment())
            if len(envelopes) < room:
                self._have_nothing()
                return
        if session.parting and session.quiet:
            session.leave()

    def _have_nothing(self) -> None:
        self.window.dry()
        self._session.window = self.window.size
        if self._session.quiet and self.idle_since is None:
            self.idle_since = monotonic()
            self._source.changed(self)

    def _settle(self, results: list[Result]) -> None:
        if results:
            self._source.settled(results)

    def _watch(self) -> None:
        """Set the time for the next reply; octets that complete none don't prolong it."""
        if self._moves == self._session.moves:
            return
        self._moves = self._session.moves
        step = self._session.awaiting
        self._asked_at = monotonic() if step else float("inf")
        self._deadline = self._asked_at + self._patience(step) if step else float("inf")
        self._overdue = self.silent = False

    def _patience(self, step: Step) -> float:
        if self._session.closing:
            return self._timeouts.quit
        if step in COMPLETING:
            return self._timeouts.content
        if step is Step.QUIT:
            return self._timeouts.quit
        return self._timeouts.command if self.was_ready else self._timeouts.greeting

    def _lost(self, reason: str, closed: bool) -> None:
        # While TLS is set up the connection is lost with a better reason, which `open` gets as an exception.
        if not self._connecting:
            self._end(reason, Cause.LOST, closed=closed)

    def _end(self, words: str, cause: Cause, stage: Stage | None = None, *, closed: bool = False) -> None:
        self._settle(self._session.lost(words, cause, stage, closed=closed))
        self._after()

    def _close(self) -> None:
        """Let the socket go: in good order after QUIT, at once otherwise."""
        if self._closed:
            return
        self._closed = True
        self.unused = self.idle_since is not None
        self.idle_since, self._deadline = None, float("inf")
        assert self.ending is not None
        if self.ending.cause is Cause.EXPIRED and self._account.tokens:
            self._account.tokens.refused(self._token)
        self._transcript.ended(self.ending, self.answered)
        if self.ending.cause is Cause.DONE:
            self._connection.close()
        else:
            self._connection.abort()
        self._source.changed(self)


# What OpenSSL says of octets that are no TLS.
IN_CLEAR = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")


def _words(error: OSError) -> str:
    if error.errno and error.errno > 0:
        return strerror(error.errno).lower()
    return error.strerror or str(error) or type(error).__name__
