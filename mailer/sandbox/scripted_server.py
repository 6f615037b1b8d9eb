"""A mail server that misbehaves as told: for tests, and to rehearse what a provider may do.

It speaks plain SMTP on loopback, with the extensions it is given. At each stage a *script* may put another
reply, or an `Act`, in the place of the proper one. What it accepts is logged before it is acknowledged.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import NoReturn

from mailer.domain.outcome import Stage

EXTENSIONS = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 26214400")


class Act(Enum):
    """What a server may do instead of replying."""

    CLOSE = auto()  # hang up; at content: without having taken the message
    STALL = auto()  # never say anything again; at content: without having taken the message
    CUT = auto()  # at content: hang up after the first octets of it
    LOSE = auto()  # at content: take the message, hang up before saying so
    HUSH = auto()  # at content: take the message, never say so
    DAWDLE = auto()  # at content: take the message, say so only after `dawdle` seconds
    BALK = auto()  # at content that comes by BDAT: not know that command, and take the content for commands


# Called with the stage and how often it was reached over all connections, from 1. None is the proper reply;
# a text is sent instead of it (CRLF is added, 421 hangs up).
Script = Callable[[Stage, int], "str | Act | None"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that the server took. `content` is as it was before dots were doubled."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes


class Gone(Exception):
    """The conversation is over."""


@dataclass(slots=True)
class ScriptedServer:
    """The server. `log`, if given, gets a line `recipient message-id` for each message before its reply.

    `drip` sends every reply one octet at a time. `dawdle` is in seconds. `commands` is every line that was
    read outside content; `early` counts the lines that came before the reply to the one before, without
    PIPELINING.
    """

    script: Script = lambda stage, count: None  # noqa: ARG005
    extensions: tuple[str, ...] = EXTENSIONS
    log: Path | None = None
    drip: bool = False
    dawdle: float = 1.0
    host: str = "127.0.0.1"
    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    early: int = 0
    _reached: Counter[Stage] = field(default_factory=Counter)
    _server: asyncio.Server | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> ScriptedServer:
        self._server = await asyncio.start_server(self._welcome, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._server is not None
        self._server.close()
        for talk in self._talks:
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def present(self) -> int:
        """How many connections are open now."""
        return len(self._talks)

    def act(self, stage: Stage) -> str | Act | None:
        """Return what the script says for reaching `stage` once more."""
        self._reached[stage] += 1
        return self.script(stage, self._reached[stage])

    def keep(self, message: Taken) -> None:
        """Remember an accepted message; on return it is in the log."""
        self.taken.append(message)
        if self.log is not None:
            found = re.search(rb"^Message-ID:\s*(\S+)", message.content, re.IGNORECASE | re.MULTILINE)
            name = found[1].decode("ascii", "replace") if found else "-"
            lines = "".join(f"{recipient} {name}\n" for recipient in message.recipients)
            file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(file, lines.encode())
            os.close(file)

    async def _welcome(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None
        self._talks.add(talk)
        self.connections += 1
        try:
            # A cancelled talk has to end here, or asyncio's streams log it as an error.
            with suppress(Gone, OSError, asyncio.CancelledError):
                await _Talk(self, reader, writer).run()
        finally:
            self._talks.discard(talk)
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class _Talk:
    """One connection's side of the conversation."""

    def __init__(
        self, server: ScriptedServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.buffer = b""
        self.sender: str | None = None
        self.recipients: list[str] = []

    async def run(self) -> None:
        await self.reply(Stage.CONNECT, "220 rehearsal.test ESMTP")
        while True:
            line = await self.line()
            verb = line[:4].upper()
            if verb == "QUIT":
                await self.send("221 2.0.0 bye")
                return
            await getattr(self, f"on_{verb.lower()}", self.on_else)(line)

    async def on_ehlo(self, line: str) -> None:  # noqa: ARG002
        lines = ("rehearsal.test", *self.server.extensions)
        marks = ["-"] * (len(lines) - 1) + [" "]
        await self.reply(
            Stage.EHLO, "\r\n".join(f"250{m}{text}" for m, text in zip(marks, lines, strict=True))
        )

    async def on_star(self, line: str) -> None:  # noqa: ARG002
        await self.reply(Stage.STARTTLS, "454 4.7.0 not here")

    async def on_auth(self, line: str) -> None:
        if line.upper() == "AUTH LOGIN":
            for prompt in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
                await self.send(prompt)
                await self.line()
        await self.reply(Stage.AUTH, "235 2.7.0 welcome")

    async def on_mail(self, line: str) -> None:
        if self.sender is not None:
            return await self.send("503 5.5.1 nested MAIL")
        if await self.reply(Stage.MAIL, "250 2.1.0 ok"):
            self.sender = _path(line)
        return None

    async def on_rcpt(self, line: str) -> None:
        if self.sender is None:
            return await self.send("503 5.5.1 MAIL first")
        if await self.reply(Stage.RCPT, "250 2.1.5 ok"):
            self.recipients.append(_path(line))
        return None

    async def on_data(self, line: str) -> None:  # noqa: ARG002
        if not self.recipients:
            return await self.send("503 5.5.1 RCPT first")
        if not await self.reply(Stage.DATA, "354 go on"):
            return None
        act = self.server.act(Stage.CONTENT)
        if act is Act.CUT:
            await self.hang_up_inside()
        await self.answer_content(act, await self.content())
        return None

    async def hang_up_inside(self) -> NoReturn:
        """Hang up once the first octets of a content are here."""
        if not self.buffer:
            await self.fill()
        raise Gone

    async def answer_content(self, act: str | Act | None, content: bytes) -> None:
        if act is None or act in (Act.LOSE, Act.HUSH, Act.DAWDLE) or (isinstance(act, str) and act[0] == "2"):
            self.server.keep(Taken(self.sender or "", tuple(self.recipients), content))
        self.forget()
        await self.perform(act, "250 2.0.0 taken")

    async def on_bdat(self, line: str) -> None:
        """Take the chunk whatever comes of it (RFC 3030 section 2)."""
        if "CHUNKING" not in self.server.extensions:
            return await self.on_else(line)
        if not self.recipients:
            # Nothing is forgotten here: a client has to say RSET, as some servers want it.
            await self.octets(int(line.split()[1]))
            return await self.send("503 5.5.1 RCPT first")
        act = self.server.act(Stage.CONTENT)
        if act is Act.BALK:
            return await self.on_else(line)
        if act is Act.CUT:
            await self.hang_up_inside()
        await self.answer_content(act, await self.octets(int(line.split()[1])))
        return None

    async def on_rset(self, line: str) -> None:  # noqa: ARG002
        self.forget()
        await self.send("250 2.0.0 ok")

    async def on_else(self, line: str) -> None:  # noqa: ARG002
        await self.send("502 5.5.2 what?")

    def forget(self) -> None:
        self.sender = None
        self.recipients = []

    async def reply(self, stage: Stage, proper: str) -> bool:
        """Reply as the script says, and return whether that was the proper kind of reply."""
        return await self.perform(self.server.act(stage), proper)

    async def perform(self, act: str | Act | None, proper: str) -> bool:
        if act in (Act.STALL, Act.HUSH):
            await asyncio.Event().wait()
        if act is Act.DAWDLE:
            await asyncio.sleep(self.server.dawdle)
            act = None
        if isinstance(act, Act):
            raise Gone
        text = proper if act is None else act
        await self.send(text)
        return text[:1] == proper[:1]

    async def send(self, text: str) -> None:
        octets = text.encode("latin-1") + b"\r\n"
        for piece in (octets[i : i + 1] for i in range(len(octets))) if self.server.drip else (octets,):
            self.writer.write(piece)
            await self.writer.drain()
            await asyncio.sleep(0)
        if text.startswith("421"):
            raise Gone

    async def line(self) -> str:
        while (end := self.buffer.find(b"\r\n")) < 0:
            await self.fill()
        line, self.buffer = self.buffer[:end].decode("utf-8", "replace"), self.buffer[end + 2 :]
        self.server.commands.append(line)
        if self.buffer and "PIPELINING" not in self.server.extensions and line[:4].upper() != "BDAT":
            self.server.early += 1
        return line

    async def content(self) -> bytes:
        octets = bytearray(b"\r\n" + self.buffer)
        seen = 0
        while (end := octets.find(b"\r\n.\r\n", seen)) < 0:
            seen = max(0, len(octets) - 4)
            self.buffer = b""
            await self.fill()
            octets += self.buffer
        self.buffer = bytes(octets[end + 5 :])
        return bytes(octets[: end + 2]).replace(b"\r\n..", b"\r\n.")[2:]

    async def octets(self, size: int) -> bytes:
        while len(self.buffer) < size:
            await self.fill()
        content, self.buffer = self.buffer[:size], self.buffer[size:]
        return content

    async def fill(self) -> None:
        if not (octets := await self.reader.read(65536)):
            raise Gone
        self.buffer += octets


@contextmanager
def rehearsal(server: ScriptedServer) -> Iterator[ScriptedServer]:
    """Run `server` in a thread of its own for the block, for callers without an event loop."""
    started, ended = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with server:
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="rehearsal", daemon=True)
    thread.start()
    try:
        if not started.wait(timeout=10):
            raise RuntimeError("the rehearsal server doesn't start")
        yield server
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join(timeout=10)
        loop.close()


def _path(line: str) -> str:
    found = re.search(r"<(.*?)>", line)
    return found[1] if found else ""
