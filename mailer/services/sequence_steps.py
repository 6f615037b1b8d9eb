"""What a round does for sequences: who begins, and what is due, a batch of people in one transaction.

Whatever is killed leaves a batch as it was, or done: the letters that it wrote, and that these people got
them, are one transaction. Any number of processes may be at it: batches are written one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Row, select

from mailer.bootstrap import App
from mailer.domain.sequence import MemberPosition, Onward, StartKind, new_steps, onward
from mailer.errors import IssueError, MailerError, PlanRefused, SettingsError, UsageError
from mailer.ledger.letters import write_letters
from mailer.ledger.sequence_restoring import learned_of
from mailer.ledger.sequences import (
    DATE_CHANGED,
    ActiveSequence,
    MovedOn,
    change,
    due_members,
    move_on,
    settled_of,
    steps_gone,
    waiting_letters,
    wake,
)
from mailer.services.notice_findings import note_sequence_held
from mailer.services.sequence_due import fingerprint
from mailer.services.sequence_files import SequenceRules, read_rules, zone_of
from mailer.services.sequence_letters import KeptLetters, NotComposed, StepLetters
from mailer.services.sequence_starts import look
from mailer.store.dialect import among
from mailer.store.schema import subscribers

BATCH = 500  # people
RETRY = timedelta(minutes=1)  # of a sequence in which something is wrong
ITS_OWN_FAULT = (IssueError, PlanRefused, UsageError, SettingsError)
WENT = "its letter went before a backup was put back, by the journals"
Key = tuple[int, str]  # a person, and a step


def follow(
    app: App, sequences: list[ActiveSequence], stopped: Callable[[], bool], kept: KeptLetters
) -> list[MailerError]:
    """Let begin who does, and write the letters that are due; return what is wrong, each fault once.

    A sequence in which something is wrong is held, and tried again; the others go on. Letters that were
    compiled are `kept` for the next round.
    """
    faults: list[MailerError] = []
    for each in sequences:
        if stopped():
            break
        try:
            SequenceRound(app, each, kept).make(stopped)
        except ITS_OWN_FAULT as error:
            if _hold(app, each, error):
                faults.append(error)
    return faults


def _hold(app: App, each: ActiveSequence, error: MailerError) -> bool:
    """Note what is wrong with a sequence, and what to do; return whether that is news."""
    said = "\n  next: ".join(filter(None, (error.problem, error.next_step)))
    if said != each.problem:
        note_sequence_held(app, each.id, each.name, error)
    values = {"problem": said, "held_until": app.now() + RETRY}
    with app.database.begin() as connection:
        change(connection, each.id, values | {"files": fingerprint(app, each.name)})
    return said != each.problem


@dataclass
class SequenceRound:
    """One round for one sequence."""

    app: App
    sequence: ActiveSequence
    kept: KeptLetters

    def make(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Read its files, let people begin, write what is due. Raises what is wrong with files."""
        files = fingerprint(self.app, self.sequence.name)
        rules = read_rules(self.app, self.sequence.name)
        refuse_another(self.sequence, rules)
        self._adopt(rules, files)
        look(self.app, self.sequence, rules)
        letters = StepLetters(self.app, rules, self.kept)
        while not stopped() and self._batch(rules, letters):
            pass

    def _adopt(self, rules: SequenceRules, files: str) -> None:
        """Go by the files as they are now; whoever is in it is looked at anew if that concerns them."""
        plan = rules.plan
        news = plan.data() != self.sequence.plan
        if not news and files == self.sequence.files and not self.sequence.problem:
            return
        with self.app.database.begin() as connection:
            if news:
                refuse_renamed(connection, self.sequence, rules)
                wake(connection, self.sequence.id, self.app.now())
            values = {"plan": plan.data(), "files": files, "problem": "", "held_until": None}
            change(connection, self.sequence.id, values)

    def _batch(self, rules: SequenceRules, letters: StepLetters) -> bool:
        """Do what is due for some people; return whether there was anybody."""
        try:
            with self.app.database.begin() as connection:
                return DueBatch(self.app, connection, self.sequence, rules, letters).write()
        except NotComposed as missing:
            letters.compose(missing.key)
            return True


def refuse_another(sequence: ActiveSequence, rules: SequenceRules) -> None:
    """Raise PlanRefused where the rules are for others than those who are in the sequence."""
    for said, is_so, was in (
        ("list", rules.list.name, sequence.list_name),
        ("start", rules.start.text(), sequence.starts),
    ):
        if is_so != was:
            raise PlanRefused(
                f"the {said} of the sequence {sequence.name} is {is_so} now, and it is in force for {was}",
                next_step=f"Put it back, or let it be so: mailer sequences activate {sequence.name}",
            )


