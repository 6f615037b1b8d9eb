"""Many replies judged at once, many commands written in one piece: the same comes of it as one by one.

With a transcript a session looks at each reply and says each command by itself. Two sessions, one with and
one without, hear the same server, cut at the same places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any

import pytest
from dialogue import PLAIN, Dialogue
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.domain.outcome import Accepted
from mailer.smtp.envelope import Envelope
from mailer.smtp.opening import Phase
from mailer.smtp.transcript import Transcript

BOTH = b"250-harbour.test\r\n250-PIPELINING\r\n250-SIZE 200\r\n250-SMTPUTF8\r\n250 CHUNKING\r\n"
CHUNKED = b"250-harbour.test\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
PIPELINED = b"250-harbour.test\r\n250-SIZE\r\n250 PIPELINING\r\n"
STEPWISE = b"250-harbour.test\r\n250 CHUNKING\r\n"
BARE = b"250 harbour.test\r\n"

Answer = Callable[[int], bytes]  # to the command of that number


def good(number: int) -> bytes:
    return b"250 2.0.0 ok: queued as 4X%05d\r\n" % number


def said(octets: bytes) -> Answer:
    return lambda number: octets


ANSWERS: dict[str, Answer] = {
    "good": good,
    "the same words each time": said(b"250 2.0.0 taken\r\n"),
    "no status": said(b"250 ok\r\n"),
    "no words": said(b"250 \r\n"),
    "nothing but the code": said(b"250\r\n"),
    "another code of success": said(b"251 2.1.5 will forward\r\n"),
    "two lines": said(b"250-2.0.0 well\r\n250 2.0.0 taken\r\n"),
    "two lines, two codes": said(b"250-2.0.0 well\r\n251 2.0.0 taken\r\n"),
    "a bare LF": said(b"250 2.0.0 ok\n"),
    "a bare CR": said(b"250 2.0.0 o\rk\r\n"),
    "two CR": said(b"250 2.0.0 ok\r\r\n"),
    "NUL": said(b"250 o\0k\r\n"),
    "UTF-8": said("250 2.0.0 für Ödön\r\n".encode()),
    "Latin-1": said(b"250 2.0.0 f\xfcr Dich\r\n"),
    "a long line": said(b"250 2.0.0 " + b"o" * 3000 + b"\r\n"),
    "too long a line": said(b"250 2.0.0 " + b"o" * 5000 + b"\r\n"),
    "nothing": said(b""),
    "two replies": said(b"250 ok\r\n250 ok\r\n"),
    "354": said(b"354 go on\r\n"),
    "421": said(b"421 4.3.2 closing\r\n"),
    "450": said(b"450 4.2.1 greylisted\r\n"),
    "452": said(b"452 4.5.3 too many messages in this session\r\n"),
    "502": said(b"502 5.5.1 what?\r\n"),
    "503": said(b"503 5.5.1 out of step\r\n"),
    "530": said(b"530 5.7.0 log in first\r\n"),
    "550": said(b"550 5.1.1 no such reader\r\n"),
    "550, the account's": said(b"550 5.4.5 daily limit exceeded\r\n"),
    "554": said(b"554 5.7.1 spam\r\n"),
    "no reply": said(b"well, well\r\n"),
}
USUAL = st.just("good") | st.sampled_from(["good", "good", "good", "the same words each time"])


class Server:
    """Reads commands and answers the first of them as told, the rest well."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = iter(answers)
        self.octets = b""
        self.number = 0
        self.in_data = False

    def hear(self, octets: bytes) -> bytes:
        """Return what it answers."""
        self.octets += octets
        return b"".join(self.replies())

    def replies(self) -> Iterator[bytes]:
        while self.octets:
            if self.in_data:
                end = 0 if self.octets.startswith(b".\r\n") else self.octets.find(b"\r\n.\r\n") + 2
                self.octets, self.in_data = self.octets[end + 3 :], False
                yield self.answer(good)
                continue
            line, _, self.octets = self.octets.partition(b"\r\n")
            if line.startswith(b"BDAT"):
                self.octets = self.octets[int(line.split()[1]) :]
            reply = self.answer(said(b"354 go on\r\n") if line == b"DATA" else good)
            self.in_data = line == b"DATA" and reply.startswith(b"354")
            yield reply

    def answer(self, usual: Answer) -> bytes:
        self.number += 1
        told = next(self.answers, "good")
        return (usual if told == "good" else ANSWERS[told])(self.number)


