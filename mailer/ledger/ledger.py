"""The ledger: one row a recipient, frozen before the first SMTP command, settled by its own reply."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from logging import getLogger
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Engine,
    bindparam,
    delete,
    exists,
    or_,
    select,
    update,
)

from mailer.domain.audience import Audience, Recipient
from mailer.domain.delivery import NEXT, Claim, Halt, RetryPolicy, Settlement, State
from mailer.domain.field import FieldType
from mailer.domain.send import Send
from mailer.ledger.claiming import cancel_gone, claim, gone, latest_deferral, refused_before
from mailer.ledger.freezing import SEND, FrozenText, freeze, halted_words, read_send
from mailer.ledger.history import mark_read
from mailer.ledger.recording import give_back, record
from mailer.people.audience import (
    candidates_for,
    count_candidates,
    count_texts,
    count_values,
)
from mailer.people.field_types import OWN_TYPES, known_types
from mailer.store.schema import deliveries, exclusions, revisions, sends
from mailer.store.snapshot import recipients, snapshot_of

log = getLogger(__name__)

PAGE = 500
CANCELLED_BY_HAND = "the send was cancelled"


class Ledger:
    """Reads and writes sends and deliveries; every method is one transaction."""

    def __init__(self, engine: Engine, policy: RetryPolicy | None = None) -> None:
        self._engine = engine
        self._policy = policy or RetryPolicy()

    def find(self, slug: str, audience: Audience) -> Send | None:
        """Return the latest send of this issue to this audience whose renders were proved; no erratum."""
        query = (
            select(*SEND)
            .where(
                sends.c.slug == slug,
                sends.c.audience == audience.canonical(),
                sends.c.proved_at.is_not(None),
                sends.c.corrects.is_(None),
            )
            .order_by(sends.c.occasion.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return read_send(row) if row else None

    def sends(self, slug: str | None = None) -> list[Send]:
        """Return every send, or those of one issue, oldest first."""
        query = select(*SEND).order_by(sends.c.id)
        with self._engine.connect() as connection:
            rows = connection.execute(query.where(sends.c.slug == slug) if slug else query)
            return [read_send(row) for row in rows]

    def send(self, send_id: int) -> Send:
        """Return the send with this id, which must be there."""
        with self._engine.connect() as connection:
            return read_send(connection.execute(select(*SEND).where(sends.c.id == send_id)).one())

    def reread(self, send: Send) -> Send:
        """Return the send as it is now."""
        return self.send(send.id)

    def unfinished(self) -> list[Send]:
        """Return the proved sends with deliveries that may have to be sent, now or later, oldest first."""
        return self._open(sends.c.halted.is_(None))

    def left_alone(self) -> list[Send]:
        """Return those that would be unfinished, had nobody paused or limited them."""
        return self._open(sends.c.halted.in_((Halt.PAUSED, Halt.LIMITED)))

    def _open(self, which: ColumnElement[bool]) -> list[Send]:
        d = deliveries.c
        open_ones = exists().where(
            d.send_id == sends.c.id, d.state.in_((State.QUEUED, State.DEFERRED, State.UNCERTAIN))
        )
        query = select(*SEND).where(sends.c.proved_at.is_not(None), which, open_ones).order_by(sends.c.id)
        with self._engine.connect() as connection:
            return [read_send(row) for row in connection.execute(query)]

    def template(self, send: Send, number: int) -> bytes | None:
        """Return the compiled template of the `number`th text of this send.

        None where only journals know of that text: it is from after the backup that was restored.
        """
        r = revisions.c
        with self._engine.connect() as connection:
            found = connection.scalar(select(r.template).where(r.send_id == send.id, r.no == number))
        return None if found is None else bytes(found)

    def preview(
        self, slug: str, audience: Audience, *, again: bool = False
    ) -> Iterator[tuple[Recipient, str | None]]:
        """Yield every candidate, and the reason if they would not get the issue. Records nothing."""
        with self._engine.connect() as connection:
            query = candidates_for(connection, slug, audience, again=again)
            found = connection.execution_options(yield_per=PAGE).execute(query)
            for rows in found.partitions():
                yield from zip(recipients(rows), (row.reason for row in rows), strict=True)

    def values(self, slug: str, audience: Audience, names: Collection[str]) -> tuple[int, dict[str, int]]:
        """Return how many would get the issue, and how many of them have a value for each of `names`."""
        with self._engine.connect() as connection:
            return count_values(connection, slug, audience, names)

    def texts(self, slug: str, audience: Audience, names: Collection[str]) -> dict[str, dict[str, int]]:
        """Return the texts that each of these fields holds, among those who would get the issue."""
        with self._engine.connect() as connection:
            return {name: count_texts(connection, slug, audience, name) for name in names}

    def field_types(self) -> dict[str, FieldType]:
        """Return the type of every field by name."""
        with self._engine.connect() as connection:
            return OWN_TYPES | known_types(connection)

    def freeze(
        self,
        slug: str,
        audience: Audience,
        *,
        subject: str,
        revision: str,
        template: bytes,
        now: datetime,
        occasion: int = 0,
        again: bool = False,
        subject_put: str | None = None,
        limited_by: str | None = None,
    ) -> Send:
        """Write the send, a queued delivery for each recipient, an exclusion for each other candidate.

        `again` takes in also who got the issue by an earlier send; `limited_by` as for `limit`.
        """
        with self._engine.begin() as connection:
            return freeze(
                connection,
                candidates_for(connection, slug, audience, again=again),
                FrozenText(subject, revision, template),
                now,
                slug=slug,
                audience=audience.canonical(),
                audience_put=audience.text(),
                subject_put=subject_put,
                occasion=occasion,
                candidates=count_candidates(connection, audience),
                **(halted_words(Halt.LIMITED, limited_by, now) if limited_by else {}),
            )

    def frozen(self, send: Send) -> Iterator[Recipient]:
        """Yield every recipient of the frozen audience that is still open, in pages: memory stays flat."""
        query = select(deliveries.c.subscriber_id, *snapshot_of(deliveries)).where(
            deliveries.c.send_id == send.id
        )
        with self._engine.connect() as connection:
            for rows in connection.execution_options(yield_per=PAGE).execute(query).partitions():
                yield from recipients(rows)

    def proved(self, send: Send, now: datetime) -> None:
        """Note that every frozen recipient's render was proved; only now may deliveries be claimed."""
        with self._engine.begin() as connection:
            connection.execute(update(sends).where(sends.c.id == send.id).values(proved_at=now))

    def discard_unproved(self) -> None:
        """Take back what was frozen but never proved: nothing of it has been claimed.

        Only for whoever holds the right to begin a send: another's may be under way.
        """
        with self._engine.begin() as connection:
            unproved = select(sends.c.id).where(sends.c.proved_at.is_(None))
            for table in (deliveries, exclusions, revisions):
                connection.execute(delete(table).where(table.c.send_id.in_(unproved)))
            connection.execute(delete(sends).where(sends.c.id.in_(unproved)))

    def claim(
        self,
        send: Send,
        worker: str,
        limit: int,
        now: datetime,
        *,
        without: Sequence[str] = (),
        unrefused: bool = False,
    ) -> list[Claim]:
        """Take up to `limit` queued deliveries; who left or was suppressed since is cancelled instead.

        Those to the domains `without` are left, and with `unrefused` those that a server refused before. None
        are returned only when none else is queued any more.
        """
        with self._engine.begin() as connection:
            claims = claim(connection, send, worker, limit, now, without, unrefused=unrefused)
        log.debug("%s claimed %d of send %d", worker, len(claims), send.id)
        return claims

    def latest_deferral(self, send: Send) -> str | None:
        """Return what was said last to a message of this send that was put off; None if none was."""
        with self._engine.connect() as connection:
            return latest_deferral(connection, send)

    def refused_before(self, send: Send, delivery_ids: Sequence[int]) -> dict[int, bool]:
        """Return which of these were refused and put back, and whether others were accepted since."""
        with self._engine.connect() as connection:
            return refused_before(connection, send, delivery_ids)

    def withdraw(self, send: Send, worker: str, waiting: Iterable[int], now: datetime) -> set[int]:
        """Cancel those `waiting` of a worker's claims whose people left or were suppressed; return which."""
        # A statement that names all who wait would be another one each time, and each is remembered.
        with self._engine.connect() as connection:
            left = set(gone(connection, send, worker)).intersection(waiting)
        if not left:
            return left
        d = deliveries.c
        rows = update(deliveries).where(d.id.in_(left), d.worker == worker, d.state == State.CLAIMED)
        with self._engine.begin() as connection:
            return cancel_gone(connection, send, rows, now)

    def halted(self, send: Send) -> Halt | None:
        """Return whether a person paused or cancelled the send, as it is now."""
        with self._engine.connect() as connection:
            said = connection.scalar(select(sends.c.halted).where(sends.c.id == send.id))
        return Halt(said) if said else None

    def pause(self, send: Send, by: str, now: datetime) -> bool:
        """Let workers stop claiming; False if the send is paused or cancelled already."""
        return self._halt(send, (None, Halt.LIMITED), Halt.PAUSED, by, now)

    def resume(self, send: Send) -> bool:
        """Take back a pause or a limit; False if the send has neither."""
        return self._halt(send, (Halt.PAUSED, Halt.LIMITED), None)

    def limit(self, send: Send, option: str, now: datetime) -> bool:
        """Let the clock leave the send alone: a person sends a part of it, by this `option`."""
        return self._halt(send, (None, Halt.LIMITED), Halt.LIMITED, option, now)

    def unlimit(self, send: Send) -> bool:
        """Take back a limit; False if the send has none."""
        return self._halt(send, (Halt.LIMITED,), None)

    def cancel(self, send: Send, by: str, now: datetime) -> bool:
        """Let the send never go on, and cancel what is open of it; False if it was cancelled already."""
        done = self._halt(send, (None, Halt.LIMITED, Halt.PAUSED), Halt.CANCELLED, by, now)
        self.cancel_rest(now)
        return done

    def tell(self, send: Send, now: datetime) -> bool:
        """Note that it is said now why this one is left alone; False if that was said before."""
        s = sends.c
        with self._engine.begin() as connection:
            first = update(sends).where(s.id == send.id, s.halt_told_at.is_(None)).values(halt_told_at=now)
            return connection.execute(first).rowcount == 1

    def cancel_rest(self, now: datetime) -> int:
        """Cancel what came back to the queue of cancelled sends, from their workers or from a deferral."""
        d = deliveries.c
        cancelled = select(sends.c.id).where(sends.c.halted == Halt.CANCELLED)
        rest = update(deliveries).where(d.send_id.in_(cancelled))
        with self._engine.begin() as connection:
            # By way of the queue, as NEXT has it.
            connection.execute(rest.where(d.state == State.DEFERRED).values(state=State.QUEUED, due_at=None))
            return connection.execute(
                rest.where(d.state == State.QUEUED).values(
                    state=State.CANCELLED, reason=CANCELLED_BY_HAND, updated_at=now
                )
            ).rowcount

    def _halt(
        self,
        send: Send,
        before: Iterable[Halt | None],
        after: Halt | None,
        by: str | None = None,
        now: datetime | None = None,
    ) -> bool:
        stands = or_(*(sends.c.halted.is_not_distinct_from(each) for each in before))
        with self._engine.begin() as connection:
            done = connection.execute(
                update(sends).where(sends.c.id == send.id, stands).values(halted_words(after, by, now))
            )
            return done.rowcount == 1

    def record(self, worker: str, settlements: Sequence[Settlement], account: str = "-") -> None:
        """Record what became of deliveries that `worker` holds; one that it holds no longer is left alone.

        `account` is the `ledger.pace_memory.account_key` of the one that they went through.
        """
        with self._engine.begin() as connection:
            record(connection, self._policy, worker, account, settlements)
        log.debug("%s recorded %d", worker, len(settlements))

    def give_back(self, worker: str, now: datetime) -> None:
        """Put what `worker` claimed and never handed over back into the queue; its journal is all in here."""
        with self._engine.begin() as connection:
            give_back(connection, worker, State.QUEUED, None, now)
            mark_read(connection, worker)

    def requeue_due(self, send: Send, now: datetime) -> int:
        """Queue the deferred deliveries whose time has come; return how many."""
        d = deliveries.c
        due = (d.send_id == send.id) & (d.state == State.DEFERRED) & (d.due_at <= now)
        with self._engine.begin() as connection:
            return connection.execute(
                update(deliveries).where(due).values(state=State.QUEUED, due_at=None, updated_at=now)
            ).rowcount

    def resend_uncertain(self, send: Send, reason: str, now: datetime) -> int:
        """Queue uncertain deliveries again: at once after the first attempt, then as the retry policy says.

        A server that takes every message and never says so would else be given another copy at every look.
        """
        d = deliveries.c
        with self._engine.begin() as connection:
            uncertain = connection.execute(
                select(d.id, d.attempts, d.first_attempt_at, d.updated_at).where(
                    d.send_id == send.id, d.state == State.UNCERTAIN
                )
            ).all()
            due = [row.id for row in uncertain if self._may_resend(row, now)]
            if due:
                rows = [{"b_id": delivery_id} for delivery_id in due]
                again = update(deliveries).where(d.id == bindparam("b_id"), d.state == State.UNCERTAIN)
                connection.execute(again.values(state=State.QUEUED, reason=reason, updated_at=now), rows)
        return len(due)

    def _may_resend(self, row: Any, now: datetime) -> bool:
        if row.attempts < 2:
            return True
        when = self._policy.next_attempt(
            row.attempts - 1, row.first_attempt_at or row.updated_at, row.updated_at
        )
        return when is not None and when <= now

    def decide(self, send: Send, before: State, after: State, reason: str, now: datetime) -> int:
        """Move all of a send's deliveries from one resting state to another by a person's decision.

        For what is queued again the retry policy's time begins anew: it may be long over.
        """
        assert after in NEXT[before]
        d = deliveries.c
        begin = None if after is State.QUEUED else d.first_attempt_at
        with self._engine.begin() as connection:
            return connection.execute(
                update(deliveries)
                .where(d.send_id == send.id, d.state == before)
                .values(state=after, reason=reason, first_attempt_at=begin, updated_at=now)
            ).rowcount
