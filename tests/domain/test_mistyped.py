"""Domains that are typed wrong, addresses of roles, and two addresses of one mailbox."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.mailbox_providers import PROVIDERS, mailbox_of
from mailer.domain.mistyped import is_one_slip, meant
from mailer.domain.role_addresses import role_of


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("gmial.com", "gmail.com"),
        ("gmai.com", "gmail.com"),
        ("gmaill.com", "gmail.com"),
        ("gmsil.com", "gmail.com"),
        ("mgail.com", "gmail.com"),
        ("gmail.con", "gmail.com"),
        ("gmial.cmo", "gmail.com"),
        ("gmail.co", "gmail.com"),
        ("hotmial.com", "hotmail.com"),
        ("hotmil.fr", "hotmail.fr"),
        ("yaho.co.uk", "yahoo.co.uk"),
        ("outlok.com", "outlook.com"),
        ("iclod.com", "icloud.com"),
        ("tonline.de", "t-online.de"),
        ("aol.con", "aol.com"),
        # Others' domains, and what may be.
        ("gail.com", None),
        ("cloud.com", None),
        ("email.com", None),
        ("love.com", None),
        ("gmail.de", None),
        ("yahoo.com.pe", None),
        ("hotmail.example", None),
        ("quay.example", None),
        ("gmail", None),
    ],
)
def test_what_was_meant(typed: str, domain: str | None) -> None:
    assert meant(typed) == domain


def test_a_provider_s_own_domain_is_never_mistyped() -> None:
    assert [domain for domain in PROVIDERS if meant(domain)] == []


def slips(word: str) -> set[str]:
    """Every slip in `word`, by its definition."""
    letters, places = "abcxyz-1", range(len(word))
    swapped = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in places[:-1]}
    left_out = {word[:at] + word[at + 1 :] for at in places[1:]}
    other = {word[:at] + letter + word[at + 1 :] for at in places[1:] for letter in letters}
    added = {word[:at] + letter + word[at:] for at in range(1, len(word) + 1) for letter in letters}
    return (swapped | left_out | other | added) - {word}


@given(st.text(st.sampled_from("abcxyz-1"), min_size=2, max_size=7), st.data())
def test_one_slip_is_what_its_definition_makes(word: str, data: st.DataObject) -> None:
    typed = data.draw(st.one_of(st.sampled_from(sorted(slips(word))), st.text("abcxyz-1", max_size=7)))
    assert is_one_slip(typed, word) == (typed in slips(word))


@pytest.mark.parametrize(
    ("local", "role"),
    [
        ("info", "info"),
        ("NoReply", "noreply"),
        ("info+harbour", "info"),
        ("infodesk", None),
        ("ada.quint", None),
        ("+info", None),
    ],
)
def test_a_role_is_one_whatever_stands_behind_a_plus(local: str, role: str | None) -> None:
    assert role_of(local) == role


@pytest.mark.parametrize(
    ("key", "mailbox"),
    [
        ("a.da+news@googlemail.com", "ada@gmail.com"),
        ("a.da@google.com", "a.da@google.com"),
        ("a.da+news@outlook.com", "a.da@outlook.com"),
        ("ada@icloud.com", "ada@icloud.com"),
        ("ada-news@yahoo.com", None),
        ("a.da+news@quay.example", None),
    ],
)
def test_one_mailbox_is_told_by_the_rules_of_its_provider(key: str, mailbox: str | None) -> None:
    assert mailbox_of(key) == mailbox
