"""The relaxed forms are those that another program makes, in one piece or in many."""

from __future__ import annotations

import pytest
from dkim.canonicalization import Relaxed
from dkim_readers import DOMAIN, each_reader, ed25519_key, records, rsa_key
from hypothesis import example, given
from hypothesis import strategies as st
from message_samples import HEAD, NAME, names_of

from mailer.message.dkim.signer import Signer, relaxed_body, relaxed_fields, relaxed_lines
from mailer.message.filling.residual import Edition, Hole, Place, Static
from mailer.message.mime.message import compile_message

AWKWARD = [
    "",
    " ",
    "\t",
    "  two at the beginning",
    "two at the end  ",
    "a tab at the end\t",
    "in  the   middle    of\tthe \t line",
    ".",
    "..",
    "From here on",
    "=20",
    "é" * 60,
    "x" * 200,
    " " * 80,
    "\u00a0\u2003wide\u3000spaces\u2028",
    "--=_boundary",
]
LINES = st.sampled_from([line.encode() for line in AWKWARD]) | st.text(" \ta.=", max_size=8).map(str.encode)
# No header has a vertical tab; dkimpy takes it for white space there, which RFC 6376 2.8 does not.
PIECES = st.lists(
    st.lists(LINES | st.just(b"\x0b and \x0c"), max_size=5).map(
        lambda lines: b"".join(line + b"\r\n" for line in lines)
    )
)


@given(PIECES)
@example([])
@example([b"\r\n"])
@example([b"\r\n", b" \t\r\n", b"\r\n"])
@example([b"ice \r\n", b"\t\r\n", b"\r\n"])
def test_a_body_in_pieces_is_what_dkimpy_makes_of_the_whole(pieces):
    expected = Relaxed.canonicalize_body(b"".join(pieces))
    assert relaxed_body(map(relaxed_lines, pieces)) == expected


@given(st.lists(st.tuples(st.sampled_from([b"To", b"Subject \t", b"list-ID"]), st.lists(LINES, min_size=1))))
def test_fields_are_what_dkimpy_makes_of_them(fields):
    written = [(name, b"\r\n ".join(lines) + b"\r\n") for name, lines in fields]
    expected = [(name, name + b":" + value) for name, value in Relaxed.canonicalize_headers(written)]
    found = relaxed_fields(b"".join(name + b":" + value for name, value in written))
    assert [(name, line + b"\r\n") for name, line in found] == expected


@pytest.mark.peers
@each_reader
@pytest.mark.parametrize("base64", [False, True], ids=["quoted-printable", "base64"])
def test_every_awkward_line_and_value_is_signed(read, base64):
    body = "\n".join(AWKWARD * 25)
    assert len(body.encode()) > 10_000
    if base64:
        body += "\n氷室の時計" * 2000
    hole = Hole(NAME, Place.PLAIN)
    tree = (Static(body), hole, Static("\n\n  \n"), hole, Static(body + "\n\n"))
    template = compile_message(Edition("harbour", (Static("Ice"),), (Static("<p>Ice"),), tree), HEAD)
    signer = Signer(DOMAIN, [rsa_key(), ed25519_key()])
    messages = []
    for value in AWKWARD:
        names = names_of(name=value)
        message = template.fill(names)
        messages.append(signer.signatures(*template.parts(template.fillings(names)), 1_795_334_400) + message)
    found = read(messages, records(rsa_key(), ed25519_key()))
    assert found == [{"news1": True, "news2": True}] * len(AWKWARD)
