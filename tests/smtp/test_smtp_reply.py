from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.outcome import Reply
from mailer.smtp.reply import LINE_LIMIT, LINES_LIMIT, MalformedReply, ReplyParser

GOOD = {
    "one line": (b"250 2.1.0 Ok\r\n", [Reply(250, "2.1.0 Ok")]),
    "no text": (b"250\r\n", [Reply(250, "")]),
    "space and no text": (b"354 \r\n", [Reply(354, "")]),
    "bare LF": (b"220 old server\n", [Reply(220, "old server")]),
    "several lines": (b"250-one\r\n250-\r\n250 three\r\n", [Reply(250, "one\n\nthree")]),
    "last line bare": (b"250-one\r\n250\r\n", [Reply(250, "one\n")]),
    "several replies": (
        b"250 a\r\n550-no\r\n550 body\r\n354 c\r\n",
        [Reply(250, "a"), Reply(550, "no\nbody"), Reply(354, "c")],
    ),
    "UTF-8": ("550 5.1.1 ½ känd\r\n".encode(), [Reply(550, "5.1.1 ½ känd")]),
    "Latin-1": ("550 käme\r\n".encode("latin-1"), [Reply(550, "k�me")]),
    "terminal control": (b"550 \x1b[2Jgone\r\n", [Reply(550, "�[2Jgone")]),
}
BAD = {
    "no code": b"hello\r\n",
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n",
    "four digits": b"2500 ok\r\n",
    "1yz": b"150 wait\r\n",
    "6yz": b"650 what\r\n",
    "empty line": b"\r\n",
    "leading space": b" 250 ok\r\n",
    "NUL": b"250 o\0k\r\n",
    "only NULs": b"\0" * (LINE_LIMIT + 1),
    "two codes": b"250-one\r\n251 two\r\n",
    "digits of another script": "２５０ ok\r\n".encode(),
    "endless line": b"250 " + b"x" * LINE_LIMIT,
    "long line": b"250 " + b"x" * LINE_LIMIT + b"\r\n",
    "endless reply": b"250-more\r\n" * (LINES_LIMIT + 2),
}


def read(octets: bytes, size: int) -> list[Reply | str]:
    parser = ReplyParser()
    found: list[Reply | str] = []
    try:
        for start in range(0, len(octets), size):
            found += parser.feed(octets[start : start + size])
    except MalformedReply as error:
        found.append(f"malformed {str(error)[:12]}")
    return found


@pytest.mark.parametrize("octets, replies", GOOD.values(), ids=GOOD)
def test_replies_are_read(octets: bytes, replies: list[Reply]) -> None:
    for size in range(1, len(octets) + 1):
        assert read(octets, size) == replies


@pytest.mark.parametrize("octets", BAD.values(), ids=BAD)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_is_no_reply_is_refused(octets: bytes, size: int) -> None:
    assert str(read(octets, size)[-1]).startswith("malformed")


def test_replies_before_garbage_count() -> None:
    assert read(b"250 ok\r\ngarbage\r\n", 100)[0] == Reply(250, "ok")


def test_what_follows_a_reply_is_seen_while_it_is_handled() -> None:
    parser = ReplyParser()
    seen = [parser.unfinished for _ in parser.feed(b"354 go\r\n250 forged\r\n")]
    assert seen == [True, False]


@given(st.lists(st.sampled_from([b"2", b"5", b"0", b"-", b" ", b"\r", b"\n", b"\r\n", b"250 ", b"x", b"\0"])))
def test_any_octets_in_any_pieces_read_the_same(pieces: list[bytes]) -> None:
    octets = b"".join(pieces)
    whole = read(octets, len(octets) or 1)
    for size in (1, 2, 3):
        assert read(octets, size) == whole
