"""Delivery over real sockets to a server that misbehaves as told."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from dialogue import letter

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Stage, Uncertain, Untried
from mailer.errors import AccountFault, MailerError, ServerUnavailable
from mailer.sandbox.scripted_server import Act, Script, ScriptedServer
from mailer.smtp.account import Account, Timeouts
from mailer.smtp.ending import Ending
from mailer.smtp.envelope import Envelope
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("each_loop")]

QUICK = Timeouts(connect=5, greeting=0.4, command=0.4, content=0.4, idle=0.2, quit=0.4)
PATIENT = Timeouts(idle=60)  # whatever the machine does, a server that answers is heard
SILENT = (Act.STALL, Act.HUSH)


def patience(answer: str | Act) -> Timeouts:
    """Return how long to wait for a server that gives this answer."""
    return QUICK if answer in SILENT else PATIENT


BRISK = Reconnecting(tries=3, first=0.01, limit=0.05)
STEPWISE = ("8BITMIME",)
PIPELINED = ("PIPELINING",)
CHUNKED = ("PIPELINING", "CHUNKING")
WAYS = {
    "step by step": STEPWISE,
    "pipelined": PIPELINED,
    "chunked": CHUNKED,
    "chunked step by step": ("CHUNKING",),
}
every_way = pytest.mark.parametrize("extensions", WAYS.values(), ids=WAYS)


def letters(count: int) -> list[Envelope]:
    return [letter(key) for key in range(1, count + 1)]


async def send(
    work: Recording, server: ScriptedServer, connections: int = 1, timeouts: Timeouts = PATIENT
) -> None:
    account = Account("127.0.0.1", server.port, "none", connections=connections)
    async with asyncio.timeout(120):
        await deliver(work, account, timeouts=timeouts, reconnecting=BRISK)


def run(
    work: Recording, server: ScriptedServer, connections: int = 1, timeouts: Timeouts = PATIENT
) -> Exception | None:
    """Deliver all of `work` to `server`; return what was raised. Everything taken must be settled once."""

    async def main() -> Exception | None:
        async with server:
            try:
                await send(work, server, connections, timeouts)
            except Exception as error:
                return error
            return None

    error = asyncio.run(main())
    assert_account(work)
    return error


def assert_account(work: Recording) -> None:
    for key in {key for _, key in work.log}:
        events = [what for what, about in work.log if about == key]
        assert events.count("taken") == events.count("settled")
        assert events.count("handed") <= events.count("taken")
        if isinstance(work.outcomes[key], Accepted | Uncertain):
            assert "handed" in events


def kinds(work: Recording) -> dict[type[Outcome], int]:
    found: dict[type[Outcome], int] = {}
    for outcome in work.outcomes.values():
        found[type(outcome)] = found.get(type(outcome), 0) + 1
    return found


def once(at: Stage, answer: str | Act, count: int = 3) -> Script:
    """A script that gives `answer` the `count`-th time that stage `at` is reached."""
    return lambda stage, reached: answer if (stage, reached) == (at, count) else None


def always(at: Stage, answer: str | Act) -> Script:
    return lambda stage, reached: answer if stage == at else None


@every_way
@pytest.mark.parametrize("drip", [False, True], ids=["whole", "split at every octet"])
@pytest.mark.parametrize("connections", [1, 5])
def test_every_message_arrives_once(extensions: tuple[str, ...], drip: bool, connections: int) -> None:
    work, server = Recording(letters(40)), ScriptedServer(extensions=extensions, drip=drip)
    assert run(work, server, connections) is None
    assert kinds(work) == {Accepted: 40}
    got = sorted(message.recipients for message in server.taken)
    assert got == sorted((f"reader{key}@harbour.example",) for key in range(1, 41))
    assert {message.content for message in server.taken} == {letter(1).content}
    assert server.early == 0
    assert 1 <= server.connections <= connections
    assert server.commands.count("QUIT") == server.connections


# What happens at the third message of six over one connection: its outcome, and how many are accepted.
ONCE: dict[str, tuple[Stage, str | Act, type[Outcome], int]] = {
    "451 to MAIL": (Stage.MAIL, "451 4.3.0 later", Deferred, 5),
    "421 to MAIL": (Stage.MAIL, "421 4.7.0 enough for one session", Accepted, 6),
    "432 to MAIL": (Stage.MAIL, "432 4.3.2 too many connections", Accepted, 6),
    "503 to MAIL": (Stage.MAIL, "503 5.5.1 out of step", Accepted, 6),
    "450 to RCPT": (Stage.RCPT, "450 4.2.1 greylisted", Deferred, 5),
    "550 to RCPT": (Stage.RCPT, "550 5.1.1 no such reader", Rejected, 5),
    "421 to RCPT": (Stage.RCPT, "421 4.7.28 unusual rate", Deferred, 5),
    "451 to DATA": (Stage.DATA, "451 4.3.0 later", Deferred, 5),
    "554 to DATA": (Stage.DATA, "554 5.7.1 no", Rejected, 5),
    "451 to content": (Stage.CONTENT, "451 4.3.0 later", Deferred, 5),
    "421 to content": (Stage.CONTENT, "421 4.3.0 closing", Deferred, 5),
    "552 to content": (Stage.CONTENT, "552 5.3.4 too big", Rejected, 5),
    "hangs up at MAIL": (Stage.MAIL, Act.CLOSE, Accepted, 6),
    "hangs up at RCPT": (Stage.RCPT, Act.CLOSE, Accepted, 6),
    "hangs up at DATA": (Stage.DATA, Act.CLOSE, Accepted, 6),
    "hangs up in the content": (Stage.CONTENT, Act.CUT, Uncertain, 5),
    "hangs up after the content": (Stage.CONTENT, Act.CLOSE, Uncertain, 5),
    "takes it and hangs up": (Stage.CONTENT, Act.LOSE, Uncertain, 5),
    "stalls at MAIL": (Stage.MAIL, Act.STALL, Accepted, 6),
    "stalls at RCPT": (Stage.RCPT, Act.STALL, Accepted, 6),
    "stalls at DATA": (Stage.DATA, Act.STALL, Accepted, 6),
    "takes it and says nothing": (Stage.CONTENT, Act.HUSH, Uncertain, 5),
    "garbage to MAIL": (Stage.MAIL, "\0\0\0", Accepted, 6),
    "garbage to DATA": (Stage.DATA, "<html>", Accepted, 6),
    "garbage to content": (Stage.CONTENT, "250-taken\r\n999 or not", Uncertain, 5),
    "250 to DATA": (Stage.DATA, "250 ok", Accepted, 6),
    "forged reply after 354": (Stage.DATA, "354 go\r\n250 taken", Accepted, 6),
    "endless reply": (Stage.RCPT, "250-" + "more\r\n250-" * 200 + "\r\n250 x", Accepted, 6),
}


# With one message under way a connection; tests of the window are in a file of their own.
SINGLY = [
    pytest.param(WAYS[way], *row, id=f"{name}-{way}")
    for way in ("step by step", "pipelined", "chunked step by step")
    for name, row in ONCE.items()
    if row[0] is not Stage.DATA or "chunked" not in way
]


@pytest.mark.parametrize("extensions, stage, answer, outcome, accepted", SINGLY)
def test_one_misdeed_costs_no_other_message(
    extensions: tuple[str, ...], stage: Stage, answer: str | Act, outcome: type[Outcome], accepted: int
) -> None:
    work, server = Recording(letters(6)), ScriptedServer(once(stage, answer), extensions)
    assert run(work, server, timeouts=patience(answer)) is None
    assert kinds(work).get(Accepted) == accepted
    assert type(work.outcomes[3]) is outcome
    assert len(work.outcomes) == 6
    copies = [message.recipients[0] for message in server.taken]
    assert len(copies) == len(set(copies))


SETTING_UP: dict[str, tuple[Stage, str | Act, type[Exception], str]] = {
    "421 greeting": (Stage.CONNECT, "421 4.3.2 too busy", ServerUnavailable, "421 4.3.2 too busy"),
    "450 greeting": (Stage.CONNECT, "450 4.3.2 not now", ServerUnavailable, "450 4.3.2 not now"),
    "554 greeting": (Stage.CONNECT, "554 5.7.1 not you", AccountFault, "554 5.7.1 not you"),
    "no greeting": (Stage.CONNECT, Act.STALL, ServerUnavailable, "no reply to GREETING within 0.4 s"),
    "greeting is empty": (Stage.CONNECT, "", ServerUnavailable, "not an SMTP reply"),
    "greeting is no SMTP": (Stage.CONNECT, "SSH-2.0-OpenSSH", ServerUnavailable, "not an SMTP reply"),
    "hangs up": (Stage.CONNECT, Act.CLOSE, ServerUnavailable, "closed the connection"),
    "500 to EHLO": (Stage.EHLO, "500 5.5.1 what?", AccountFault, "500 5.5.1 what?"),
    "EHLO stalls": (Stage.EHLO, Act.STALL, ServerUnavailable, "no reply to EHLO"),
}


@pytest.mark.parametrize("stage, answer, error, words", SETTING_UP.values(), ids=SETTING_UP)
def test_a_server_that_never_lets_us_in(
    stage: Stage, answer: str | Act, error: type[MailerError], words: str
) -> None:
    work, server = Recording(letters(3)), ScriptedServer(always(stage, answer))
    raised = run(work, server, connections=3, timeouts=patience(answer))
    assert type(raised) is error
    assert words in str(raised) and f"127.0.0.1:{server.port}" in str(raised)
    assert "mailer sandbox" not in str(raised.next_step)
    assert {type(outcome) for outcome in work.outcomes.values()} == {Untried}
    # Whoever says nothing for so long may be no mail server at all.
    assert server.connections == (1 if error is AccountFault or answer in SILENT else BRISK.tries)


def test_it_gets_in_at_the_second_try() -> None:
    work, server = Recording(letters(3)), ScriptedServer(once(Stage.CONNECT, "421 4.3.2 busy", 1))
    assert run(work, server) is None
    assert kinds(work) == {Accepted: 3}


def test_nobody_listens() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        work, server = Recording(letters(2)), ScriptedServer(port=reserved.getsockname()[1])
        with pytest.raises(ServerUnavailable, match="connection refused") as raised:
            asyncio.run(send(work, server))
    assert raised.value.exit_code == 75 and "mailer sandbox" in str(raised.value.next_step)
    assert kinds(work) == {Untried: 1}
    assert_account(work)


def test_a_host_that_has_no_address() -> None:
    work = Recording(letters(1))
    account = Account("no-such-host.invalid", 25, "none")
    with pytest.raises(ServerUnavailable, match=r"no-such-host\.invalid:25"):
        asyncio.run(deliver(work, account, timeouts=QUICK, reconnecting=BRISK))


@pytest.mark.parametrize("answer", ["421 4.7.0 too many connections", "554 5.7.0 too many", Act.CLOSE])
def test_a_connection_too_many_is_not_missed(answer: str | Act) -> None:
    script: Script = lambda stage, count: answer if stage is Stage.CONNECT and count > 2 else None  # noqa: E731
    work, server = Recording(letters(200)), ScriptedServer(script, drip=True)
    assert run(work, server, connections=5) is None
    assert kinds(work) == {Accepted: 200}
    assert server.connections <= 5


def test_a_server_that_allows_few_messages_a_connection() -> None:
    talked = {"mails": 0}

    def script(stage: Stage, count: int) -> str | None:
        talked["mails"] += stage is Stage.MAIL
        return "421 4.7.0 five is enough" if stage is Stage.MAIL and talked["mails"] % 6 == 0 else None

    work, server = Recording(letters(60)), ScriptedServer(script)
    assert run(work, server) is None
    assert kinds(work) == {Accepted: 60}


@pytest.mark.parametrize("act", [Act.LOSE, Act.CLOSE, Act.HUSH])
def test_a_server_that_never_answers_content_is_left_soon(act: Act) -> None:
    # Each connection puts one message in doubt; a list must not be run through like that.
    work, server = Recording(letters(100)), ScriptedServer(always(Stage.CONTENT, act))
    assert isinstance(run(work, server, connections=4, timeouts=patience(act)), ServerUnavailable)
    assert kinds(work)[Uncertain] <= 4 + BRISK.tries
    assert len(server.taken) <= kinds(work)[Uncertain]


FAULTS: dict[str, tuple[Stage, str]] = {
    "530 at MAIL": (Stage.MAIL, "530 5.7.0 Authentication required"),
    "550 to MAIL": (Stage.MAIL, "550 5.7.1 sender not allowed"),
    "535 at RCPT": (Stage.RCPT, "535 5.7.8 login expired"),
    "daily limit at RCPT": (Stage.RCPT, "550 5.4.5 Daily SMTP relay limit exceeded"),
    "daily limit at content": (Stage.CONTENT, "550 5.4.5 Daily SMTP relay limit exceeded"),
}


@every_way
@pytest.mark.parametrize("stage, answer", FAULTS.values(), ids=FAULTS)
def test_an_account_fault_stops_the_run_and_blames_no_recipient(
    extensions: tuple[str, ...], stage: Stage, answer: str
) -> None:
    script: Script = lambda at, count: answer if at is stage and count >= 20 else None  # noqa: E731
    work, server = Recording(letters(100)), ScriptedServer(script, extensions)
    error = run(work, server, connections=3)
    assert isinstance(error, AccountFault) and answer in error.problem and error.next_step
    assert set(kinds(work)) <= {Accepted, Untried, Deferred}
    under_way = 3 * (16 if extensions == CHUNKED else 1)
    assert kinds(work).get(Deferred, 0) <= (under_way if stage is Stage.CONTENT else 0)
    assert len(server.taken) == kinds(work)[Accepted] < 25


def test_no_content_leaves_before_it_is_recorded() -> None:
    class Full(Recording):
        def handed(self, keys: Sequence[int]) -> bool:
            if 5 in keys:
                raise OSError(28, "No space left on device")
            return super().handed(keys)

    work, server = Full(letters(30)), ScriptedServer()
    error = run(work, server, connections=3)
    assert isinstance(error, OSError)
    assert type(work.outcomes[5]) is Untried
    assert {key for what, key in work.log if what == "handed"} == {
        int(message.recipients[0].removeprefix("reader").partition("@")[0]) for message in server.taken
    }
    assert set(kinds(work)) == {Accepted, Untried}


@every_way
def test_what_may_not_be_handed_over_any_more_goes_another_time(extensions: tuple[str, ...]) -> None:
    class Late(Recording):
        late = 0

        def handed(self, keys: Sequence[int]) -> bool:
            if self.late < 20 and any(key % 5 == 0 for key in keys):
                self.late += 1
                return False
            return super().handed(keys)

    work, server = Late(letters(100), tries=99), ScriptedServer(extensions=extensions)
    assert run(work, server, connections=3) is None
    assert work.late == 20
    assert kinds(work) == {Accepted: 100}
    assert len(server.taken) == len({message.recipients[0] for message in server.taken}) == 100
    assert len([key for what, key in work.log if what == "handed"]) == 100


def test_an_outcome_that_cant_be_recorded_ends_the_run() -> None:
    class Full(Recording):
        def settled(self, results: Sequence[tuple[int, Outcome]]) -> None:
            super().settled(results)
            if len(self.outcomes) == 7:
                raise OSError(28, "No space left on device")

    work, server = Full(letters(30)), ScriptedServer()
    assert isinstance(run(work, server, connections=3), OSError)
    assert len(server.taken) == kinds(work)[Accepted] < 15


@pytest.mark.parametrize("at", [1, 4, 20])
@pytest.mark.parametrize("extensions", [PIPELINED, CHUNKED])
def test_a_message_that_cant_be_made_ends_the_run(extensions: tuple[str, ...], at: int) -> None:
    class Broken(Recording):
        def take(self, most: int) -> list[Envelope]:
            if len([what for what, _ in self.log if what == "taken"]) == at - 1:
                raise ValueError("no such field")
            return super().take(1)

    work = Broken(letters(40))
    # Those that were taken along with it, for the same window, go back.
    assert isinstance(run(work, ScriptedServer(extensions=extensions)), ValueError)
    assert set(kinds(work)) <= {Accepted, Untried} and len(work.outcomes) == at - 1


def interrupted(
    act: Callable[[asyncio.Task[None], asyncio.Event], object], script: Script
) -> tuple[Recording, ScriptedServer]:
    """Start a delivery of 500 over 3 connections, `act` on it after the 30th RCPT."""
    work, begun = Recording(letters(500)), asyncio.Event()

    async def main() -> tuple[Recording, ScriptedServer]:
        def watch(stage: Stage, count: int) -> str | Act | None:
            if stage is Stage.RCPT and count == 30:
                begun.set()
            return script(stage, count)

        async with ScriptedServer(watch) as server:
            stop = asyncio.Event()
            account = Account("127.0.0.1", server.port, "none", connections=3)
            delivery = asyncio.create_task(
                deliver(work, account, stop, timeouts=QUICK, reconnecting=BRISK), name="delivery"
            )
            await begun.wait()
            act(delivery, stop)
            await asyncio.wait([delivery], timeout=60)
            assert delivery.done()
            if not delivery.cancelled():
                delivery.result()
        return work, server

    found = asyncio.run(main())
    assert_account(work)
    return found


def test_stop_finishes_what_is_under_way() -> None:
    work, server = interrupted(lambda delivery, stop: stop.set(), lambda stage, count: None)
    assert set(kinds(work)) <= {Accepted, Untried}
    assert kinds(work).get(Untried, 0) <= 1
    assert len(server.taken) == kinds(work)[Accepted] < 100
    assert server.commands.count("QUIT") == server.connections


def test_cancelling_settles_everything_at_once() -> None:
    work, server = interrupted(lambda delivery, stop: delivery.cancel(), lambda stage, count: None)
    counts = kinds(work)
    assert counts.get(Uncertain, 0) <= 3
    assert counts[Accepted] <= len(server.taken) <= counts[Accepted] + counts.get(Uncertain, 0)
    assert len(server.taken) < 100, "nothing more is begun"


def test_cancelling_in_a_stall() -> None:
    work, _ = interrupted(
        lambda delivery, stop: asyncio.get_running_loop().call_later(0.1, delivery.cancel),
        lambda stage, count: Act.HUSH if stage is Stage.CONTENT and count >= 30 else None,
    )
    assert kinds(work)[Uncertain] == 3


class Paused(Recording):
    """Nothing to do for `pause` seconds after each fifth message."""

    pause = 0.8
    left = 5

    def take(self, most: int) -> list[Envelope]:
        taken = super().take(min(most, self.left))
        self.left -= len(taken)
        return taken

    async def wait(self) -> bool:
        if kinds(self).get(Accepted) == 10:
            return False
        await asyncio.sleep(self.pause)
        self.left = 5
        return True


def test_idle_connections_are_parted_from_and_opened_again() -> None:
    work, server = Paused(letters(10)), ScriptedServer()
    assert run(work, server, timeouts=QUICK) is None
    assert kinds(work) == {Accepted: 10}
    assert server.connections == 2
    assert server.commands.count("QUIT") == 2


def test_a_stall_after_a_pause_is_noticed() -> None:
    work, server = Paused(letters(10)), ScriptedServer(once(Stage.MAIL, Act.STALL, 6))
    work.pause = 0.05
    assert run(work, server, timeouts=QUICK) is None
    assert kinds(work) == {Accepted: 10}
    assert server.connections == 2


def test_a_server_that_closes_an_idle_connection_is_no_failure() -> None:
    class Waits(Recording):
        async def wait(self) -> bool:
            await asyncio.sleep(0.01)
            return await super().wait()

    script: Script = lambda stage, count: "250 taken\r\n421 4.4.2 idle" if stage is Stage.CONTENT else None  # noqa: E731
    work, server = Waits(letters(4)), ScriptedServer(script, STEPWISE)
    assert run(work, server) is None
    assert kinds(work) == {Accepted: 4}


def test_octets_that_complete_no_reply_win_no_time() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while True:
                writer.write(b"220-wait\r\n")
                await writer.drain()
                await asyncio.sleep(0.05)

    async def main() -> None:
        async with await asyncio.start_server(dribble, "127.0.0.1", 0) as server, asyncio.timeout(60):
            account = Account("127.0.0.1", server.sockets[0].getsockname()[1], "none")
            # If they did win time, this would never end.
            with pytest.raises(ServerUnavailable, match="no reply to GREETING"):
                await deliver(
                    Recording(letters(1)), account, timeouts=QUICK, reconnecting=Reconnecting(tries=1)
                )
            await asyncio.sleep(0.2)  # for the dribbler to notice that nobody listens

    asyncio.run(main())


class Allowed(Recording):
    """Allows as many connections as it is told to; remembers what it was told of them."""

    allowed = 1
    refusals: tuple[str, ...] = ()
    up: tuple[int, ...] = ()

    def connections(self) -> int:
        return self.allowed

    def connected(self, number: int) -> None:
        self.up += (number,)

    def turned_away(self, ending: Ending, there: int) -> float:
        self.refusals += (f"{ending.words} ({there})",)
        self.allowed = max(1, there)
        return 0.3


def test_connections_come_and_go_as_the_work_says() -> None:
    work, server = Allowed(letters(5000)), ScriptedServer(drip=True)
    present: list[int] = []  # by message: how many connections there were

    def script(stage: Stage, count: int) -> None:
        if stage is Stage.RCPT:
            present.append(server.present)
            if count == 200:
                work.allowed = 3
            # How many messages it takes until the third is there is the machine's to say.
            elif present[-100:] == [3] * 100:
                work.allowed = 2

    server.script = script
    assert run(work, server, connections=5) is None
    assert kinds(work) == {Accepted: 5000}
    assert {*present[:199]} == {1}
    assert max(present) == 3
    assert present[-10] == 2
    assert work.up == (1, 2, 3, 2, 1, 0)
    assert server.connections == server.commands.count("QUIT") == 3


SLOW = 20  # the message after whose content the server falls silent


def falls_silent(script: Script, *, allowed: int, content: float) -> tuple[Allowed, ScriptedServer, int]:
    """Deliver 100 over 3 connections at most, `allowed` at first; say how many were settled before SLOW."""
    work, server = Allowed(letters(100)), ScriptedServer(script, dawdle=2 * content / 3)
    work.allowed = allowed
    timeouts = replace(PATIENT, idle=0.2, content=content, silence=1.0)

    async def main() -> None:
        async with server, asyncio.timeout(120):
            account = Account("127.0.0.1", server.port, "none", connections=3)
            await deliver(work, account, timeouts=timeouts, reconnecting=BRISK)

    asyncio.run(main())
    assert_account(work)
    settled = [key for what, key in work.log if what == "settled"]
    return work, server, settled.index(SLOW)


def test_while_a_connection_is_silent_others_are_tried() -> None:
    script: Script = lambda stage, count: Act.HUSH if (stage, count) == (Stage.CONTENT, SLOW) else None  # noqa: E731
    work, server, before = falls_silent(script, allowed=1, content=6)
    assert kinds(work) == {Accepted: 99, Uncertain: 1}
    assert before >= 98, "all but the one that stood behind it"
    assert server.connections == 3, (
        "one in its place, and at the end one for the message that stood behind it"
    )


def test_a_connection_that_was_only_slow_goes_on() -> None:
    script: Script = lambda stage, count: Act.DAWDLE if (stage, count) == (Stage.CONTENT, SLOW) else None  # noqa: E731
    work, server, before = falls_silent(script, allowed=1, content=6)
    assert kinds(work) == {Accepted: 100}
    assert before >= 98, "all but the one that stood behind it"
    assert server.connections == server.commands.count("QUIT") == 2


def test_a_slow_server_that_allows_no_other_connection_is_waited_for() -> None:
    def script(stage: Stage, count: int) -> str | Act | None:
        if stage is Stage.CONNECT and server.present > 1:
            return "421 4.7.0 Too many connections"
        return Act.DAWDLE if (stage, count) == (Stage.CONTENT, 20) else None

    work, server = Allowed(letters(100)), ScriptedServer(script, dawdle=5)

    async def main() -> None:
        async with server, asyncio.timeout(120):
            account = Account("127.0.0.1", server.port, "none", connections=3)
            timeouts = replace(PATIENT, idle=0.2, silence=0.1)
            await deliver(work, account, timeouts=timeouts, reconnecting=BRISK)

    asyncio.run(main())
    assert kinds(work) == {Accepted: 100}
    assert len(work.refusals) >= BRISK.tries, "it was tried all the time"


def test_all_that_the_settings_allow_may_be_silent_and_no_more() -> None:
    hushed: Script = lambda stage, count: Act.HUSH if stage is Stage.CONTENT and count >= 20 else None  # noqa: E731
    work, server = Allowed(letters(100)), ScriptedServer(hushed)

    async def main() -> None:
        async with server, asyncio.timeout(120):
            account = Account("127.0.0.1", server.port, "none", connections=3)
            timeouts = replace(PATIENT, idle=0.2, silence=0.1)
            delivery = asyncio.create_task(deliver(work, account, timeouts=timeouts, reconnecting=BRISK))
            while server.present < 3:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.5)  # in which there would be a fourth
            assert server.present == server.connections == 3
            delivery.cancel()
            await asyncio.wait([delivery])

    asyncio.run(main())
    assert kinds(work)[Uncertain] == 3


def test_the_settings_are_the_most_whatever_the_work_says() -> None:
    work, server = Allowed(letters(300)), ScriptedServer(drip=True)
    work.allowed = 9
    assert run(work, server, connections=2) is None
    assert server.connections == 2


def test_another_connection_is_tried_when_the_work_says_and_not_before() -> None:
    taken: list[int] = []  # how many messages, at each connection

    def script(stage: Stage, count: int) -> str | None:
        if stage is not Stage.CONNECT:
            return None
        taken.append(len(server.taken))
        return "421 4.7.0 Too many connections" if count == 2 else None

    class Insistent(Allowed):
        allowed = 2

        def turned_away(self, ending: Ending, there: int) -> float:
            pause, self.allowed = super().turned_away(ending, there), 2
            return pause

    work, server = Insistent(letters(1500)), ScriptedServer(script, drip=True)
    assert run(work, server, connections=3) is None
    assert work.refusals == ("421 4.7.0 Too many connections (1)",)
    assert len(taken) == 3
    assert taken[2] - taken[1] > 1, "the first connection has worked on meanwhile"


def test_no_work_opens_no_connection() -> None:
    work, server = Recording([]), ScriptedServer()
    assert run(work, server, connections=4) is None
    assert server.connections == 0


def test_a_large_message_to_a_slow_reader() -> None:
    content = b"Subject: harbour plans\r\n\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 70 + b"\r\n") * 100_000
    work, server = Recording([letter(key, content) for key in (1, 2, 3)]), ScriptedServer()
    assert run(work, server) is None
    assert [message.content == content for message in server.taken] == [True] * 3


def test_mail_for_nobody_here_is_refused_and_the_rest_goes_on() -> None:
    envelopes = letters(3)
    envelopes.insert(1, Envelope(99, "news@gazette.example", "käpten@harbour.example", b"x\r\n"))
    work, server = Recording(envelopes), ScriptedServer(extensions=PIPELINED)
    assert run(work, server) is None
    assert kinds(work) == {Accepted: 3, Rejected: 1}
    assert not any("harbour" in line and line[9:10] == "k" for line in server.commands)
