"""A window of messages under way to a server that misbehaves in its midst: exact by the server's own log."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import pytest
from dialogue import letter

from mailer.domain.outcome import Accepted, Deferred, Outcome, Rejected, Stage, Uncertain
from mailer.errors import AccountFault, ServerUnavailable
from mailer.sandbox.scripted_server import Act, Script, ScriptedServer
from mailer.smtp.account import Account, Timeouts
from mailer.smtp.pool import deliver
from mailer.smtp.reconnecting import Reconnecting
from mailer.smtp.recording import Recording

pytestmark = [pytest.mark.peers, pytest.mark.usefixtures("each_loop")]

QUICK = Timeouts(connect=5, greeting=0.5, command=0.5, content=0.5, idle=0.2, quit=0.5)
BRISK = Reconnecting(tries=3, first=0.01, limit=0.05)
CHUNKED = ("PIPELINING", "CHUNKING")
COUNT = 60


class Run:
    """A delivery of `COUNT` messages, and what the server says it took."""

    def __init__(
        self, script: Script, log: Path, extensions: tuple[str, ...] = CHUNKED, connections: int = 1
    ) -> None:
        self.work = Recording(letter(key) for key in range(1, COUNT + 1))
        self.server = ScriptedServer(script, extensions, log)
        self.error: Exception | None = None
        asyncio.run(self.main(connections))
        lines = log.read_text().splitlines() if log.exists() else []
        self.copies = Counter(int(line.split("@")[0].removeprefix("reader")) for line in lines)

    async def main(self, connections: int) -> None:
        async with self.server, asyncio.timeout(30):
            account = Account("127.0.0.1", self.server.port, "none", connections=connections)
            try:
                await deliver(self.work, account, timeouts=QUICK, reconnecting=BRISK)
            except Exception as error:
                self.error = error

    def keys(self, kind: type[Outcome]) -> set[int]:
        return {key for key, outcome in self.work.outcomes.items() if isinstance(outcome, kind)}

    def assert_exact(self) -> None:
        """Nobody gets two; whoever has one is accepted or in doubt; whoever is accepted has one."""
        assert set(self.copies.values()) <= {1}
        assert self.keys(Accepted) <= self.copies.keys() <= self.keys(Accepted) | self.keys(Uncertain)


def at(stage: Stage, answer: str | Act, *counts: int) -> Script:
    return lambda reached, count: answer if reached == stage and count in counts else None


# What happens when a stage is reached for the 20th time, with a window open: how many are put off, refused
# and in doubt at most, of 60. All others are accepted.
MIDST: dict[str, tuple[Stage, str | Act, int, int, int]] = {
    "421 to MAIL": (Stage.MAIL, "421 4.7.0 enough", 0, 0, 0),
    "421 to RCPT": (Stage.RCPT, "421 4.7.28 unusual rate", 1, 0, 0),
    "421 to content": (Stage.CONTENT, "421 4.3.0 closing", 1, 0, 0),
    "503 to MAIL": (Stage.MAIL, "503 5.5.1 out of step", 0, 0, 0),
    "451 to MAIL": (Stage.MAIL, "451 4.3.0 later", 1, 0, 0),
    "450 to RCPT": (Stage.RCPT, "450 4.2.1 greylisted", 1, 0, 0),
    "550 to RCPT": (Stage.RCPT, "550 5.1.1 no such reader", 0, 1, 0),
    "451 to content": (Stage.CONTENT, "451 4.3.0 later", 1, 0, 0),
    "554 to content": (Stage.CONTENT, "554 5.7.1 spam", 0, 1, 0),
    "502 to BDAT": (Stage.CONTENT, "502 5.5.1 not here", 0, 0, 0),
    "503 to BDAT": (Stage.CONTENT, "503 5.5.1 not now", 0, 0, 0),
    "554 to BDAT": (Stage.CONTENT, "554 5.5.1 not this", 0, 0, 0),
    "hangs up at MAIL": (Stage.MAIL, Act.CLOSE, 0, 0, 16),
    "hangs up at RCPT": (Stage.RCPT, Act.CLOSE, 0, 0, 16),
    "hangs up in the content": (Stage.CONTENT, Act.CUT, 0, 0, 16),
    "hangs up after the content": (Stage.CONTENT, Act.CLOSE, 0, 0, 16),
    "takes it and hangs up": (Stage.CONTENT, Act.LOSE, 0, 0, 16),
    "stalls at MAIL": (Stage.MAIL, Act.STALL, 0, 0, 16),
    "takes it and says nothing": (Stage.CONTENT, Act.HUSH, 0, 0, 16),
    "garbage to content": (Stage.CONTENT, "250-taken\r\n999 or not", 0, 0, 16),
}


@pytest.mark.parametrize("stage, answer, deferred, rejected, uncertain", MIDST.values(), ids=MIDST)
def test_a_misdeed_in_the_midst_of_a_window(
    stage: Stage, answer: str | Act, deferred: int, rejected: int, uncertain: int, tmp_path: Path
) -> None:
    run = Run(at(stage, answer, 20), tmp_path / "log")
    assert run.error is None
    run.assert_exact()
    assert len(run.keys(Deferred)) == deferred and len(run.keys(Rejected)) == rejected
    assert len(run.keys(Uncertain)) <= uncertain
    assert len(run.keys(Accepted)) == COUNT - deferred - rejected - len(run.keys(Uncertain))


def test_drops_all_over_leave_only_what_was_under_way_in_doubt(tmp_path: Path) -> None:
    run = Run(at(Stage.RCPT, Act.CLOSE, 9, 25, 33), tmp_path / "log", connections=3)
    run.assert_exact()
    assert run.error is None and len(run.keys(Uncertain)) <= 3 * 16


REFUSALS = ["500 5.5.1 what", "502 what", "503 5.5.1 no", "504 no", "554 no", "554 5.5.1 no", Act.BALK]


@pytest.mark.parametrize("answer", REFUSALS)
@pytest.mark.parametrize("extensions", [CHUNKED, ("CHUNKING",)], ids=["pipelined", "step by step"])
def test_a_server_that_refuses_bdat_after_offering_it(
    extensions: tuple[str, ...], answer: str | Act, tmp_path: Path
) -> None:
    said = []

    def script(stage: Stage, count: int) -> str | Act | None:
        refuse = stage is Stage.CONTENT and run_by_bdat()
        said.append(refuse)
        return answer if refuse else None

    def run_by_bdat() -> bool:
        verbs = [line[:4] for line in server_of[0].commands if line[:4] in ("BDAT", "DATA")]
        return verbs[-1:] == ["BDAT"]

    server_of: list[ScriptedServer] = []

    class Watched(Run):
        async def main(self, connections: int) -> None:
            server_of.append(self.server)
            await super().main(connections)

    run = Watched(script, tmp_path / "log", extensions)
    assert run.error is None
    run.assert_exact()
    assert run.keys(Accepted) == set(range(1, COUNT + 1))
    assert said.count(True) == 1  # once, and then DATA for the whole account
    assert run.server.connections == 2


@pytest.mark.parametrize("act", [Act.CLOSE, Act.CUT, Act.LOSE, Act.STALL])
def test_a_server_that_breaks_at_every_chunk_gets_data(act: Act, tmp_path: Path) -> None:
    # The one that tried is in doubt; the others go by DATA.
    def script(stage: Stage, count: int) -> Act | None:
        return act if stage is Stage.CONTENT and count == 1 else None

    run = Run(script, tmp_path / "log")
    run.assert_exact()
    assert run.error is None and len(run.keys(Uncertain)) == 1
    assert sum(line.startswith("BDAT") for line in run.server.commands) == 1


def test_a_refused_recipient_doesnt_upset_those_behind_it(tmp_path: Path) -> None:
    # This server wants RSET after BDAT without a recipient, as some do: else 503 to MAIL.
    bad = range(10, COUNT, 7)
    run = Run(at(Stage.RCPT, "550 5.1.1 no such reader", *bad), tmp_path / "log")
    run.assert_exact()
    assert len(run.keys(Rejected)) == len(bad) and len(run.keys(Accepted)) == COUNT - len(bad)
    assert run.server.connections == 1


def test_an_account_fault_in_the_midst_blames_no_recipient(tmp_path: Path) -> None:
    script: Script = lambda stage, count: (  # noqa: E731
        "550 5.7.1 sender not allowed" if stage is Stage.MAIL and count >= 20 else None
    )
    run = Run(script, tmp_path / "log")
    run.assert_exact()
    assert isinstance(run.error, AccountFault)
    assert len(run.keys(Accepted)) == 19 and not run.keys(Uncertain) | run.keys(Rejected)


def test_a_server_that_never_answers_content_is_left_soon(tmp_path: Path) -> None:
    script: Script = lambda stage, count: Act.LOSE if stage is Stage.CONTENT else None  # noqa: E731
    run = Run(script, tmp_path / "log", connections=4)
    run.assert_exact()
    assert isinstance(run.error, ServerUnavailable)
    assert len(run.keys(Uncertain)) <= 4 + BRISK.tries


class Sessions:
    """A script for a server that ends each session after `most` messages, with `words`."""

    def __init__(self, most: int, words: str) -> None:
        self.most, self.words, self.carried = most, words, 0

    def __call__(self, stage: Stage, count: int) -> str | None:
        if stage is Stage.CONNECT:
            self.carried = 0
        if stage is Stage.MAIL:
            self.carried += 1
            if self.carried > self.most:
                return self.words
        return None


@pytest.mark.parametrize("extensions", [CHUNKED, ("PIPELINING",), ("CHUNKING",), ("8BITMIME",)])
@pytest.mark.parametrize(
    "words, lessons",
    [
        ("421 4.7.0 Maximum message count per session reached", 1),
        ("452 4.5.3 too many messages in this connection", 1),
        ("421 4.7.0 enough", 2),
    ],
)
def test_how_many_a_connection_may_carry_is_learned(
    extensions: tuple[str, ...], words: str, lessons: int, tmp_path: Path
) -> None:
    run = Run(Sessions(7, words), tmp_path / "log", extensions)
    run.assert_exact()
    assert run.keys(Accepted) == set(range(1, COUNT + 1))
    assert run.server.connections == 9  # of 7 each, but for the last
    assert run.server.commands.count("QUIT") == 9 - lessons


def test_mailmax_is_never_exceeded(tmp_path: Path) -> None:
    run = Run(Sessions(5, "421 4.7.0 I told you"), tmp_path / "log", (*CHUNKED, "LIMITS MAILMAX=5"))
    assert run.keys(Accepted) == set(range(1, COUNT + 1))
    assert run.server.commands.count("QUIT") == run.server.connections == COUNT / 5
