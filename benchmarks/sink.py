"""A plain SMTP sink: takes everything, keeps nothing, counts. `python benchmarks/sink.py` prints its port.

Fast enough not to matter beside what is measured (it does no more than look for line ends), and in a
process of its own. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import sys

END = b"\r\n.\r\n"
GREETING = b"220 sink.test ESMTP\r\n"
EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE 26214400\r\n"


class Sink(asyncio.Protocol):
    """One connection: commands until DATA, then content until the lone dot."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._in_content = False
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Answer every whole command and every whole message."""
        self._buffer += data
        replies = []
        while (reply := self._next()) is not None:
            replies.append(reply)
        if replies:
            self._transport.write(b"".join(replies))

    def _next(self) -> bytes | None:
        end = END if self._in_content else b"\r\n"
        at = self._buffer.find(end)
        if at < 0:
            if self._in_content:
                self._buffer = self._buffer[-len(END) + 1 :]  # nothing before can be part of the end
            return None
        line, self._buffer = self._buffer[:at], self._buffer[at + len(end) :]
        if self._in_content:
            self._in_content = False
            return b"250 2.0.0 taken\r\n"
        return self._answer(line[:4].upper())

    def _answer(self, verb: bytes) -> bytes:
        match verb:
            case b"EHLO":
                return EHLO
            case b"DATA":
                self._in_content = True
                return b"354 go on\r\n"
            case b"QUIT":
                asyncio.get_running_loop().call_soon(self._transport.close)
                return b"221 2.0.0 bye\r\n"
        return b"250 2.0.0 ok\r\n"


async def main() -> None:
    """Serve on a free port of loopback until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(main())
