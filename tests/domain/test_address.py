"""Addresses are parsed once, at the edge."""

from __future__ import annotations

import pytest

from mailer.domain.address import Address, AddressError, Mailbox


def test_the_key_folds_case_and_the_domain_is_an_a_label():
    address = Address.parse("  Gudrun@BÄCKEREI.example ")
    assert address.typed == "Gudrun@BÄCKEREI.example"
    assert address.key == "gudrun@xn--bckerei-5wa.example"
    assert address.wire == "Gudrun@xn--bckerei-5wa.example"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@a.example",
        "a b@a.example",
        "ann@a..example",
        "ann@a.example\r\nBcc: x@y.example",
        "a\0@b.test",
    ],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize("text", ["ａｄａ@quay.example", "Ａｄａ＠quay.example", "ada@ｑｕａｙ.example"])
def test_wide_letters_are_the_common_ones(text):
    # As RFC 8265 3.3.1 has it for names of users: an opt-out that was typed so has to be found.
    address = Address.parse(text)
    assert (address.typed, address.key, address.needs_smtputf8) == (text, "ada@quay.example", False)


def test_letters_that_only_look_alike_are_others():
    assert Address.parse("ﬁn@quay.example").wire == "ﬁn@quay.example"


def test_only_a_local_part_needs_smtputf8():
    assert Address.parse("jürgen@a.example").needs_smtputf8
    assert not Address.parse("jurgen@bäckerei.example").needs_smtputf8


@pytest.mark.parametrize("name", ["Harbour Gazette", 'Lind, "Tove"', "Élodie", ""])
def test_a_mailbox_keeps_its_name(name):
    quoted = '"' + name.replace('"', '\\"') + '"' if name else ""
    mailbox = Mailbox.parse(f"{quoted} <editor@gazette.example>")
    assert (mailbox.name, mailbox.address.wire) == (name, "editor@gazette.example")


def test_an_address_that_looks_encoded_is_refused():
    # RFC 2047 5 forbids encoded-words in an addr-spec, but Python's email decodes this one to `x\r\nBcc: …`.
    with pytest.raises(AddressError, match="looks encoded"):
        Address.parse("=?utf-8?b?eA0KQmNjOiB0aGllZkBldmlsLmV4YW1wbGU=?=@gazette.example")


def test_a_mailbox_with_a_line_end_is_refused():
    with pytest.raises(AddressError):
        Mailbox.parse("Gazette\r\nBcc: x@y.example <editor@gazette.example>")


NAMES = [
    "Kock, Arne",
    "Harbour: Gazette",
    "Harbour; Gazette",
    "Support (Billing)",
    'Harbour "Gazette"',
    "Gazette @ Harbour",
    "Harbour\\Gazette",
    "Quay, Pier & Harbour: News; daily (late)",
    "=?utf-8?q?Hafen?=",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_was_typed_without_quotes_is_kept_whole(name):
    mailbox = Mailbox.parse(f"{name} <editor@gazette.example>")
    assert (mailbox.name, mailbox.address.wire) == (name, "editor@gazette.example")


@pytest.mark.parametrize(
    "text",
    [
        "ada@quay.example, ben@quay.example",
        "ada@quay.example; ben@quay.example",
        "ada@quay.example ben@quay.example",
        "Ada <ada@quay.example>, Ben <ben@quay.example>",
        "Ada <ada@quay.example> <ben@quay.example>",
        "Ada <ada@quay.example,ben@quay.example>",
        "ada@quay.example, Ben <ben@quay.example>",
        "Quay: ada@quay.example, ben@quay.example;",
        "ada@quay.example <ben@quay.example>",
    ],
)
def test_more_than_one_address_is_refused_as_such(text):
    with pytest.raises(AddressError, match="more than one address"):
        Mailbox.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ada <>",
        "Ada ada@quay.example",
        '"Ada <ada@quay.example>',
        "Ada <ada@quay.example> (late)",
        "Ada <ada@quay.example>,",
        "ada@quay.example (Ada)",
        "Quay: ada@quay.example;",
        "mailto:ada@quay.example",
    ],
)
def test_what_is_no_mailbox_is_told_how_one_is_written(text):
    with pytest.raises(AddressError, match="write it like"):
        Mailbox.parse(text)
