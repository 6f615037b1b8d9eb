"""Transfer encodings, read back by the standard library's decoders."""

from __future__ import annotations

import base64
import quopri
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.message.encoding.transfer import (
    base64_lines,
    decode_quoted_printable,
    encode_quoted_printable,
    is_smaller_in_base64,
    one_line_end,
    utf8_lines,
)

ANY = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=300)
# Lines that fill the columns to the brim, and what stands at their edges.
BRIM = st.builds(
    "".join,
    st.lists(
        st.sampled_from(
            ["x" * 73, "x", "xx", ".", "From ", " ", "\t", "\n", "\r\n", "=", "é", "🚢", "-", "_"]
        )
    ),
)


def check_lines(wire: bytes) -> None:
    """Check what must hold for every line of a body."""
    assert wire == b"" or wire.endswith(b"\r\n")
    for line in wire.split(b"\r\n"):
        assert re.fullmatch(rb"[\t -~]*", line)
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("", b""),
        ("The quay", b"The quay=\r\n"),
        ("The quay\n", b"The quay\r\n"),
        ("1 = 1", b"1 =3D 1=\r\n"),
        ("Zoë", b"Zo=C3=AB=\r\n"),
        (".hidden\n..\n.", b"=2Ehidden\r\n=2E.\r\n=2E=\r\n"),
        ("From here", b"=46rom here=\r\n"),
        ("end \nend\t\nend ", b"end=20\r\nend=09\r\nend=20=\r\n"),
        ("a\r\nb\rc\n", b"a\r\nb\r\nc\r\n"),
        ("x" * 75, b"x" * 75 + b"=\r\n"),
        ("x" * 76, b"x" * 75 + b"=\r\nx=\r\n"),
        ("x" * 76 + "\n", b"x" * 76 + b"\r\n"),
        ("x" * 75 + " \n", b"x" * 75 + b"=\r\n=20\r\n"),
    ],
)
def test_golden_lines(text: str, wire: bytes) -> None:
    assert encode_quoted_printable(text) == wire


@given(ANY | BRIM)
@example("." * 200)
@example("From " * 40)
@example("=" * 26)
@example("x" * 74 + "é")
@example("." + "x" * 74 + "é")
def test_quoted_printable_is_read_back(text: str) -> None:
    wire = encode_quoted_printable(text)
    check_lines(wire)
    assert decode_quoted_printable(wire) == one_line_end(text)
    assert quopri.decodestring(wire).decode().replace("\r\n", "\n") == one_line_end(text)


@given(st.lists(ANY | BRIM, max_size=6))
def test_stretches_join_in_any_order(texts: list[str]) -> None:
    wire = b"".join(encode_quoted_printable(text) for text in texts)
    check_lines(wire)
    assert decode_quoted_printable(wire) == "".join(one_line_end(text) for text in texts)


@given(ANY)
def test_base64_is_read_back(text: str) -> None:
    wire = base64_lines(utf8_lines(text))
    check_lines(wire)
    assert base64.b64decode(wire).decode().replace("\r\n", "\n") == one_line_end(text)


@pytest.mark.parametrize("octets", [0, 1, 56, 57, 58, 113, 114, 115, 5700])
def test_base64_lines_are_full_but_for_the_last(octets: int) -> None:
    wire = base64_lines(b"x" * octets)
    assert wire == base64.encodebytes(b"x" * octets).replace(b"\n", b"\r\n")  # RFC 2045 6.8


def test_the_smaller_encoding_is_known() -> None:
    assert not is_smaller_in_base64("")
    assert not is_smaller_in_base64("Ships, mostly. Zoë keeps the log.")
    assert is_smaller_in_base64("港に船が入る。")
