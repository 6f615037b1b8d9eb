"""Header fields, read back by parsers that aren't ours."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import parseaddr

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailer.domain.address import CONTROLS
from mailer.message.encoding.header import HeaderError, labelled, literal, mailbox, unstructured

ADDRESS = "ada.lovelace@harbour.example"
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), max_size=120)
NAMES = [
    "Ada",
    "Ada Lovelace",
    "J. Doe",
    'Harbour, "The" <Gazette>',
    r"a\b(c)d@e",
    "Zoë Ångström",
    "港の新聞編集部",
    "=?utf-8?q?forged?=",
    "two  spaces",
    "x" * 300,
    "word " * 59 + "words",
    'a, "b" ' * 42 + "a, b",
    "é" * 300,
    "🚢" * 300,
    "Ünder the pier, " * 18 + "at the quay.",
]


def lines_of(field: bytes) -> list[str]:
    """Return a field's lines, having checked what every field must hold."""
    assert field.endswith(b"\r\n")
    lines = field.decode("ascii").split("\r\n")[:-1]
    assert not any("\r" in line or "\n" in line for line in lines)
    assert all(line[0] in " \t" and line.strip() for line in lines[1:])
    assert all(len(line) <= 998 for line in lines)
    return lines


def modern(field: bytes):
    """Return the field as `email` reads it with its newest policy, which keeps a list of defects."""
    ((_, value),) = message_from_bytes(field + b"\r\n", policy=policy.default).items()
    assert not value.defects
    return value


def legacy(field: bytes) -> str:
    """Return the field's body as `email` of old gave it: folds still in, nothing decoded."""
    ((_, value),) = message_from_bytes(field + b"\r\n", policy=policy.compat32).items()
    return value


def decoded(text: str) -> str:
    return str(make_header(decode_header(text)))


@pytest.mark.parametrize(
    ("field", "wire"),
    [
        (mailbox("To", "", ADDRESS), "To: ada.lovelace@harbour.example"),
        (mailbox("To", "Ada Lovelace", ADDRESS), "To: Ada Lovelace <ada.lovelace@harbour.example>"),
        (mailbox("To", "J. Doe", ADDRESS), 'To: "J. Doe" <ada.lovelace@harbour.example>'),
        (mailbox("To", 'a "b" \\', ADDRESS), 'To: "a \\"b\\" \\\\" <ada.lovelace@harbour.example>'),
        (mailbox("To", "Zoë", ADDRESS), "To: =?utf-8?q?Zo=C3=AB?= <ada.lovelace@harbour.example>"),
        (mailbox("To", "港", ADDRESS), "To: =?utf-8?b?5riv?= <ada.lovelace@harbour.example>"),
        (unstructured("Subject", "The harbour in winter"), "Subject: The harbour in winter"),
        (unstructured("Subject", "Winter – at last"), "Subject: =?utf-8?q?Winter_=E2=80=93_at_last?="),
        (
            labelled("List-Id", "The Weekly", "weekly.gazette.example"),
            "List-Id: The Weekly <weekly.gazette.example>",
        ),
        (labelled("List-Id", "", "weekly.gazette.example"), "List-Id: <weekly.gazette.example>"),
        (labelled("List-Id", "Été", "weekly.gazette.example"), "List-Id: <weekly.gazette.example>"),
        (literal("List-Post", "NO"), "List-Post: NO"),
    ],
)
def test_golden_fields(field: bytes, wire: str) -> None:
    assert field == wire.encode("ascii") + b"\r\n"


def test_folds_at_white_space() -> None:
    text = "The harbour master says that the ice will hold until the first week of March, or so he hopes"
    assert lines_of(unstructured("Subject", text)) == [
        "Subject: The harbour master says that the ice will hold until the first week",
        " of March, or so he hopes",
    ]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:20])
def test_a_name_is_read_back_with_its_address(name: str) -> None:
    field = mailbox("From", name, ADDRESS)
    assert max(map(len, lines_of(field))) <= 76
    (address,) = modern(field).addresses
    # The new parser of CPython 3.11 keeps the space between two encoded-words of a phrase (RFC 2047 6.2).
    assert address.display_name.replace(" ", "") == name.replace(" ", "")
    assert address.addr_spec == ADDRESS
    name_of_old, address_of_old = parseaddr(legacy(field))
    assert (decoded(name_of_old), address_of_old) == (name, ADDRESS)


@given(TEXTS)
@example("=?utf-8?q?x?= =?utf-8?q?y?=")
@example(" =?")
@example('"')
def test_any_name_is_read_back(name: str) -> None:
    field = mailbox("To", name, ADDRESS)
    assert max(map(len, lines_of(field))) <= 76
    (address,) = modern(field).addresses
    assert address.addr_spec == ADDRESS
    name_of_old, address_of_old = parseaddr(legacy(field))
    assert (decoded(name_of_old), address_of_old) == (name.strip(" "), ADDRESS)


@given(TEXTS)
@example(" leading and trailing ")
@example("a  b" * 40)
@example("https://gazette.example/" + "x" * 100)
@example("=?utf-8?q?x?=")
def test_any_subject_is_read_back(text: str) -> None:
    field = unstructured("Subject", text)
    assert max(map(len, lines_of(field))) <= 76
    assert decoded(legacy(field).replace("\r\n", "")) == text


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1))
def test_encoded_words_hold_whole_characters(text: str) -> None:
    for word in legacy(unstructured("Subject", text)).split():
        assert len(word) <= 75
        ((octets, charset),) = decode_header(word)
        assert octets.decode("utf-8")
        assert charset == "utf-8"


def test_a_long_uri_stays_literal() -> None:
    uri = "<https://gazette.example/u/" + "x" * 500 + ">,"
    assert lines_of(literal("List-Unsubscribe", uri, "<mailto:leave@gazette.example>")) == [
        f"List-Unsubscribe: {uri}",
        " <mailto:leave@gazette.example>",
    ]


def test_a_line_that_can_not_be_folded_is_refused() -> None:
    with pytest.raises(HeaderError, match="998"):
        literal("List-Unsubscribe", "<https://gazette.example/" + "x" * 1000 + ">")


@pytest.mark.parametrize(
    "text", ["a\r\nBcc: x@y.example", "a\nb", "a\rb", "a\0b", "a\tb", "\x7f", "\x85", "\u2028", "\ud800"]
)
def test_controls_are_refused(text: str) -> None:
    assert CONTROLS.search(text)
    with pytest.raises(HeaderError):
        mailbox("To", text, ADDRESS)
    with pytest.raises(HeaderError):
        unstructured("Subject", text)
    with pytest.raises(HeaderError):
        labelled("List-Id", text, "weekly.gazette.example")
    with pytest.raises(HeaderError):
        literal("Message-ID", f"<{text}@gazette.example>")
    with pytest.raises(HeaderError):
        mailbox("To", "Ada", f"{text}@gazette.example")


@pytest.mark.parametrize(
    "address", ["", "ada", "@x.example", "a b@x.example", "a@x.example>", "a@b@x.example", "a@ü.example"]
)
def test_what_is_not_an_address_is_refused(address: str) -> None:
    with pytest.raises(HeaderError):
        mailbox("To", "Ada", address)


def test_a_local_part_beyond_ascii_goes_out_as_utf8() -> None:
    assert (
        mailbox("To", "Zoë", "zoë@quay.example") == "To: =?utf-8?q?Zo=C3=AB?= <zoë@quay.example>\r\n".encode()
    )
