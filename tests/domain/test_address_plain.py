"""The quick way for plain addresses gives what email-validator gives."""

from __future__ import annotations

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.domain.address import CASELESS, PLAIN, RESERVED, Address, AddressError

SIGNS = "abzAZ019_+-.@"
LABELS = st.text("abz09-", min_size=1, max_size=8) | st.sampled_from(
    ["xn--", "ab--c", "xn--mnchen-3ya", "-a", "a-"]
)
ENDINGS = st.sampled_from(["example", "test", "EXAMPLE", "c", "co1", "museum", *SPECIAL_USE_DOMAIN_NAMES])
LOCALS = st.text("abzAZ09_+-.", max_size=70) | st.sampled_from(["postmaster", "INFO", "Abuse", "a..b", ".a"])
ADDRESSES = st.builds(
    lambda local, labels, ending: f"{local}@{'.'.join([*labels, ending])}",
    LOCALS,
    st.lists(LABELS, max_size=9),
    ENDINGS,
)


def by_the_library(text: str) -> tuple[str, str] | None:
    try:
        found = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return None
    return found.local_part, str(found.ascii_domain)


@settings(max_examples=15 * settings().max_examples)
@given(ADDRESSES | st.text(SIGNS, max_size=30))
@example("ada@quay.example")
@example("a@b.arpa")
@example("a@home.arpa")
@example("a@a.invalid")
@example("a@a.local")
def test_it_agrees_with_email_validator(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        assert by_the_library(text) is None
    else:
        assert by_the_library(text) == (address.local, address.domain)
        assert address.typed == text


@pytest.mark.parametrize(
    "text",
    ["ada@quay.example", "Ada.B+c@Sub.Quay.EXAMPLE", "1@2.ab", "x_y-z@a-b.test"],
)
def test_plain_addresses_take_the_quick_way(text: str) -> None:
    assert PLAIN.fullmatch(text)
    assert (Address.parse(text).local, Address.parse(text).domain) == by_the_library(text)


def test_the_longest_labels_are_still_right() -> None:
    with pytest.raises(AddressError):
        Address.parse(f"a@{'b' * 64}.example")
    with pytest.raises(AddressError):
        Address.parse(f"{'a' * 65}@b.example")
    assert Address.parse(f"{'a' * 64}@b.example").local == "a" * 64


def test_the_reserved_endings_are_those_of_email_validator() -> None:
    assert {name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES} == RESERVED


def test_the_names_without_letter_case_are_those_of_email_validator() -> None:
    assert {name.lower() for name in CASE_INSENSITIVE_MAILBOX_NAMES} == CASELESS