def refuse_renamed(connection: Connection, sequence: ActiveSequence, rules: SequenceRules) -> None:
    """Raise PlanRefused where a step may have another name now: people would get it twice.

    That its file was away for a while, and the sequence went on without it, is no matter.
    """
    if not (fresh := new_steps(sequence.plan, rules.plan)):
        return
    if gone := steps_gone(connection, sequence.id, [step.key for step in rules.plan.steps]):
        new = next(each for each in rules.files if each.step.key == fresh[0])
        raise PlanRefused(
            f"{new.file} is a new step, and the step {min(gone)} is gone, "
            "which people got who are still in it: if it is the same, they would get it twice",
            next_step=f"If it is the same, write into its front matter: slug: {min(gone)}\n"
            f"  If it is another one: mailer sequences activate {sequence.name} --new-step",
        )


@dataclass
class DueBatch:
    """Some people of whom something is due, in one transaction."""

    app: App
    connection: Connection
    sequence: ActiveSequence
    rules: SequenceRules
    letters: StepLetters
    _inside: dict[str, set[int]] = field(default_factory=dict)

    def write(self) -> bool:
        """Write what becomes of them, and their letters; return whether there was anybody. NotComposed."""
        now, plan = self.app.now(), self.rules.plan
        due = due_members(self.connection, self.sequence, self.rules.start, now, BATCH)
        # Nobody twice in a batch: who began for two dates has the later one looked at in the next.
        rows = {row.subscriber_id: row for row in reversed(due)}
        settled = settled_of(self.connection, self.sequence.id, rows)
        waiting = waiting_letters(self.connection, self.sequence.id, rows)
        learned = self._learned(rows, settled)
        decided: dict[int, Onward] = {}
        for number, row in rows.items():
            which, gone = (number, row.occasion), learned[number]
            done = frozenset(settled.get(which, ())) | gone.keys()
            since = max(row.since, *gone.values()) if gone else row.since
            who = self._position(row, since, done, waits=which in waiting)
            inside = partial(self._is_inside, rows, number)
            decided[number] = onward(plan, who, inside, self.rules.goal, now)
        notes, sends = self._letters(rows, decided)
        moved = [
            MovedOn(
                number,
                rows[number].occasion,
                each,
                (*((key, None, WENT) for key in learned[number]), *_settled(number, each, notes, sends)),
            )
            for number, each in decided.items()
        ]
        move_on(self.connection, self.sequence.id, moved, now)
        return bool(rows)

    def _learned(
        self, rows: Mapping[int, Row[Any]], settled: Mapping[tuple[int, str], set[str]]
    ) -> dict[int, dict[str, datetime]]:
        """Return of each which steps went to them by what journals say and nothing else does, and when."""
        start, keys = self.rules.start, [each.key for each in self.rules.plan.steps]
        found = learned_of(self.connection, self.sequence.name, keys, rows)
        return {
            number: {
                key: at
                for key, at in sorted(found.get(number, ()), key=itemgetter(1))
                if start.may_be_of(row.occasion, at) and key not in settled.get((number, row.occasion), ())
            }
            for number, row in rows.items()
        }

    def _position(
        self, row: Row[Any], since: datetime, settled: frozenset[str], *, waits: bool
    ) -> MemberPosition:
        start = self.rules.start
        by_date = start.kind is StartKind.DATE and bool(row.occasion)
        gone = row.gone or (DATE_CHANGED if by_date and not start.still_on(row.occasion, row.date) else "")
        return MemberPosition(
            since, zone_of(self.app, row.timezone), settled, gone, row.pausing, waits, by_date
        )

    def _is_inside(self, people: Mapping[int, Row[Any]], number: int, segment: str) -> bool:
        """Return whether one of these people is in a segment; all of them are looked up at once."""
        if segment not in self._inside:
            from mailer.people.segments.selecting import selected  # lark

            where = selected(self.connection, [self.rules.segments[segment]])
            query = select(subscribers.c.id).where(among(subscribers.c.id, people), where)
            self._inside[segment] = set(self.connection.scalars(query))
        return number in self._inside[segment]

    def _letters(
        self, rows: Mapping[int, Row[Any]], decided: Mapping[int, Onward]
    ) -> tuple[dict[Key, str], dict[Key, int]]:
        """Write what goes; return why some of it can't, and the sends of the rest."""
        going: dict[str, list[int]] = {}
        for number, each in decided.items():
            for one in each.settled:
                if not one.passed_by:
                    going.setdefault(one.step.key, []).append(number)
        notes: dict[Key, str] = {}
        sends: dict[Key, int] = {}
        for key, people in going.items():
            letter = self.letters.of(key)
            lacking = letter.unfillable(self.app, [rows[number] for number in people])
            notes |= {(number, key): said for number, said in lacking.items()}
            able = [number for number in people if number not in lacking]
            written = write_letters(self.connection, letter.text, able, self.app.now())
            sends |= {(number, key): send_id for number, send_id in written.items()}
        return notes, sends


def _settled(
    number: int, onward: Onward, notes: Mapping[Key, str], sends: Mapping[Key, int]
) -> Iterator[tuple[str, int | None, str]]:
    for step, passed_by in onward.settled:
        which = number, step.key
        yield step.key, sends.get(which), passed_by or notes.get(which, "")
