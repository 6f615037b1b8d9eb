"""The policy by itself: what each kind does, and when sends in a row are too many."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.domain.return_policy import (
    PATIENCE,
    PastSend,
    ReturnEffect,
    ReturnPolicy,
    Sanction,
    in_a_row,
    read_soft,
)
from mailer.domain.returned import Kind

NOW = datetime(2026, 11, 29, 8, tzinfo=UTC)


def past(ends: str, first: int = 6) -> list[PastSend]:
    """A send each week, the newest first, which came back (x) or did not (.); the newest so many days ago."""
    return [PastSend(NOW - timedelta(days=first + 7 * n), end == "x") for n, end in enumerate(ends)]


@pytest.mark.parametrize(
    "ends, newest, row",
    [("xxx", 6, 3), ("xx.x", 6, 2), (".xx", 6, 0), (".xx", 1, 2), ("x.xx", 1, 1), ("", 6, 0), ("..x", 1, 0)],
)
def test_a_success_ends_the_row_once_it_is_one(ends: str, newest: int, row: int) -> None:
    assert len(in_a_row(past(ends, newest), NOW)) == row


def test_silence_is_a_success_after_a_while() -> None:
    failed = past("x", 30)
    for age, row in ((PATIENCE, 0), (PATIENCE - timedelta(hours=1), 1)):
        assert len(in_a_row([PastSend(NOW - age, False), *failed], NOW)) == row


@pytest.mark.parametrize(
    "policy, ends, too_many",
    [
        (ReturnPolicy(sends=3, days=14), "xxx", True),
        (ReturnPolicy(sends=3, days=15), "xxx", False),
        (ReturnPolicy(sends=4, days=0), "xxx", False),
        (ReturnPolicy(sends=0, days=0), "xxx", False),
        (ReturnPolicy(sends=1, days=0), "", False),
    ],
)
def test_so_many_sends_over_so_many_days(policy: ReturnPolicy, ends: str, too_many: bool) -> None:
    assert policy.too_many(past(ends), NOW) == too_many


def test_every_kind_has_its_effect() -> None:
    by_default = {
        Kind.HARD: ReturnEffect.SUPPRESSED,
        Kind.COMPLAINT: ReturnEffect.SUPPRESSED,
        Kind.UNSUBSCRIBE: ReturnEffect.LEFT,
        Kind.SOFT: ReturnEffect.COUNTED,
    }
    for kind in Kind:
        assert ReturnPolicy().effect(kind) == by_default.get(kind, ReturnEffect.NOTED)


def test_hard_bounces_and_complaints_may_do_less() -> None:
    effects = [ReturnPolicy(hard=each).effect(Kind.HARD) for each in (Sanction.COUNT, Sanction.NOTE)]
    assert effects == [ReturnEffect.COUNTED, ReturnEffect.NOTED]
    assert ReturnPolicy(complaint=Sanction.LEAVE).effect(Kind.COMPLAINT) == ReturnEffect.LEFT


def test_how_soft_ones_are_written() -> None:
    assert read_soft(" 5/10d") == (5, 10) and read_soft("3 / 0D") == (3, 0) and read_soft("Never")[0] == 0
    for wrong in ("", "5", "5/10", "0/10d", "-1/3d"):
        with pytest.raises(ValueError, match="5/10d"):
            read_soft(wrong)
