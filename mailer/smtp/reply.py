"""Replies, read from whatever pieces the network brings (RFC 5321 4.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mailer.domain.outcome import Reply

# RFC 5321 4.5.3.1.5 allows 512 octets a line; real servers write longer ones, hostile ones without end.
LINE_LIMIT = 4096  # octets
LINES_LIMIT = 128  # lines a reply

_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])([^\0]*))?", re.DOTALL)
# What a terminal or a log would obey: C0, DEL, C1.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]")


class MalformedReply(Exception):
    """The server sent what is no SMTP reply; the message quotes its beginning."""


class ReplyParser:
    """Octets in, replies out; keeps what is unfinished for the next piece."""

    __slots__ = ("_buffer", "_code", "_texts")

    def __init__(self) -> None:
        self._buffer = b""
        self._code = 0
        self._texts: list[str] = []

    @property
    def unfinished(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._buffer or self._texts)

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Yield the replies that `data` completes; MalformedReply at the first octets that belong to none."""
        buffer = self._buffer + data if self._buffer else data
        start = 0
        while (end := buffer.find(b"\n", start)) >= 0:
            line = buffer[start : end - 1 if buffer[end - 1 : end] == b"\r" and end > start else end]
            start = end + 1
            # The rest is put away before the reply is handled: `unfinished` then says what came after it.
            self._buffer = buffer[start:]
            if reply := self._line(line):
                yield reply
        self._buffer = buffer[start:]
        if len(self._buffer) > LINE_LIMIT:
            raise MalformedReply(f"a reply line of more than {LINE_LIMIT} octets: {quote(self._buffer)}")

    def _line(self, line: bytes) -> Reply | None:
        """Take one line without its end; return the reply if this was its last."""
        reply, last = _read(line)
        if self._texts:
            if reply.code != self._code:
                raise MalformedReply(f"one reply with two codes: {quote(line)}")
            if len(self._texts) >= LINES_LIMIT:
                raise MalformedReply(f"a reply of more than {LINES_LIMIT} lines")
        elif last:
            return reply
        self._texts.append(reply.text)
        self._code = reply.code
        if not last:
            return None
        texts, self._texts = self._texts, []
        return Reply(reply.code, "\n".join(texts))


@lru_cache(maxsize=256)
def _read(line: bytes) -> tuple[Reply, bool]:
    """Return a line as a reply of its own, and whether it is the last of the reply that it belongs to.

    Remembered, because a server says the same few lines for every message.
    """
    match = _LINE.fullmatch(line) if len(line) <= LINE_LIMIT else None
    if match is None:
        raise MalformedReply(f"not an SMTP reply: {quote(line)}")
    code, more, text = match.groups()
    return Reply(int(code), _words(text or b"")), more != b"-"


def whole_lines(data: bytes) -> list[bytes]:
    """Return the lines that end in `data`, and what begins after them as the last of the list.

    The parser reads them as they are: no end is a bare LF, nothing is too long or can't stand in a reply.
    Where that isn't so at once to be seen, none is returned.
    """
    lines = data.split(b"\r\n")
    sound = data.count(b"\n") == len(lines) - 1 and len(data) <= LINE_LIMIT and b"\0" not in data
    return lines if sound else [data]


def reply_250(line: bytes) -> Reply:
    """Return the reply that such a line is which begins with `250` and a space."""
    return Reply(250, _words(line[4:]))


def _words(text: bytes) -> str:
    """Return a line's text, UTF-8 (RFC 6531 3.7.4.2) or nearly so, safe to show on a terminal."""
    words = text.decode("utf-8", "replace")
    return words if words.isprintable() else _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", words)


def quote(octets: bytes) -> str:
    """Return the beginning of what a server sent, safe to show."""
    return repr(octets[:60])[1:]