def letter(key: int, kind: str) -> Envelope:
    recipient = f"käpten{key}@harbour.example" if kind == "utf8" else f"reader{key}@harbour.example"
    content = b"Subject: tide\r\n\r\nHigh at %d.\r\n" % key * (9 if kind == "large" else 1)
    if kind == "raw":
        content = b"tide\n.\r\nand\r.ebb"
    return Envelope(key, "news@gazette.example", recipient, content, clean=kind == "clean")


KINDS = st.sampled_from(["clean", "clean", "clean", "raw", "utf8", "large"])


def seen(talk: Dialogue) -> dict[str, Any]:
    session = talk.session
    told = ("phase", "ending", "answered", "unchunked", "closing", "awaiting", "quiet", "parting", "room")
    return {
        "written": talk.written,
        "handed": talk.handed,
        "results": talk.results,
        **{name: getattr(session, name) for name in told},
    }


def converse(
    ehlo: bytes, window: int, answers: list[str], kinds: list[str], cuts: list[int]
) -> tuple[Dialogue, Dialogue]:
    """Let both ways hear the same until there is no more to hear, in pieces of these sizes (0: a line)."""
    quick, slow = (
        Dialogue(PLAIN, 0, window=window),
        Dialogue(PLAIN, 0, window=window, transcript=Transcript(PLAIN)),
    )
    for talk in (quick, slow):
        talk.waiting = [letter(key, kind) for key, kind in enumerate(kinds, 1)]
        talk.hear(b"220 hello\r\n").hear(ehlo)
    server, sizes, heard = Server(answers), cycle(cuts), len(b"".join(slow.written[:1]))
    coming = b""
    while True:
        coming += server.hear(slow.wrote[heard:])
        heard = len(slow.wrote)
        if not coming or slow.session.phase is Phase.CLOSED:
            return quick, slow
        size = next(sizes) or coming.find(b"\n") + 1 or len(coming)
        moves = [talk.session.moves for talk in (quick, slow)]
        for talk in (quick, slow):
            talk.hear(coming[:size])
        coming = coming[size:]
        assert seen(quick) == seen(slow)
        moved = [talk.session.moves > before for talk, before in zip((quick, slow), moves, strict=True)]
        assert moved[0] == moved[1]


@given(
    st.sampled_from([BOTH, CHUNKED, PIPELINED, STEPWISE, BARE]),
    st.integers(1, 6),
    st.lists(USUAL | st.sampled_from(sorted(ANSWERS)), max_size=40),
    st.lists(KINDS, min_size=1, max_size=14),
    st.lists(st.just(0) | st.integers(1, 400) | st.just(9000), min_size=1, max_size=10),
)
@example(BOTH, 6, ["good"] * 12 + ["550", "good", "good"], ["clean"] * 12, [4096])
@example(BOTH, 6, ["good"] * 22 + ["421"], ["clean"] * 14, [4096])
def test_both_ways_come_to_the_same(
    ehlo: bytes, window: int, answers: list[str], kinds: list[str], cuts: list[int]
) -> None:
    quick, slow = converse(ehlo, window, answers, kinds, cuts)
    ends = [talk.session.lost("gone") for talk in (quick, slow)]
    assert ends[0] == ends[1]


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("place", range(13, 17))
@pytest.mark.parametrize("size", [0, 9000], ids=["line by line", "at once"])
@pytest.mark.parametrize("ehlo", [BOTH, PIPELINED], ids=["chunked", "pipelined"])
def test_any_answer_among_good_ones(ehlo: bytes, size: int, place: int, answer: str) -> None:
    quick, slow = converse(ehlo, 4, ["good"] * place + [answer], ["clean"] * 9, [size])
    assert quick.session.lost("gone") == slow.session.lost("gone")


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("ehlo", [BOTH, CHUNKED, PIPELINED, STEPWISE, BARE])
def test_each_gets_the_words_that_are_its_own(ehlo: bytes, size: int) -> None:
    quick, _ = converse(ehlo, 6, [], ["clean"] * 14, [size])
    assert [key for key, _ in quick.results] == list(range(1, 15))
    words = [outcome.reply.text for _, outcome in quick.results if isinstance(outcome, Accepted)]
    assert len(set(words)) == 14 and all(text.startswith("2.0.0 ok: queued as 4X") for text in words)
