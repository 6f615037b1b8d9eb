"""Exit codes: where several hold, the order of the contract decides."""

from __future__ import annotations

from itertools import combinations

from mailer.errors import PRECEDENCE, ExitCode, worst


def test_the_order_of_the_contract():
    assert [int(code) for code in PRECEDENCE] == [130, 1, 2, 3, 5, 75, 4, 0]
    assert set(PRECEDENCE) == set(ExitCode)
    for first, second in combinations(PRECEDENCE, 2):
        assert worst({second, first}) is first
    assert worst(set()) is ExitCode.COMPLETE
