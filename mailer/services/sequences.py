"""Sequences as people work with them: looked over, put in force, held, and how each stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from mailer.bootstrap import App
from mailer.domain.sequence import MemberState, StartKind
from mailer.errors import MailerError, PlanRefused, UsageError
from mailer.ledger.sequences import (
    ActiveSequence,
    begin,
    change,
    counts,
    due_count,
    end_broken,
    in_force,
    put_in_force,
    wake,
)
from mailer.proof.proofread import errors_in
from mailer.services.check import CheckedIssue, CheckRequest
from mailer.services.check import check as check_issues
from mailer.services.sequence_due import fingerprint
from mailer.services.sequence_files import (
    SequenceRules,
    StepFile,
    folder_of,
    names_of,
    read_rules,
)
from mailer.services.sequence_starts import LOOKED_FOR, has_tag
from mailer.services.sequence_steps import refuse_renamed
from mailer.store.schema import sequence_members


@dataclass(frozen=True, slots=True)
class SequenceStanding:
    """A sequence: its row if it is in force, what its folder says, and what is wrong with it.

    `states` says how many are in which state, `steps` by key how many got it, and how many it passed by.
    """

    name: str
    active: ActiveSequence | None
    rules: SequenceRules | None
    problem: str
    states: dict[str, int]
    steps: dict[str, tuple[int, int]]

    @property
    def state(self) -> str:
        """How it stands, in a word or two."""
        if self.active is None:
            return "not in force"
        return "paused" if self.active.is_paused else "held" if self.problem else "in force"


@dataclass(frozen=True, slots=True)
class StepTime:
    """When a step goes, as seen by somebody who begins at some moment."""

    each: StepFile
    at: datetime


def standings(app: App) -> list[SequenceStanding]:
    """Return every sequence that has a folder, or is in force, by name."""
    with app.database.connect() as connection:
        active = {each.name: each for each in in_force(connection, app.now())}
    return [_standing(app, name, active.get(name)) for name in sorted({*names_of(app), *active})]


def standing_of(app: App, name: str) -> SequenceStanding:
    """Return how one stands; UsageError if it has no folder and never was in force."""
    active = active_of(app, name)
    if active is None:
        folder_of(app, name)
    return _standing(app, name, active)


def active_of(app: App, name: str) -> ActiveSequence | None:
    """Return the row of a sequence; None if it was never put in force."""
    with app.database.connect() as connection:
        return next(iter(in_force(connection, app.now(), name)), None)


def required(app: App, name: str) -> ActiveSequence:
    """Return the same; UsageError if there is none."""
    if (active := active_of(app, name)) is None:
        folder_of(app, name)
        raise UsageError(
            f"the sequence {name} is not in force: nobody can be in it",
            next_step=f"Look it over, and put it in force: mailer sequences activate {name}",
        )
    return active


def _standing(app: App, name: str, active: ActiveSequence | None) -> SequenceStanding:
    rules, problem = None, active.problem if active else ""
    try:
        rules = read_rules(app, name)
    except MailerError as error:
        problem = error.problem
    states: dict[str, int] = {}
    steps: dict[str, tuple[int, int]] = {}
    if active:
        with app.database.connect() as connection:
            states, steps = counts(connection, active.id)
    return SequenceStanding(name, active, rules, problem, states, steps)


def looked_over(app: App, name: str) -> tuple[SequenceRules, list[CheckedIssue]]:
    """Return a sequence, and what check finds in its steps. Raises what can't be read."""
    rules = read_rules(app, name)
    return rules, check_issues(app, CheckRequest([each.file for each in rules.files], (rules.list.name,)))


def timeline(rules: SequenceRules, began: datetime, zone: ZoneInfo) -> Iterator[StepTime]:
    """Yield when each step goes to somebody in a zone who begins at a moment, and gets them all."""
    for each, planned in zip(rules.files, rules.plan.timeline(began, zone), strict=True):
        yield StepTime(each, planned.at)


def due_now(app: App, name: str) -> int:
    """Return how many are looked at as soon as a sequence goes on."""
    if (active := active_of(app, name)) is None:
        return 0
    with app.database.connect() as connection:
        return due_count(connection, active.id, app.now())


def activate(app: App, name: str, *, new_step: bool = False) -> SequenceRules:
    """Put a sequence in force as its folder has it now, or let a paused one go on; return its rules.

    PlanRefused if check finds an error in a step, and where one may be another under a new name, unless that
    is said to be a `new_step`. Who has the tag by now that it begins by does not begin.
    """
    files, now = fingerprint(app, name), app.now()
    rules, checked = looked_over(app, name)
    if errors := [said for each in checked for said in errors_in(each.findings)]:
        raise PlanRefused(
            "\n".join([f"the sequence {name} is not fit to be put in force; nothing was changed:", *errors]),
            next_step=f"Correct it. All about it: mailer sequences check {name}",
        )
    before, start, plan = active_of(app, name), rules.start, rules.plan.data()
    is_other = before is None or (before.list_id, before.starts) != (rules.list.id, start.text())
    values = {
        "list_id": rules.list.id,
        "starts": start.text(),
        "plan": plan,
        "files": files,
        "is_paused": False,
        "problem": "",
        "held_until": None,
    }
    if is_other:
        values |= {"looked_at": now, "look_at": now if start.kind in LOOKED_FOR else None}
    tagged = has_tag(app, start) if is_other and start.kind is StartKind.TAG else None
    with app.database.begin() as connection:
        if before and not new_step:
            refuse_renamed(connection, before, rules)
        if before and before.list_id != rules.list.id:
            end_broken(connection, sequence_members.c.sequence_id == before.id, now)
        number = put_in_force(connection, name, values, now)
        if tagged:
            begin(connection, number, start.text(), tagged(connection), now, MemberState.BEFORE)
        if before and before.plan != plan:
            wake(connection, number, now)
    return rules


def pause(app: App, name: str) -> ActiveSequence:
    """Let nothing of a sequence go until it is put in force again; UsageError if it is none in force."""
    active = required(app, name)
    if active.is_paused:
        raise PlanRefused(
            f"the sequence {name} is paused already",
            next_step=f"To let it go on: mailer sequences activate {name}",
        )
    with app.database.begin() as connection:
        change(connection, active.id, {"is_paused": True})
    return active
