"""What the end of one connection means for the others, as a table."""

from __future__ import annotations

import pytest

from mailer.domain.outcome import Stage
from mailer.smtp.ending import Cause, Ending
from mailer.smtp.reconnecting import Reaction, Reconnecting

DONE, AWAY, LOST, FAULT = Cause.DONE, Cause.TURNED_AWAY, Cause.LOST, Cause.FAULT
REPLACE, SHRINK, RETRY, STOP = Reaction

# cause, failures before, others at work, this was ready, useful: reaction
TABLE = [
    (DONE, 9, 0, True, False, REPLACE),
    (AWAY, 0, 0, False, False, RETRY),
    (AWAY, 4, 0, False, False, STOP),
    (AWAY, 4, 1, False, False, SHRINK),
    (AWAY, 4, 0, True, True, REPLACE),
    (LOST, 0, 0, False, False, RETRY),
    (LOST, 3, 0, True, False, RETRY),
    (LOST, 4, 0, True, False, STOP),
    (LOST, 0, 3, True, False, SHRINK),
    (LOST, 4, 3, True, True, REPLACE),
    (FAULT, 0, 0, False, False, STOP),
    (FAULT, 0, 2, False, False, SHRINK),
    (FAULT, 0, 2, True, True, STOP),
    (FAULT, 0, 0, True, False, STOP),
]


@pytest.mark.parametrize("cause, failures, others, ready, useful, reaction", TABLE)
def test_reactions(
    cause: Cause, failures: int, others: int, ready: bool, useful: bool, reaction: Reaction
) -> None:
    ending = Ending(cause, Stage.MAIL, "so it ended")
    assert Reconnecting().react(ending, failures, others, ready=ready, useful=useful) is reaction


@pytest.mark.parametrize(
    "cause, failures, ready, reaction",
    [(AWAY, 9, False, RETRY), (LOST, 9, True, RETRY), (FAULT, 9, False, RETRY), (FAULT, 0, True, STOP)],
)
def test_as_long_as_one_may_come_to_again_nobody_gives_up(
    cause: Cause, failures: int, ready: bool, reaction: Reaction
) -> None:
    ending = Ending(cause, Stage.CONNECT, "so it ended")
    found = Reconnecting().react(ending, failures, 0, silent=1, ready=ready, useful=False)
    assert found is reaction


@pytest.mark.parametrize("met, others, reaction", [(False, 0, STOP), (True, 0, RETRY), (True, 2, SHRINK)])
def test_where_nobody_ever_answered_one_try_is_enough(met: bool, others: int, reaction: Reaction) -> None:
    ending = Ending(Cause.MUTE, Stage.CONNECT, "no answer within 30 s")
    found = Reconnecting().react(ending, 0, others, met=met, ready=False, useful=False)
    assert found is reaction


def test_pauses_double_up_to_the_limit() -> None:
    pauses = [Reconnecting(first=0.5, limit=3).pause(failures) for failures in range(6)]
    assert pauses == [0, 0.5, 1, 2, 3, 3]
