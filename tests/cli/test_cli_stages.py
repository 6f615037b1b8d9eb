"""`--stages`, `--hold` and `--stop-if`: what is wrong is said with the option that it is wrong in."""

from __future__ import annotations

import pytest

from mailer.cli.stage_options import rollout_of
from mailer.domain.rollout import Rollout
from mailer.errors import UsageError


def test_what_is_left_out_has_its_default() -> None:
    assert rollout_of(None, None, None) is None
    assert rollout_of("1%,100%", None, None) == Rollout.parse(
        "1%,100%", "30m", "failed > 3% or complaints > 0.1%"
    )
    assert rollout_of("1%,100%", "2h", "never") == Rollout.parse("1%,100%", "2h", "never")


@pytest.mark.parametrize(
    ("asked", "problem", "next_step"),
    [
        ((None, "1h", None), "--hold is for a send in stages", "Add: --stages 1%,10%,100%"),
        ((None, None, "never"), "--stop-if is for a send in stages", "Add: --stages 1%,10%,100%"),
        (("", None, None), "--stages: '' is no share", None),
        (("1%,100%", "", None), "--hold: '' is no stretch of time", None),
        (("1%,100%", None, "opens > 1%"), "--stop-if: 'opens' is nothing to stop by", None),
    ],
)
def test_what_can_not_be_meant_names_the_option(asked, problem, next_step) -> None:
    with pytest.raises(UsageError) as refused:
        rollout_of(*asked)
    assert refused.value.problem.startswith(problem)
    assert refused.value.next_step == next_step
