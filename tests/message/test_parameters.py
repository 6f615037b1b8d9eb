"""Parameters of header fields: what a parser reads is what was meant, in any script and length."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.utils import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailer.domain.address import CONTROLS
from mailer.message.encoding.header import HeaderError
from mailer.message.encoding.parameters import ascii_name, parametrised

NAMES = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=250).filter(
    lambda name: not CONTROLS.search(name)
)


def field(name: str) -> bytes:
    return parametrised("Content-Disposition", "attachment", {"filename": name})


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("programme.pdf", b'attachment; filename="programme.pdf"'),
        ("a b;c,d.pdf", b'attachment; filename="a b;c,d.pdf"'),
        ("fähre.pdf", b"attachment; filename*=utf-8''f%C3%A4hre.pdf"),
        ('a"b.pdf', b"attachment; filename*=utf-8''a%22b.pdf"),
        ("a\\b.pdf", b"attachment; filename*=utf-8''a%5Cb.pdf"),
        ("=?x?=.pdf", b"attachment; filename*=utf-8''%3D%3Fx%3F%3D.pdf"),
        ("it's*100%.pdf", b'attachment; filename="it\'s*100%.pdf"'),
    ],
)
def test_on_the_wire(name: str, wire: bytes) -> None:
    assert field(name) == b"Content-Disposition: " + wire + b"\r\n"


def test_a_long_name_is_cut_into_sections_between_characters() -> None:
    assert field("港" * 20).decode().split("\r\n") == [
        "Content-Disposition: attachment;",
        f" filename*0*=utf-8''{'%E6%B8%AF' * 6};",
        f" filename*1*={'%E6%B8%AF' * 6};",
        f" filename*2*={'%E6%B8%AF' * 6};",
        f" filename*3*={'%E6%B8%AF' * 2}",
        "",
    ]


@given(NAMES)
def test_a_parser_reads_the_same(name: str) -> None:
    assume(unquote(name.strip()) == name.strip())  # Python takes what it sees as quotes off twice
    wire = field(name)
    assert wire.isascii()
    assert max(map(len, wire.split(b"\r\n"))) <= 78
    message = message_from_bytes(wire + b"\r\n", policy=policy.strict)
    assert message_from_bytes(wire + b"\r\n").get_filename() == name.strip()  # as Python gives it
    assert message.keys() == ["Content-Disposition"]


@given(NAMES)
def test_the_name_in_ascii_is_plain(name: str) -> None:
    plain = ascii_name(name)
    assert 1 <= len(plain) <= 70
    assert not set(plain) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 ._-")


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("programme.pdf", "programme.pdf"),
        ("Fährplan «Winter».pdf", "Fahrplan _Winter.pdf"),
        ("расписание.pdf", "attachment.pdf"),
        ("港.png", "attachment.png"),
        (".env", "env"),
    ],
)
def test_names_for_programs_that_know_ascii(name: str, plain: str) -> None:
    assert ascii_name(name) == plain


@pytest.mark.parametrize("name", ["a\r\nBcc: x@y.example", "a\nb", "a\0b", "a\x7fb", "a\u2028b", "a\ud800b"])
def test_no_name_adds_a_field(name: str) -> None:
    with pytest.raises(HeaderError):
        field(name)
