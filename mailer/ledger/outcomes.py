"""What became of deliveries: rows that are added and never changed, of which the latest is the state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, exists, insert, select

from mailer.domain.delivery import Settlement, State
from mailer.domain.moment import utc_text
from mailer.domain.outcome import Stage
from mailer.store.dialect import append
from mailer.store.schema import outcomes, passed

# By how much each of a send's totals changes.
Tally = Counter[State]

DECIDED = "decided"  # how the words of a person's decision begin


class OutcomeRow(NamedTuple):
    """A row of `outcomes`, in the order of its columns."""

    send_id: int
    subscriber_id: int
    number: int
    state: State
    stage: Stage | None
    at: datetime
    due_at: datetime | None
    reply: str | None
    revision: int | None
    tried: bool
    chunk: int | None = None


@dataclass(frozen=True, slots=True)
class DeliveryHistory:
    """The outcomes of one delivery so far, as far as they bear on what comes next.

    `tries` are those that count for the retry policy, the first of which was at `since` (since a person had
    it begin anew). `bound` is the text that it keeps because a copy of that may be out already. `chunk` is
    the one that it waits in, if not the one it was frozen in.
    """

    number: int = 0
    state: State = State.QUEUED
    reply: str | None = None
    at: datetime | None = None
    tries: int = 0
    since: datetime | None = None
    bound: int | None = None
    chunk: int | None = None

    def followed_by(self, row: OutcomeRow) -> DeliveryHistory:
        """Return the history with one more outcome."""
        anew = row.state is State.QUEUED and (row.reply or "").startswith(DECIDED)
        since = (self.since or row.at) if row.tried else self.since
        return DeliveryHistory(
            row.number,
            row.state,
            row.reply,
            row.at,
            self.tries + row.tried,
            None if anew else since,
            row.revision if row.state is State.UNCERTAIN and self.bound is None else self.bound,
            row.chunk,
        )

    def then(
        self,
        send_id: int,
        person: int,
        state: State,
        words: str | None,
        now: datetime,
        chunk: int | None = None,
    ) -> OutcomeRow:
        """Return a next outcome that no server brought about; of one that waits, in which `chunk`."""
        number, bound = self.number + 1, self.bound
        return OutcomeRow(
            send_id, person, number, state, None, now, None, words, bound, tried=False, chunk=chunk
        )


NEW = DeliveryHistory()


def write(connection: Connection, rows: Iterable[OutcomeRow]) -> None:
    """Append outcomes. Run for every message."""
    # In the order of the key, in which a tree is quickest to grow.
    append(
        connection,
        outcomes,
        [
            (
                send,
                person,
                number,
                state.value,
                stage and stage.value,
                utc_text(at),
                due and utc_text(due),
                *rest,
            )
            for send, person, number, state, stage, at, due, *rest in sorted(rows)
        ],
    )


def write_accepted(
    connection: Connection, send_id: int, accepted: Iterable[Settlement], revision: int
) -> None:
    """Append first attempts that were accepted: what nearly all are, without an object for each."""
    state = State.ACCEPTED.value
    append(
        connection,
        outcomes,
        sorted(
            (send_id, person, 1, state, stage.value, utc_text(at), None, words, revision, True, None)
            for person, _, at, stage, words, _ in accepted
        ),
    )


def note_passed(connection: Connection, account: str, at: datetime, number: int) -> None:
    """Note that so many messages of an account (`ledger.pace_memory.account_key`) were accepted by then."""
    connection.execute(insert(passed), {"account": account, "at": at, "number": number})


def histories(connection: Connection, send_id: int, which: ColumnElement[bool]) -> dict[int, DeliveryHistory]:
    """Return the history of each delivery of a send that has one, of those whose outcomes are `which`."""
    o = outcomes.c
    query = select(outcomes).where(o.send_id == send_id, which).order_by(o.subscriber_id, o.number)
    found: dict[int, DeliveryHistory] = {}
    for row in connection.execute(query):
        outcome = OutcomeRow._make(row)._replace(state=State(row.state))
        found[row.subscriber_id] = found.get(row.subscriber_id, NEW).followed_by(outcome)
    return found


def latest(table: FromClause = outcomes) -> ColumnElement[bool]:
    """Return whether a row of `outcomes` (or an alias of it) is the last one of its delivery."""
    o, later = table.c, outcomes.alias()
    return ~exists().where(
        later.c.send_id == o.send_id,
        later.c.subscriber_id == o.subscriber_id,
        later.c.number > o.number,
    )
