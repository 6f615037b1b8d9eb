"""The token in a return path: what it says, how long, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.return_path import (
    LOCAL_PART,
    LONGEST,
    ROOM,
    ReturnSigner,
    ReturnTokens,
    Verp,
    return_path,
)
from mailer.domain.returned import Returned

KEY = b"a secret of the harbour"
NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TOKEN = ReturnSigner(KEY, 7).sign(54_321, NOW.timestamp())
TOKENS = ReturnTokens(KEY)
numbers = st.integers(1, 2**35 - 1)


@given(numbers, numbers)
def test_a_token_says_whose_copy_of_which_send(send_id: int, subscriber_id: int) -> None:
    token = ReturnSigner(KEY, send_id).sign(subscriber_id, NOW.timestamp())
    assert len(token) <= LONGEST and token == token.lower() and token.isalnum()
    assert TOKENS.read(token, NOW) == Returned(send_id, subscriber_id)


def test_the_local_part_is_never_too_long() -> None:
    token = ReturnSigner(KEY, 2**35 - 1).sign(2**35 - 1, NOW.timestamp())
    path = return_path(f"{'b' * ROOM}@news.example", Verp.PLUS, token)
    assert len(path.rpartition("@")[0]) == LOCAL_PART


def test_a_token_is_good_for_a_year() -> None:
    assert TOKENS.read(TOKEN, NOW + timedelta(days=365))
    assert not TOKENS.read(TOKEN, NOW + timedelta(days=380))
    assert not TOKENS.read(TOKEN, NOW - timedelta(days=30))  # the future has signed nothing


def test_one_changed_digit_or_another_key_makes_it_none() -> None:
    for place in range(len(TOKEN)):
        forged = TOKEN[:place] + ("0" if TOKEN[place] != "0" else "1") + TOKEN[place + 1 :]
        assert TOKENS.read(forged, NOW) is None
    assert ReturnTokens(b"another").read(TOKEN, NOW) is None
    assert ReturnTokens(b"").read(ReturnSigner(b"", 7).sign(1, NOW.timestamp()), NOW) is None


@given(st.text(max_size=100))
def test_nothing_else_is_one(text: str) -> None:
    assert TOKENS.read(text, NOW) is None and TOKENS.find(text, NOW) is None


@pytest.mark.parametrize(
    "text",
    [
        f"bounces+{TOKEN}@news.example",
        f"BOUNCES+{TOKEN.upper()}@NEWS.EXAMPLE",
        f"{TOKEN}@bounces.news.example",
        f"SRS0=h4sh=TT=news.example=bounces+{TOKEN}@forwarder.example",
        f"prvs=0123456789=bounces+{TOKEN}@news.example",
        f"<bounces-{TOKEN}@news.example>",
        f'{{"mailer": "{TOKEN}"}}',
        f"deadbeefdeadbeefdeadbeef0000 {TOKEN}",
    ],
)
def test_it_is_found_whatever_was_made_of_the_address(text: str) -> None:
    assert TOKENS.find(text, NOW) == Returned(7, 54_321)


def test_only_so_many_candidates_are_tried() -> None:
    assert TOKENS.find(" ".join([TOKEN[::-1]] * 20 + [TOKEN]), NOW) is None


def test_where_the_token_stands() -> None:
    address = "bounces@news.example"
    assert return_path(address, Verp.PLUS, "77") == "bounces+77@news.example"
    assert return_path(address, Verp.SUBDOMAIN, "77") == "77@bounces.news.example"
    assert return_path(address, Verp.OFF, "77") == return_path(address, Verp.PLUS, "") == address
