from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.smtp.commands import data_octets

CASES = {
    "plain": (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
    "no last line end": (b"a", b"a\r\n.\r\n"),
    "empty": (b"", b".\r\n"),
    "leading dot": (b".a\r\n", b"..a\r\n.\r\n"),
    "dot lines": (b"a\r\n.\r\n..\r\n", b"a\r\n..\r\n...\r\n.\r\n"),
    "dot at the end": (b"a\r\n.", b"a\r\n..\r\n.\r\n"),
    "bare LF": (b"a\nb\n", b"a\r\nb\r\n.\r\n"),
    "bare CR": (b"a\rb\r", b"a\r\nb\r\n.\r\n"),
    "LF dot CRLF": (b"a\n.\r\nMAIL FROM:<x>\r\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
    "CR dot CR": (b"a\r.\rb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
    "CRLF dot LF": (b"a\r\n.\nb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
    "CRLF dot CR": (b"a\r\n.\rb\r\n", b"a\r\n..\r\nb\r\n.\r\n"),
    "CR CR LF": (b"a\r\r\n.\r\n", b"a\r\n\r\n..\r\n.\r\n"),
    # splitlines breaks bytes at CR and LF only; were it to break at these as well, lengths would lie.
    "form feed": (b"a\x0cb\x0b\r\n", b"a\x0cb\x0b\r\n.\r\n"),
}


@pytest.mark.parametrize("content, octets", CASES.values(), ids=CASES)
def test_content_is_normalised_and_dots_doubled(content: bytes, octets: bytes) -> None:
    assert data_octets(content) == octets


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n"])))
def test_nothing_ends_a_message_but_its_end(pieces: list[bytes]) -> None:
    octets = data_octets(b"".join(pieces))
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", octets)
    assert (b"\r\n" + octets).find(b"\r\n.\r\n") == len(octets) - 3


@given(st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"a."])))
def test_a_receiver_gets_back_the_same_lines(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    received = data_octets(content).removesuffix(b".\r\n").split(b"\r\n")
    assert b"\r\n".join(line[line.startswith(b".") :] for line in received) == content
