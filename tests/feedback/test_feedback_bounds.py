"""Any octets in, a verdict out: nothing raises, and what is looked at is bounded whatever comes."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from re import _constants as constants  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from returned_corpus import samples

import mailer.domain.failures
import mailer.feedback
from mailer.domain.failures.classify import failure
from mailer.domain.returned import Kind, Verdict
from mailer.feedback.mail import PARTS, TEXT, read_mail
from mailer.feedback.reading import Circumstances, read

CORPUS = [each.octets for each in samples()[::5]]
KNOWN = Circumstances(trusted={"x"})
# Pieces that readers take for something.
LINES = b"""\
From: mailer-daemon@x.example
Content-Type: multipart/report; boundary=b
Content-Type: text/plain; charset=x
Content-Type: message/delivery-status

Content-Type: message/rfc822

Content-Type: text/html

Final-Recipient: rfc822;a@b.example
Final-Recipient: utf-8;\\x{110000}@b.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp;550 user unknown
Feedback-Type: abuse
Authentication-Results: x; dmarc=pass header.from=b.example
Content-Transfer-Encoding: base64
Content-Transfer-Encoding: quoted-printable
Subject: unsubscribe
could not be delivered to
--b
--b--
""".splitlines(keepends=True)
SIGNS = b"\r\n \r \n \n\n : ; =?utf-8?q?=00?= =?x?b? < > @ \xff \x1b$B <style> \0 \xe9".split(b" ")
PIECES = [*LINES, *SIGNS]


def sound(verdict: Verdict) -> None:
    assert verdict.kind in Kind
    assert verdict.evidence
    assert not verdict.trusted or verdict.sender
    for each in verdict.recipients:
        assert all(isinstance(text, str) for text in (each.address, each.status, each.reason, each.said))
        said = " ".join((each.address, each.said, *verdict.evidence, *verdict.notes))
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e\ud800-\udfff]", said)


def test_nothing_that_a_terminal_obeys_is_left() -> None:
    hostile = (
        b"From: MAILER-DAEMON\nSubject: Undelivered =?utf-8?q?=0A=1B=5B2J?=\n\n"
        b"could not be delivered to\n\n"
        b"<ada@quay.example>: 550 \x1b[2J\x9b\xc2\x9b\xe2\x80\xae\0 unknown user\n"
    )
    verdict = read(hostile)
    assert verdict.kind is Kind.HARD
    sound(verdict)


@given(st.binary(max_size=3000))
def test_any_octets_have_a_verdict(octets: bytes) -> None:
    sound(read(octets, KNOWN))


@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=8)), max_size=60).map(b"".join))
def test_any_pieces_have_a_verdict(octets: bytes) -> None:
    sound(read(octets, KNOWN))


@given(
    st.sampled_from(CORPUS),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 0.2), st.sampled_from(PIECES)), max_size=6),
)
def test_changed_messages_have_a_verdict(octets: bytes, changes: list[tuple[float, float, bytes]]) -> None:
    for where, much, piece in changes:
        place = int(where * len(octets))
        octets = octets[:place] + piece + octets[place + int(much * len(octets)) :]
    sound(read(octets, KNOWN))


@given(st.text(max_size=300), st.integers(0, 999), st.sampled_from(["", "5.1.1", "4.2.2", "5.7.26", "9.9.9"]))
def test_any_words_are_some_failure(said: str, code: int, status: str) -> None:
    assert failure(code, status, said).kind in (Kind.HARD, Kind.SOFT, Kind.BLOCKED)


HEAD = b"From: mailer-daemon@x.example\nTo: b@y.example\nSubject: Undelivered\n"
MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n"
REPORT = HEAD + b"Content-Type: multipart/report; report-type=delivery-status; boundary=B\n\n"
STATUS = REPORT + b"--B\nContent-Type: message/delivery-status\n\n"
# What grows, and what stands before it.
ENDLESS = {
    "parts": (REPORT, b"--B\nContent-Type: text/plain\n\nx@y.example\n"),
    "boundaries that are none": (REPORT, b"--Bx\n"),
    "depth": (HEAD, MULTIPART),
    "messages in messages": (b"", MULTIPART + b"Content-Type: message/rfc822\n\n"),
    "fields": (b"", b"X-A: b\n"),
    "one line": (HEAD + b"\n", b"a"),
    "addresses": (HEAD + b"\n", b"a@"),
    "recipients": (STATUS, b"Final-Recipient: rfc822;a@b.example\n\n"),
    "brackets": (HEAD + b"\n", b"<"),
    "tags": (HEAD + b"Content-Type: text/html\n\n", b"<style><br "),
    "encoded words": (b"Subject: ", b"=?a?q?"),
    "parameters": (b"Content-Type: multipart/mixed; ", b'a="'),
    "comments": (b"From: a@b.example\nSubject: unsubscribe\nAuthentication-Results: x; ", b"("),
    "comments in From": (b"From: ", b"("),
    "quotes in From": (b"From: ", b'"\\'),
    "soft line breaks": (HEAD + b"Content-Transfer-Encoding: quoted-printable\n\n", b"=\n"),
    "words": (HEAD + b"\ncould not be delivered to\n<a@b.example>: 550 ", b"user account quota "),
    "a slow encoding": (HEAD + b"Content-Type: text/plain; charset=punycode\n\n", b"a-"),
    "letters that are many": (HEAD + b"\n", "ﷺ".encode()),
}


def steps(octets: bytes) -> int:
    """How many functions are called to read a message, Python's own and those in C."""
    count = 0

    def counted(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        read(octets, KNOWN)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("what", ENDLESS)
def test_there_is_an_end_to_what_is_done(what: str) -> None:
    before, piece = ENDLESS[what]
    large, larger = (steps(before + piece * (size // len(piece))) for size in (600_000, 1_200_000))
    assert larger <= large * 1.05
    assert larger < 120_000


def test_what_is_kept_of_a_message_is_bounded() -> None:
    mail = read_mail(REPORT + (b"--B\nContent-Type: text/plain\n\n" + b"word " * 20_000 + b"\n") * 100)
    assert len(mail.parts) + len(mail.copies) <= PARTS
    assert all(len(part.octets) <= TEXT for part in mail.parts)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every pattern of the rooms that read what strangers wrote."""
    for room in (mailer.feedback, mailer.domain.failures):
        for found in iter_modules(room.__path__, f"{room.__name__}."):
            for name, value in vars(import_module(found.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{found.name}.{name}", value


def nested(tree: Any, inside: bool = False) -> bool:
    """Whether one repetition without a bound stands in another, which may take the power of the length."""
    return any(_nested(op, value, inside) for op, value in tree)


def _nested(op: Any, value: Any, inside: bool) -> bool:
    if op in (constants.MAX_REPEAT, constants.MIN_REPEAT):
        endless, inner = value[1] is constants.MAXREPEAT, value[2]
        return (endless and inside) or nested(inner, inside or (endless and not _begins_with_a_sign(inner)))
    if op is constants.SUBPATTERN:
        return nested(value[-1], inside)
    return op is constants.BRANCH and any(nested(branch, inside) for branch in value[1])


def _begins_with_a_sign(tree: Any) -> bool:
    """Whether each round begins with a sign, such as a line end: then there is one way to go round."""
    op, value = tree[0]
    signs = [value] if op is constants.LITERAL else [each for _, each in value] if op is constants.IN else []
    return bool(signs) and all(isinstance(sign, int) and not chr(sign).isalnum() for sign in signs)


def test_no_pattern_goes_back_and_forth() -> None:
    found = dict(patterns())
    assert len(found) > 20
    trees = {name: parser.parse(each.pattern, each.flags & re.VERBOSE) for name, each in found.items()}
    assert [name for name, tree in trees.items() if nested(tree)] == []


def test_a_pattern_that_does_is_noticed() -> None:
    assert nested(parser.parse(r"(?:a+)*b"))
    assert nested(parser.parse(r"(?:[ab]*c?)+d"))
    assert not nested(parser.parse(r"a*(?:\n[ ].*)*b"))
