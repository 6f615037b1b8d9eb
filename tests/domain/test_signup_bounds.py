"""Who may sign up: counts against bounds, networks, and what gives a program away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.domain.signup_bounds import (
    Bounds,
    Counted,
    Proof,
    SignupRefusal,
    filled_in_by_a_program,
    network_key,
    opened_stamp,
)

KEY = b"a key of the harbour"
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
BOUNDS = Bounds(per_network=20, per_day=500, surge=100, proof=Proof.SURGE)


@pytest.mark.parametrize(
    ("counted", "proved", "refusal"),
    [
        (Counted(0, 0, 0), False, None),
        (Counted(499, 19, 99), False, None),
        (Counted(30, 20, 0), True, SignupRefusal.TOO_MANY),
        (Counted(500, 0, 0), True, SignupRefusal.TOO_MANY),
        (Counted(120, 0, 100), False, SignupRefusal.UNPROVED),
        (Counted(120, 0, 100), True, None),
    ],
)
def test_counts_are_held_against_the_bounds(counted, proved, refusal):
    assert BOUNDS.refusal(counted, proved=proved) is refusal


def test_without_bounds_any_number_is_taken():
    free = Bounds(0, 0, 0, Proof.SURGE)
    assert free.refusal(Counted(10**6, 10**6, 10**6), proved=False) is None


@pytest.mark.parametrize(("proof", "needed"), [(Proof.ALWAYS, True), (Proof.NEVER, False)])
def test_work_is_to_be_proved_as_the_settings_have_it(proof, needed):
    bounds = Bounds(20, 500, 100, proof)
    assert {bounds.wants_proof(Counted(0, 0, lately)) for lately in (0, 1000)} == {needed}


def test_a_network_is_an_address_of_ipv4_and_a_line_of_ipv6():
    assert network_key("192.0.2.7", KEY) != network_key("192.0.2.8", KEY)
    assert network_key("2001:db8:1:2::7", KEY) == network_key("2001:db8:1:2:ffff::1", KEY)
    assert network_key("2001:db8:1:2::7", KEY) != network_key("2001:db8:1:3::7", KEY)
    assert network_key("192.0.2.7", KEY) != network_key("192.0.2.7", b"another")
    assert "192.0.2.7" not in network_key("192.0.2.7", KEY)
    assert (network_key("", KEY), network_key("unix:", KEY)) == ("", "")


@pytest.mark.parametrize(
    ("trap", "seconds", "program"),
    [
        ("", 3, False),
        ("", 0.5, True),
        ("https://buy.example", 30, True),
        ("", 5 * 86400, False),
        (" ", 3, False),
    ],
)
def test_who_is_too_quick_or_fills_in_what_none_sees_is_no_person(trap, seconds, program):
    stamp = opened_stamp(NOW, KEY)
    sent, quickest = NOW + timedelta(seconds=seconds), timedelta(seconds=2)
    assert filled_in_by_a_program(trap, stamp, sent, KEY, quickest) is program


CHANGES = (lambda s: "", lambda s: s[:-1] + "x", lambda s: "9" + s, lambda s: "²." + s, lambda s: ".")


@pytest.mark.parametrize("change", CHANGES)
def test_a_stamp_that_is_none_of_ours_says_nothing(change):
    stamp = change(opened_stamp(NOW, KEY))
    assert not filled_in_by_a_program("", stamp, NOW, KEY, timedelta(seconds=2))
