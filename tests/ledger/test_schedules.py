"""Schedules: one process begins each, whoever looks, and another one if that is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.domain.audience import Audience
from mailer.ledger.schedules import LEASE, Schedules, ScheduleState
from mailer.store.database import open_database

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
ONE, OTHER = "mailer tick (process 1) on quay", "mailer run (process 2) on pier"


@pytest.fixture
def schedules(database_url, tmp_path):
    database = open_database(database_url, tmp_path)
    yield Schedules(database)
    database.dispose()


@pytest.fixture
def due(schedules):
    return schedules.add("issues/tide.md", Audience(("weekly",)), NOW, "UTC", NOW).id


def state(schedules) -> tuple[str, str]:
    (found,) = schedules.all()
    return found.state, found.note


def test_one_process_takes_what_is_due_and_settles_it(schedules, due):
    assert schedules.take(due, ONE, NOW)
    assert not schedules.take(due, OTHER, NOW)
    assert schedules.due(NOW) == []
    assert state(schedules) == ("beginning", ONE)
    assert not schedules.settle(due, ScheduleState.FAILED, "no", NOW, who=OTHER)
    assert schedules.settle(due, ScheduleState.BEGUN, "", NOW, who=ONE, send_id=7)
    assert not schedules.take(due, OTHER, NOW + 2 * LEASE)


def test_while_it_begins_it_is_neither_moved_nor_removed_nor_held(schedules, due):
    schedules.take(due, ONE, NOW)
    assert not schedules.remove(due, NOW)
    assert not schedules.move(due, NOW, "UTC", NOW)
    assert not schedules.hold(due, "no settings", NOW)
    assert state(schedules) == ("beginning", ONE)


def test_another_takes_it_when_nothing_was_heard_of_the_first_for_its_lease(schedules, due):
    schedules.take(due, ONE, NOW)
    half = NOW + LEASE / 2
    assert schedules.keep(due, ONE, half)
    assert not schedules.take(due, OTHER, half + LEASE)
    late = half + LEASE + timedelta(seconds=1)
    assert [each.id for each in schedules.due(late)] == [due]
    assert schedules.take(due, OTHER, late)
    assert not schedules.keep(due, ONE, late)
    assert not schedules.settle(due, ScheduleState.BEGUN, "", late, who=ONE)
    assert state(schedules) == ("beginning", OTHER)


def test_what_could_not_begin_is_given_back_with_the_reason(schedules, due):
    schedules.take(due, ONE, NOW)
    assert schedules.settle(due, ScheduleState.WAITING, "the disk is full", NOW, who=ONE)
    assert state(schedules) == ("waiting", "the disk is full")
    assert schedules.take(due, OTHER, NOW)
