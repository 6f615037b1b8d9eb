"""Looking people up: one, as a preview shows an issue to them, or all of them, as they are listed."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, func, or_, select

from mailer.domain.audience import Recipient
from mailer.domain.segment.named import KeptSegment
from mailer.domain.subscriber import Status, Subscriber
from mailer.people.lists import list_ids
from mailer.people.suppressing import Suppressing, is_address
from mailer.store.dialect import json_text, moment_in
from mailer.store.schema import fields, lists, subscribers, subscriptions, suppressions
from mailer.store.snapshot import recipients, snapshot_of

PAGE = 500  # subscribers read at once; memory stays flat whatever the list


class Directory:
    """Finds subscribers. It records nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def person(self, email_key: str) -> Recipient | None:
        """Return the subscriber with this address (`Address.key`)."""
        return self._one(_everyone().where(subscribers.c.email_key == email_key))

    def first(self, list_ids: Sequence[int]) -> Recipient | None:
        """Return who has been subscribed to one of these lists the longest."""
        return self._one(_everyone().where(self._gets(list_ids)).order_by(subscribers.c.id))

    def barest(self, list_ids: Sequence[int]) -> Recipient | None:
        """Return the subscriber of these lists of whom the least is known: one without a name if possible."""
        known = func.coalesce(func.length(json_text(subscribers.c.fields)), 0)
        by = (func.coalesce(subscribers.c.name, "") != "", subscribers.c.language.is_not(None), known)
        return self._one(_everyone().where(self._gets(list_ids)).order_by(*by, subscribers.c.id))

    def matching(self, text: str, limit: int) -> list[Recipient]:
        """Return those who have `text` in name or address, in any case as far as the database knows it.

        Those whose name or address begins with it come first.
        """
        columns = (subscribers.c.email_key, subscribers.c.name)
        begins = or_(*(column.istartswith(text, autoescape=True) for column in columns))
        holds = or_(*(column.icontains(text, autoescape=True) for column in columns))
        return self._all(
            _everyone().where(holds).order_by(begins.desc().nulls_last(), subscribers.c.id).limit(limit)
        )

    def subscribers(
        self,
        list_name: str | None = None,
        status: Status | None = None,
        segments: Sequence[KeptSegment] = (),
    ) -> Iterator[Subscriber]:
        """Yield those whose `ids` these are, page by page."""
        return self.with_ids(self.ids(list_name, status, segments))

    def ids(
        self,
        list_name: str | None = None,
        status: Status | None = None,
        segments: Sequence[KeptSegment] = (),
    ) -> Sequence[int]:
        """Return the ids of subscribers in the order they came: of one list, of one status (there, or on any
        list), and whom no segment takes out.
        """
        # All by one statement: what a segment asks of the ledger would be found out anew for every page.
        wanted = self._wanted(select(subscribers.c.id), list_name, status, segments)
        with self._engine.connect() as connection:
            found = connection.execution_options(yield_per=PAGE).scalars(wanted.order_by(subscribers.c.id))
            return array("q", found)

    def with_ids(self, ids: Iterable[int]) -> Iterator[Subscriber]:
        """Yield those of these subscribers who are there, page by page in the order they came."""
        left, whole = iter(ids), self._whole()
        while page := list(islice(left, PAGE)):
            yield from self._page(whole.where(subscribers.c.id.in_(page)).order_by(subscribers.c.id))

    def shut_out(self) -> Iterator[Subscriber]:
        """Yield the addresses that are never mailed and are no subscriber's, as subscribers of no list."""
        strangers = _strangers(suppressions.c.who, suppressions.c.reason)
        wanted, last = strangers.order_by(suppressions.c.who).limit(PAGE), ""
        while True:
            with self._engine.connect() as connection:
                page = connection.execute(wanted.where(suppressions.c.who > last)).all()
            if not page:
                return
            yield from (Subscriber(0, row.who, suppressed=row.reason) for row in page)
            last = page[-1].who

    def count_shut_out(self) -> int:
        """Return how many `shut_out` yields."""
        with self._engine.connect() as connection:
            return int(connection.scalar(_strangers(func.count())) or 0)

    def field_names(self) -> list[str]:
        """Return the names of all fields beyond a subscriber's own, in order."""
        with self._engine.connect() as connection:
            return sorted(connection.scalars(select(fields.c.name)))

    def newest(self) -> tuple[int, int, datetime | None]:
        """Return the ids of the newest list and the newest subscriber, 0 for none, and when a list was set.

        They tell of growth, and that mails are others now.
        """
        ids = (lists.c.id, subscribers.c.id)
        newest = [func.coalesce(select(func.max(each)).scalar_subquery(), 0) for each in ids]
        set_at = select(func.max(lists.c.changed_at)).scalar_subquery()
        with self._engine.connect() as connection:
            row = connection.execute(select(*newest, set_at)).one()
        return row[0], row[1], row[2]

    def _wanted(
        self,
        query: Select[Any],
        list_name: str | None,
        status: Status | None,
        segments: Sequence[KeptSegment],
    ) -> Select[Any]:
        """Return the query, of those on one list, of one status, and whom no segment takes out."""
        if segments:
            from mailer.people.segments.selecting import selected  # lark

            with self._engine.connect() as connection:
                query = query.where(selected(connection, segments))
        if list_name is None and status is None:
            return query
        member = select(subscriptions.c.list_id).where(subscriptions.c.subscriber_id == subscribers.c.id)
        if list_name is not None:
            with self._engine.connect() as connection:
                member = member.where(subscriptions.c.list_id == list_ids(connection, [list_name])[0])
        if status is not None:
            member = member.where(subscriptions.c.status == status)
        return query.where(member.exists())

    def _whole(self) -> Select[Any]:
        with self._engine.connect() as connection:
            never = Suppressing.of(connection)
        return never.joined(select(subscribers, never.reason().label("suppressed")))

    def _page(self, query: Select[Any]) -> list[Subscriber]:
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
            on = _lists_of(connection, [row.id for row in rows])
        return [_subscriber(row, on[row.id]) for row in rows]

    def _gets(self, list_ids: Sequence[int]) -> ColumnElement[bool]:
        """Say that a subscriber gets what is sent to these lists."""
        with self._engine.connect() as connection:
            never, now = Suppressing.of(connection), moment_in(connection)
        s = subscriptions.c
        pausing = (s.paused_until > now).is_(True)
        on = (s.list_id.in_(list_ids), s.status == Status.SUBSCRIBED, ~pausing)
        return subscribers.c.id.in_(select(s.subscriber_id).where(*on)) & ~never.suppressed()

    def _one(self, query: Select[Any]) -> Recipient | None:
        return next(iter(self._all(query.limit(1))), None)

    def _all(self, query: Select[Any]) -> list[Recipient]:
        with self._engine.connect() as connection:
            return recipients(connection.execute(query).all())


