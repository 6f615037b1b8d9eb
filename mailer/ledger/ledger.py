"""The ledger: one row a recipient, frozen before the first SMTP command, settled by its own reply."""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, exists, func, or_, select, true, update

from mailer.domain.audience import Audience, Recipient
from mailer.domain.delivery import NEXT, Halt, RetryPolicy, State
from mailer.domain.field import FieldType
from mailer.domain.local_time import LocalTime
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send, SendKind
from mailer.ledger.chunks import cancel, move, open_chunks, requeue
from mailer.ledger.freezing import (
    SEND,
    FrozenText,
    freeze,
    halted_words,
    kept_segments,
    note_proved,
    read_send,
)
from mailer.ledger.outcomes import DeliveryHistory, histories, latest
from mailer.ledger.stages import judge_from_now
from mailer.people.audience import (
    candidates_for,
    count_candidates,
    count_texts,
    count_values,
)
from mailer.people.field_types import OWN_TYPES, known_types
from mailer.store.database import Database
from mailer.store.schema import chunks, deliveries, exclusions, outcomes, proofs, revisions, sends, stages
from mailer.store.snapshot import RowPage, recipients, snapshot_of

PAGE = 500
CANCELLED_BY_HAND = "the send was cancelled"


class Ledger:
    """Reads and writes sends and deliveries; every method is one transaction."""

    def __init__(self, engine: Database, policy: RetryPolicy | None = None) -> None:
        self.engine = engine
        self._policy = policy or RetryPolicy()

    def find(self, slug: str, audience: Audience) -> Send | None:
        """Return the latest send of this issue to this audience whose renders were proved; no erratum."""
        query = (
            select(*SEND)
            .where(
                sends.c.slug == slug,
                sends.c.kind == SendKind.ISSUE,
                sends.c.audience == audience.canonical(),
                sends.c.proved_at.is_not(None),
                sends.c.corrects.is_(None),
            )
            .order_by(sends.c.occasion.desc())
            .limit(1)
        )
        with self.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return read_send(row) if row else None

    def sends(self, slug: str | None = None) -> list[Send]:
        """Return every send, or those of one issue, oldest first."""
        query = select(*SEND).order_by(sends.c.id)
        with self.engine.connect() as connection:
            rows = connection.execute(query.where(sends.c.slug == slug) if slug else query)
            return [read_send(row) for row in rows]

    def send(self, send_id: int) -> Send:
        """Return the send with this id, which must be there."""
        with self.engine.connect() as connection:
            return read_send(connection.execute(select(*SEND).where(sends.c.id == send_id)).one())

    def unproved(self, send_id: int) -> Send | None:
        """Return the send with this id, if it is there and was not proved yet."""
        with self.engine.connect() as connection:
            row = connection.execute(select(*SEND).where(sends.c.id == send_id)).one_or_none()
        return read_send(row) if row and row.proved_at is None else None

    def reread(self, send: Send) -> Send:
        """Return the send as it is now."""
        return self.send(send.id)

    def unfinished(self) -> list[Send]:
        """Return the proved sends with deliveries that may have to be sent, now or later, oldest first."""
        return self._open(sends.c.halted.is_(None))

    def left_alone(self) -> list[Send]:
        """Return those that would be unfinished, did nothing hold them that a person may take back."""
        return self._open(sends.c.halted.in_((Halt.PAUSED, Halt.STOPPED, Halt.LIMITED)))

    def stirring(self, now: datetime, *, resend_uncertain: bool) -> list[Send]:
        """Return the unfinished of which something may go `now`, and those that are left alone, oldest first.

        What is uncertain may go if that is to be sent again; of letters it is settled.
        """
        c, s = chunks.c, sends.c
        due = exists().where(c.send_id == s.id, c.is_open, or_(c.due_at.is_(None), c.due_at <= now))
        goes = true() if resend_uncertain else s.kind != SendKind.ISSUE
        doubtful = exists().where(c.send_id == s.id, c.uncertain > 0, goes)
        return self._open(s.halted.is_distinct_from(Halt.CANCELLED), s.halted.is_not(None) | due | doubtful)

    def _open(self, *which: ColumnElement[bool]) -> list[Send]:
        c = chunks.c
        open_ones = (
            select(c.send_id).group_by(c.send_id).having(func.sum(c.queued + c.deferred + c.uncertain) > 0)
        )
        query = select(*SEND).where(sends.c.proved_at.is_not(None), *which, sends.c.id.in_(open_ones))
        with self.engine.connect() as connection:
            return [read_send(row) for row in connection.execute(query.order_by(sends.c.id))]

    def template(self, send: Send, number: int) -> bytes | None:
        """Return the compiled template of the `number`th text of this send.

        None where only journals know of that text: it is from after the backup that was restored.
        """
        r = revisions.c
        with self.engine.connect() as connection:
            found = connection.scalar(select(r.template).where(r.send_id == send.id, r.no == number))
        return None if found is None else bytes(found)

    def preview(
        self, slug: str, audience: Audience, *, again: bool = False
    ) -> Iterator[tuple[Recipient, str | None]]:
        """Yield every candidate, and the reason if they would not get the issue. Records nothing."""
        with self.engine.connect() as connection:
            query = candidates_for(connection, slug, audience, again=again)
            # Closed also where somebody has seen enough.
            with connection.execution_options(yield_per=PAGE).execute(query) as found:
                for rows in found.partitions():
                    yield from zip(recipients(rows), (row.reason for row in rows), strict=True)

    def values(self, slug: str, audience: Audience, names: Collection[str]) -> tuple[int, dict[str, int]]:
        """Return how many would get the issue, and how many of them have a value for each of `names`."""
        with self.engine.connect() as connection:
            return count_values(connection, slug, audience, names)

    def texts(self, slug: str, audience: Audience, names: Collection[str]) -> dict[str, dict[str, int]]:
        """Return the texts that each of these fields holds, among those who would get the issue."""
        with self.engine.connect() as connection:
            return {name: count_texts(connection, slug, audience, name) for name in names}

    def field_types(self) -> dict[str, FieldType]:
        """Return the type of every field by name."""
        with self.engine.connect() as connection:
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
        fields: frozenset[str] | None = None,
        occasion: int = 0,
        again: bool = False,
        subject_put: str | None = None,
        limited_by: str | None = None,
        chunk: int | None = None,
        local: LocalTime | None = None,
        rollout: Rollout | None = None,
    ) -> Send:
        """Write the send, a queued delivery for each recipient, an exclusion for each other candidate.

        `fields` are the values that the template names: only these are kept; None: all. `again` takes in also
        who got the issue by an earlier send; `limited_by` as for `limit`; `chunk` is how many a worker takes
        at once, where that isn't for the number of people to say; `local` is when each of them gets it,
        `rollout` in which stages they do.
        """
        # People go on leaving meanwhile; whoever does is either among the candidates or among the excluded.
        with self.engine.begin(alone=False, one_moment=True) as connection:
            return freeze(
                connection,
                candidates_for(connection, slug, audience, now, again=again),
                FrozenText(subject, revision, template, fields),
                now,
                chunk=chunk,
                local=local,
                rollout=rollout,
                slug=slug,
                audience=audience.canonical(),
                audience_put=audience.text(),
                segments=kept_segments(audience),
                subject_put=subject_put,
                occasion=occasion,
                candidates=count_candidates(connection, audience),
                **(halted_words(Halt.LIMITED, limited_by, now) if limited_by else {}),
            )

    def frozen(self, send: Send) -> Iterator[Recipient]:
        """Yield every recipient of the frozen audience."""
        for page in self.frozen_pages(send):
            yield from page.recipients(range(len(page)))

    def frozen_pages(self, send: Send, between: tuple[int, int] | None = None) -> Generator[RowPage]:
        """Yield the frozen audience, or those `between` two subscriber_ids, in pages: memory stays flat."""
        d = deliveries.c
        query = select(d.subscriber_id, *snapshot_of(deliveries)).where(d.send_id == send.id)
        if between:
            query = query.where(d.subscriber_id.between(*between))
        query = query.order_by(d.subscriber_id)  # who is named as an example is always the same
        with self.engine.connect() as c, c.execution_options(yield_per=PAGE).execute(query) as found:
            for rows in found.partitions():
                yield RowPage(rows)

    def proved(
        self,
        send: Send,
        now: datetime,
        call: Callable[[Connection], None] = lambda connection: None,  # noqa: ARG005
    ) -> None:
        """Note that every frozen recipient's render was proved; only now may deliveries be claimed.

        Whoever is to do that is to `call` in the same transaction.
        """
        with self.engine.begin() as connection:
            note_proved(connection, send.id, now, call)

    def discard_unproved(self) -> None:
        """Take back what was frozen but never proved: nothing of it has been claimed.

        Only for whoever holds the right to begin a send: another's may be under way.
        """
        with self.engine.begin() as connection:
            unproved = select(sends.c.id).where(sends.c.proved_at.is_(None))
            for table in (chunks, stages, deliveries, exclusions, revisions, proofs):
                connection.execute(delete(table).where(table.c.send_id.in_(unproved)))
            connection.execute(delete(sends).where(sends.c.id.in_(unproved)))

    def latest_deferral(self, send: Send) -> str | None:
        """Return what was said last to a message of this send that was put off; None if none was."""
        o = outcomes.c
        put_off = select(o.reply).where(o.send_id == send.id, o.state == State.DEFERRED)
        with self.engine.connect() as connection:
            return connection.scalar(put_off.order_by(o.at.desc()).limit(1))

    def refused_before(self, send: Send, delivery_ids: Collection[int]) -> dict[int, bool]:
        """Return which of these were refused and put back, and whether others were accepted since."""
        o, accepted = outcomes.c, outcomes.alias("accepted")
        refused = (o.send_id == send.id) & o.subscriber_id.in_(delivery_ids) & (o.state == State.QUEUED)
        first = (
            select(o.subscriber_id, func.min(o.at).label("at"))
            .where(refused, o.reply.startswith("5"))
            .group_by(o.subscriber_id)
            .subquery()
        )
        since = exists().where(
            accepted.c.send_id == send.id, accepted.c.state == State.ACCEPTED, accepted.c.at > first.c.at
        )
        with self.engine.connect() as connection:
            return dict(connection.execute(select(first.c.subscriber_id, since)).all())

    def halted(self, send: Send) -> Halt | None:
        """Return what holds the send, as it is now."""
        with self.engine.connect() as connection:
            said = connection.scalar(select(sends.c.halted).where(sends.c.id == send.id))
        return Halt(said) if said else None

    def pause(self, send: Send, by: str, now: datetime) -> bool:
        """Let workers stop claiming; False if the send is paused or cancelled already."""
        return self._halt(send, (None, Halt.LIMITED), Halt.PAUSED, by, now)

    def resume(self, send: Send) -> bool:
        """Take back a pause or a limit, or that it stopped by itself; False if nothing holds the send.

        Whether it stops once more is judged by what comes from now on.
        """
        if send.rollout:
            with self.engine.begin() as connection:
                judge_from_now(connection, send)
        return self._halt(send, (Halt.PAUSED, Halt.STOPPED, Halt.LIMITED), None)

    def limit(self, send: Send, option: str, now: datetime) -> bool:
        """Let the clock leave the send alone: a person sends a part of it, by this `option`."""
        return self._halt(send, (None, Halt.LIMITED), Halt.LIMITED, option, now)

    def unlimit(self, send: Send) -> bool:
        """Take back a limit; False if the send has none."""
        return self._halt(send, (Halt.LIMITED,), None)

    def cancel(self, send: Send, by: str, now: datetime) -> bool:
        """Let the send never go on, and cancel what is open of it; False if it was cancelled already."""
        done = self._halt(send, (None, Halt.LIMITED, Halt.PAUSED, Halt.STOPPED), Halt.CANCELLED, by, now)
        self.cancel_rest(now)
        return done

    def tell(self, send: Send, now: datetime) -> bool:
        """Note that it is said now why this one is left alone; False if that was said before."""
        s = sends.c
        with self.engine.begin() as connection:
            first = update(sends).where(s.id == send.id, s.halt_told_at.is_(None)).values(halt_told_at=now)
            return connection.execute(first).rowcount == 1

    def cancel_rest(self, now: datetime) -> int:
        """Cancel what came back to the queue of cancelled sends, from their workers or from a deferral."""
        cancelled = select(sends.c.id).where(
            sends.c.halted == Halt.CANCELLED, exists().where(chunks.c.send_id == sends.c.id, chunks.c.is_open)
        )
        count = 0
        with self.engine.connect() as connection:
            if connection.scalar(cancelled.limit(1)) is None:
                return count
        with self.engine.begin() as connection:
            for send_id in connection.scalars(cancelled).all():
                for chunk in open_chunks(connection, send_id):
                    requeue(connection, chunk, now)  # by way of the queue, as NEXT has it
                    count += cancel(connection, chunk, CANCELLED_BY_HAND, now)
        return count

    def _halt(
        self,
        send: Send,
        before: Iterable[Halt | None],
        after: Halt | None,
        by: str | None = None,
        now: datetime | None = None,
    ) -> bool:
        stands = or_(*(sends.c.halted.is_not_distinct_from(each) for each in before))
        with self.engine.begin() as connection:
            done = connection.execute(
                update(sends).where(sends.c.id == send.id, stands).values(halted_words(after, by, now))
            )
            return done.rowcount == 1

    def requeue_due(self, send: Send, now: datetime) -> int:
        """Queue the deferred deliveries whose time has come; return how many."""
        c = chunks.c
        with self.engine.connect() as connection:
            waits = select(c.id).where(c.send_id == send.id, c.is_open, c.due_at <= now)
            if connection.scalar(waits.limit(1)) is None:
                return 0
        with self.engine.begin() as connection:
            due = open_chunks(connection, send.id, c.due_at <= now)
            return sum(requeue(connection, chunk, now) for chunk in due)

    def resend_uncertain(self, send: Send, reason: str, now: datetime) -> int:
        """Queue uncertain deliveries again: at once after the first attempt, then as the retry policy says.

        A server that takes every message and never says so would else be given another copy at every look.
        """
        with self.engine.begin() as connection:
            uncertain = self._resting(connection, send, State.UNCERTAIN)
            due = {key: each for key, each in uncertain.items() if self._may_resend(each, now)}
            return move(connection, send.id, due, State.QUEUED, reason, now)

    def _may_resend(self, known: DeliveryHistory, now: datetime) -> bool:
        if known.tries < 2 or known.at is None:
            return True
        when = self._policy.next_attempt(known.tries - 1, known.since or known.at, known.at)
        return when is not None and when <= now

    def decide(self, send: Send, before: State, after: State, reason: str, now: datetime) -> int:
        """Move all of a send's deliveries from one resting state to another by a person's decision.

        For what is queued again the retry policy's time begins anew: it may be long over.
        """
        assert after in NEXT[before]
        with self.engine.begin() as connection:
            return move(connection, send.id, self._resting(connection, send, before), after, reason, now)

    @staticmethod
    def _resting(connection: Connection, send: Send, state: State) -> dict[int, DeliveryHistory]:
        """Return who is in this state, which has nothing to do with a chunk, and their histories."""
        o = outcomes.alias("resting")
        who = select(o.c.subscriber_id).where(o.c.send_id == send.id, o.c.state == state, latest(o))
        return histories(connection, send.id, outcomes.c.subscriber_id.in_(who))
