"""The brake: when one refusal after the other is not the people's doing, and when it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.domain.delivery import State
from mailer.domain.outcome import Reply, Stage
from mailer.domain.settlement import Settlement
from mailer.engine.brake import Brake
from mailer.errors import ExitCode

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
ODD, OTHER, DEAD = (
    "550 4.x no more today {n}",
    "554 rejected {n}",
    "550 5.1.1 <reader{n}@quay.example>: user unknown",
)


class Run:
    """Tells a brake what comes of one reader after the other until it trips."""

    def __init__(self) -> None:
        self.brake = Brake()
        self.failed: list[int] = []
        self.number = 0

    def hear(self, *lines: str | None) -> Run:
        for line in lines:
            self.number += 1
            if line is None:
                final = self.brake.accepted()
            else:
                words = line.format(n=self.number)
                settlement = Settlement(self.number, State.FAILED, AT, Stage.RCPT, words)
                reply = Reply(int(words[:3]), words[4:])
                final = self.brake.refused(settlement, reply, f"reader{self.number}@quay.example")
            self.failed += [settlement.delivery_id for settlement in final]
        return self

    @property
    def held(self) -> list[int]:
        return [settlement.delivery_id for settlement in self.brake.doubted]


def test_five_in_a_row_in_the_same_words_trip_it_and_nobody_has_failed():
    run = Run().hear(None, None, *[ODD] * 4)
    assert not run.brake.tripped
    run.hear(ODD)
    assert run.brake.tripped
    assert (run.failed, run.held) == ([], [3, 4, 5, 6, 7])


@pytest.mark.parametrize(
    "said",
    [
        [ODD, ODD, ODD, ODD, None] * 3,
        [ODD, OTHER] * 12,
        [DEAD] * 30,
        [DEAD, None] * 100,
        [None, ODD] * 100,
        [ODD] * 4,
    ],
)
def test_what_may_well_be_the_recipients_doing_does_not(said):
    run = Run()
    for line in said:
        assert not run.hear(line).brake.tripped


def test_a_mailbox_that_is_not_there_says_nothing_either_way():
    assert Run().hear(ODD, DEAD, ODD, DEAD, ODD, ODD, DEAD, ODD).brake.tripped


def test_most_of_fifty_refused_in_whatever_words_trip_it():
    run = Run().hear(*[ODD, OTHER, ODD, OTHER, None] * 10)
    assert run.brake.tripped
    assert run.failed == []


def test_a_list_of_dead_addresses_trips_it_at_fifty_and_they_have_failed():
    run = Run().hear(*[DEAD] * 50)
    assert run.brake.tripped
    assert len(run.failed) == 50 and run.held == []
    error = run.brake.error()
    assert error.exit_code == ExitCode.AGAIN
    assert "50 of the last 50 people are unknown to the server" in error.problem
    assert "right list" in str(error.next_step)


def test_a_refusal_is_final_once_fifty_more_are_seen_or_nothing_comes():
    run = Run().hear(ODD, *[None] * 49)
    assert run.failed == []
    assert run.hear(None).failed == [1]
    assert [
        settlement.delivery_id for settlement in Run().hear(ODD, None, OTHER).brake.decide(alone=True)
    ] == [1, 3]


def test_who_was_refused_last_stays_open_while_others_go_on():
    run = Run().hear(None, ODD, None, ODD)
    assert [settlement.delivery_id for settlement in run.brake.decide(alone=False)] == [2]
    assert run.held == [4]


def test_what_comes_in_after_it_tripped_is_held_too_however_much():
    run = Run().hear(*[ODD] * 200)
    assert run.failed == []
    assert len(run.brake.release()) == 200


def test_those_that_are_believed_are_final_and_count_no_more():
    run = Run().hear(*[ODD] * 5)
    assert [settlement.delivery_id for settlement in run.brake.believe({1, 2})] == [1, 2]
    assert not run.brake.tripped
    assert run.hear(ODD, ODD).brake.tripped


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("554 5.7.1 you sent too much, try again later", ExitCode.AGAIN),
        ("550 quota reached", ExitCode.AGAIN),
        ("550 a corporate decision, separate from others", ExitCode.USAGE),
        ("550 not verified", ExitCode.USAGE),
    ],
)
def test_what_passes_by_itself_and_what_somebody_has_to_put_right(words, code):
    error = Run().hear(*[words] * 5).brake.error()
    assert error.exit_code == code
    assert f"the server refuses the last 5 people, who stay in the queue: {words}" in error.problem
    assert "run the same command again" in str(error.next_step)