def _strangers(*wanted: ColumnElement[Any]) -> Select[Any]:
    """Return a query of the suppressed addresses of those who are no subscribers."""
    who = suppressions.c.who
    theirs = select(subscribers.c.id).where(subscribers.c.email_key == who)
    return select(*wanted).select_from(suppressions).where(~theirs.exists(), *is_address(who))


def _everyone() -> Select[Any]:
    return select(subscribers.c.id, *snapshot_of(subscribers))


class _On(NamedTuple):
    """The lists that a person is on, and those that they paused."""

    lists: dict[str, Status]
    paused: dict[str, datetime]


def _lists_of(connection: Connection, ids: Sequence[int]) -> defaultdict[int, _On]:
    on: defaultdict[int, _On] = defaultdict(lambda: _On({}, {}))
    s = subscriptions.c
    for row in connection.execute(
        select(s.subscriber_id, lists.c.name, s.status, s.paused_until)
        .join(lists, lists.c.id == subscriptions.c.list_id)
        .where(s.subscriber_id.in_(ids), lists.c.deleted_at.is_(None))
        .order_by(lists.c.name)
    ):
        on[row.subscriber_id].lists[row.name] = Status(row.status)
        if row.paused_until:
            on[row.subscriber_id].paused[row.name] = row.paused_until
    return on


def _subscriber(row: Row[Any], on: _On) -> Subscriber:
    return Subscriber(
        row.id,
        row.email,
        row.name,
        row.language,
        row.timezone,
        tuple(row.tags or ()),
        row.fields or {},
        on.lists,
        on.paused,
        row.suppressed,
    )
