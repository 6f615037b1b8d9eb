"""The brake: when one refusal after the other is not the people's doing, and when it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.domain.delivery import Settlement, State
from mailer.domain.outcome import Reply, Stage
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


def put_off(brake: Brake, *lines: str) -> Brake:
    for number, line in enumerate(lines):
        words = line.format(n=number)
        settlement = Settlement(number, State.DEFERRED, AT, Stage.RCPT, words)
        brake.deferred(settlement, Reply(int(words[:3]), words[4:]), f"reader{number}@quay{number}.example")
    return brake


LATER = "451 4.7.0 account under review, ref {n}"


def test_twenty_who_are_put_off_in_the_same_words_trip_it():
    brake = put_off(Brake(), *[LATER] * 19)
    assert not brake.tripped
    assert put_off(brake, LATER).tripped
    error = brake.error()
    assert error.exit_code == ExitCode.AGAIN
    assert (
        "the server puts off the last 20 people" in error.problem and "account under review" in error.problem
    )
    assert "run the same command again" in str(error.next_step)


@pytest.mark.parametrize(
    "said",
    [
        ["451 4.7.1 <reader{n}@quay.example>: greylisted, come again"] * 50,
        ["450 Graylisting in effect"] * 50,
        ["452 4.2.2 mailbox full"] * 50,
        ["450 4.1.2 no such domain now"] * 50,
        [LATER, "452 4.3.1 disk full"] * 25,
    ],
)
def test_what_may_be_put_off_for_the_recipients_sake_does_not(said):
    assert not put_off(Brake(), *said).tripped


def test_one_who_gets_through_shows_that_it_is_not_the_account():
    brake = put_off(Brake(), *[LATER] * 19)
    brake.accepted()
    assert not put_off(brake, *[LATER] * 19).tripped


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
