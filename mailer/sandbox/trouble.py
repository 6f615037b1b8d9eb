"""What a mail server does wrong, at random from a seed, and a log of it by number.

Every reply that the script puts in the place of the proper one carries its number, so that the words in a
ledger can be held against what the server really said, at which stage and to whom.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import Act, ScriptedServer

GARBAGE = ("25", "2500 fine", "\x00\x01\x02 250 ok", "HTTP/1.1 200 OK", "-250 ok", "999 what", "250?ok")
HANG_UP_AFTER = 1.0  # seconds that a conversation lasts that got stuck

Shares = Mapping[Stage, Mapping[str, int]]
"""How often in 10,000 times something comes up at a stage: a code, an act, or what is no SMTP."""

MUCH: Shares = {
    Stage.CONNECT: {"421": 200, "451": 100, "CLOSE": 200, "garbage": 100},
    Stage.EHLO: {"421": 200, "451": 100, "CLOSE": 200, "garbage": 100},
    Stage.MAIL: {"421": 15, "451": 40, "CLOSE": 15, "garbage": 10, "STALL": 2},
    Stage.RCPT: {"421": 15, "451": 80, "550": 80, "CLOSE": 15, "garbage": 10, "STALL": 2},
    Stage.DATA: {"421": 15, "451": 40, "554": 15, "CLOSE": 15, "garbage": 10, "STALL": 2},
    Stage.CONTENT: {
        "421": 15,
        "451": 40,
        "554": 20,
        "CUT": 15,
        "CLOSE": 15,
        "LOSE": 15,
        "HUSH": 3,
        "STALL": 3,
        "garbage": 15,
    },
}
SOME: Shares = {
    Stage.CONNECT: {"421": 50, "CLOSE": 50},
    Stage.RCPT: {"451": 100, "550": 50},
    Stage.CONTENT: {"451": 20, "554": 10, "CLOSE": 10, "LOSE": 10},
}
LEVELS: Mapping[str, Shares] = {"none": {}, "some": SOME, "much": MUCH}


@dataclass(slots=True)
class Trouble:
    """A script for `server`. Each line of `log`: number, connection, stage, recipient or -, what was done."""

    server: ScriptedServer
    log: Path
    chance: random.Random
    shares: Shares
    number: int = 0
    recipients: dict[object, str] = field(default_factory=dict)
    connections: dict[object, int] = field(default_factory=dict)

    def script(self, stage: Stage, count: int) -> str | Act | None:  # noqa: ARG002
        """Return what to do at `stage`, after it has been written to the log."""
        talk = asyncio.current_task()
        self._place(talk, stage)
        self.server.drip = bool(self.shares) and self.chance.random() < 0.1
        kind = self._kind(stage)
        if kind is None and stage is not Stage.CONTENT:
            return None
        self.number += 1
        act = self._act(kind)
        recipient = self.recipients.get(talk, "-") if stage not in (Stage.CONNECT, Stage.EHLO) else "-"
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{self.number} {self.connections[talk]} {stage} {recipient} {kind or 'taken'}\n")
        if act in (Act.STALL, Act.HUSH, Act.CUT) and talk is not None:
            asyncio.get_running_loop().call_later(HANG_UP_AFTER, talk.cancel)
        return act

    def _place(self, talk: object, stage: Stage) -> None:
        """Remember whom the conversation is about; what nobody will ask for again is dropped."""
        if stage is Stage.CONNECT:
            self.connections[talk] = self.server.connections
        elif stage is Stage.MAIL:
            self.recipients.pop(talk, None)
        elif stage is Stage.RCPT:
            self.recipients[talk] = self.server.commands[-1].partition("<")[2].partition(">")[0]
        self.server.commands.clear()
        self.forget_taken()

    def forget_taken(self) -> None:
        """Drop the messages that the server took: a rehearsal may be of a hundred thousand."""
        self.server.taken.clear()

    def _kind(self, stage: Stage) -> str | None:
        lot = self.chance.randrange(10_000)
        for kind, share in self.shares.get(stage, {}).items():
            if lot < share:
                return kind
            lot -= share
        return None

    def _act(self, kind: str | None) -> str | Act:
        if kind is None:
            return f"250 2.0.0 taken, no. {self.number}"
        if kind == "garbage":
            return self.chance.choice(GARBAGE)
        if kind.isdigit():
            return f"{kind} {kind[0]}.3.0 as it happens, no. {self.number}"
        return Act[kind]
