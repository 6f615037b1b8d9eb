"""The people: lists, subscribers, who left and who must never be mailed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from shlex import quote
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, delete, false, func, insert, not_, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from mailer.domain.address import CONTROLS, Address
from mailer.domain.audience import Audience
from mailer.domain.subscriber import Choices, Left, ListChoice, Status, Subscriber, SubscriberList
from mailer.errors import UsageError
from mailer.people.enrol import Consent, Enrolment, Entry, enrol
from mailer.people.field_types import known_types, values_of
from mailer.store.schema import lists, revisions, sends, subscribers, subscriptions, suppressions

LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
REQUESTED = "requested"  # by the person: the reason of a suppression
PAGE = 500  # subscribers read at once; memory stays flat whatever the list


class People:
    """Everything about people that is not the import of a file. Each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create_list(self, name: str, now: datetime, title: str = "", description: str = "") -> SubscriberList:
        """Make a list; UsageError if there is one of that name. `title` is `name` unless given."""
        with self._engine.begin() as connection:
            create_list(connection, name, now, title, description)
        return self.list_named(name)

    def list_named(self, name: str) -> SubscriberList:
        """Return the list with its counts; UsageError that names the nearest if there is none."""
        found = {each.name: each for each in self.all_lists()}
        if name not in found:
            raise no_such_list(name, list(found))
        return found[name]

    def all_lists(self) -> list[SubscriberList]:
        """Return every list by name, each with how many people have which status or are suppressed."""
        counted = (
            select(lists, subscriptions.c.status, func.count(subscriptions.c.subscriber_id).label("people"))
            .outerjoin(subscriptions)
            .group_by(lists.c.id, subscriptions.c.status)
            .order_by(lists.c.name)
        )
        rows: dict[str, list[Row[Any]]] = {}
        with self._engine.connect() as connection:
            for row in connection.execute(counted):
                rows.setdefault(row.name, []).append(row)
            suppressed = _count_suppressed(connection)
        return [_list(found, suppressed) for found in rows.values()]

    def list_ids(self, names: Sequence[str]) -> tuple[int, ...]:
        """Return the ids of lists by name, in that order; UsageError for the first unknown one."""
        with self._engine.connect() as connection:
            return list_ids(connection, names)

    def add(self, address: Address, texts: Mapping[str, str], consent: Consent) -> Enrolment:
        """Take in one person; `texts` are fields by name, as typed.

        UsageError, and nothing is changed, for a value that isn't of its field's type, and for someone who
        left one of the lists or is suppressed, unless the consent is given anew.
        """
        with self._engine.begin() as connection:
            values = values_of(connection, texts)
            done = enrol(connection, [Entry(address, values)], consent)[0]
            if done.kept_out or done.suppressed:
                why = f"is suppressed ({done.suppressed})" if done.suppressed else "unsubscribed"
                raise UsageError(
                    f"{address.typed} {why} and is not brought back",
                    next_step="If they themselves ask for it anew, add --resubscribe",
                )
            return done

    def field_names(self) -> list[str]:
        """Return the names of all fields beyond a subscriber's own, in order."""
        with self._engine.connect() as connection:
            return sorted(known_types(connection))

    def subscribers(self, list_name: str | None = None, status: Status | None = None) -> Iterator[Subscriber]:
        """Yield subscribers in the order they came: of one list, of one status (there, or on any list)."""
        wanted = select(subscribers, suppressions.c.reason.label("suppressed")).outerjoin(
            suppressions, suppressions.c.email_key == subscribers.c.email_key
        )
        if list_name is not None or status is not None:
            wanted = wanted.where(subscribers.c.id.in_(self._members(list_name, status)))
        last = 0
        while True:
            with self._engine.connect() as connection:
                page = connection.execute(
                    wanted.where(subscribers.c.id > last).order_by(subscribers.c.id).limit(PAGE)
                ).all()
                on = _lists_of(connection, [row.id for row in page])
            yield from (_subscriber(row, on.get(row.id, {})) for row in page)
            if len(page) < PAGE:
                return
            last = page[-1].id

    def shut_out(self) -> Iterator[Subscriber]:
        """Yield the addresses that are never mailed and are no subscriber's, as subscribers of no list."""
        strangers = (
            select(suppressions.c.email_key, suppressions.c.reason)
            .outerjoin(subscribers, subscribers.c.email_key == suppressions.c.email_key)
            .where(subscribers.c.id.is_(None))
            .order_by(suppressions.c.email_key)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(strangers).all()
        return (Subscriber(0, row.email_key, suppressed=row.reason) for row in rows)

    def _members(self, list_name: str | None, status: Status | None) -> Any:
        members = select(subscriptions.c.subscriber_id)
        if list_name is not None:
            members = members.where(subscriptions.c.list_id == self.list_ids([list_name])[0])
        return members.where(subscriptions.c.status == status) if status is not None else members

    def unsubscribe(
        self, address: Address, list_names: Sequence[str] | None, source: str, now: datetime
    ) -> tuple[str, ...]:
        """Take a person off the named lists, or off all and for good if None; return the lists they left.

        Off all means suppressed too: no list made or imported later brings them back.
        """
        with self._engine.begin() as connection:
            person = connection.scalar(select(subscribers.c.id).where(subscribers.c.email_key == address.key))
            if list_names is None:
                _suppress(connection, address.key, REQUESTED, source, now)
            elif person is None:
                raise UsageError(
                    f"nobody here has the address {address.typed}",
                    next_step=f"Never mail it: mailer subscribers unsubscribe {quote(address.typed)} --all",
                )
            wanted = (
                list_ids(connection, list_names)
                if list_names is not None
                else tuple(connection.scalars(select(lists.c.id)))
            )
            return () if person is None else _leave(connection, person, wanted, source, now)

    def choice(self, subscriber_id: int, list_ids: Sequence[int]) -> Choices | None:
        """Return what a person may choose about these lists, or None if the person or every list is gone."""
        mine = and_(subscriptions.c.list_id == lists.c.id, subscriptions.c.subscriber_id == subscriber_id)
        with self._engine.connect() as connection:
            person = connection.execute(
                select(subscribers.c.email, subscribers.c.language).where(subscribers.c.id == subscriber_id)
            ).one_or_none()
            rows = connection.execute(
                select(lists.c.id, lists.c.title, subscriptions.c.status)
                .outerjoin(subscriptions, mine)
                .where(lists.c.id.in_(list_ids))
                .order_by(lists.c.title)
            ).all()
            others = connection.scalar(select(func.count()).where(lists.c.id.not_in(list_ids)))
        if person is None or not rows:
            return None
        chosen = tuple(ListChoice(row.id, row.title, row.status == Status.SUBSCRIBED) for row in rows)
        return Choices(person.email, chosen, person.language or "", bool(others))

    def leave(
        self, subscriber_id: int, list_ids: Sequence[int] | None, source: str, now: datetime
    ) -> Left | None:
        """Take a person off these lists, or off all and for good if None; return what of it can be undone.

        None is returned only if nobody has that id.
        """
        everywhere = list_ids is None
        with self._engine.begin() as connection:
            key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id))
            if key is None:
                return None
            if everywhere:
                _suppress(connection, key, REQUESTED, source, now)
            wanted = tuple(connection.scalars(select(lists.c.id))) if list_ids is None else list_ids
            s = subscriptions.c
            were = (s.subscriber_id == subscriber_id, s.list_id.in_(wanted), s.status == Status.SUBSCRIBED)
            left = tuple(connection.scalars(select(s.list_id).where(*were).order_by(s.list_id)))
            _leave(connection, subscriber_id, wanted, source, now)
            return Left(now, left, everywhere)

    def come_back(self, subscriber_id: int, left: Left, source: str, now: datetime) -> bool:
        """Take back what a person left, if nothing else was decided since; return whether they are back.

        Whoever is suppressed by more than that departure stays away.
        """
        s, b = subscriptions.c, suppressions.c
        theirs = (s.subscriber_id == subscriber_id, s.list_id.in_(left.lists))
        with self._engine.begin() as connection:
            key = select(subscribers.c.email_key).where(subscribers.c.id == subscriber_id).scalar_subquery()
            by_them = and_(b.reason == REQUESTED, b.since == left.at) if left.everywhere else false()
            if connection.scalar(select(b.email_key).where(b.email_key == key, not_(by_them))):
                return False
            back = connection.execute(
                update(subscriptions)
                .where(*theirs, s.status == Status.UNSUBSCRIBED, s.since == left.at)
                .values(status=Status.SUBSCRIBED, source=source, since=now)
            ).rowcount
            if back:
                connection.execute(delete(suppressions).where(b.email_key == key))
                return True
            off = select(s.list_id).where(*theirs, s.status != Status.SUBSCRIBED).limit(1)
            return connection.scalar(off) is None  # it was taken back before: a button pressed twice

    def send_template(self, send_id: int) -> bytes | None:
        """Return the compiled template of a send's newest text, None if it is gone."""
        r = revisions.c
        newest = select(r.template).where(r.send_id == send_id, r.template.is_not(None)).order_by(r.no.desc())
        with self._engine.connect() as connection:
            return connection.scalar(newest.limit(1))

    def send_lists(self, send_id: int) -> tuple[int, ...]:
        """Return the ids of the lists a send went to; none if the send or its lists are gone."""
        with self._engine.connect() as connection:
            audience = connection.scalar(select(sends.c.audience).where(sends.c.id == send_id))
            if audience is None:
                return ()
            names = Audience.parse(audience).lists
            return tuple(
                connection.scalars(select(lists.c.id).where(lists.c.name.in_(names)).order_by(lists.c.id))
            )

    def suppress(self, email_key: str, reason: str, note: str, now: datetime) -> None:
        """Never mail this address (`Address.key`) again on any list; the first reason stands."""
        with self._engine.begin() as connection:
            _suppress(connection, email_key, reason, note, now)


def no_such_list(name: str, known: Sequence[str]) -> UsageError:
    """Return the error for an unknown list: it names the nearest one, or how to make one."""
    near = difflib.get_close_matches(name, known, n=1)
    if near:
        return UsageError(
            f"there is no list {name}; did you mean {near[0]}?", next_step="See: mailer lists list"
        )
    there_is = f" (there is {', '.join(sorted(known)[:10])})" if known else ""
    may_be = LIST_NAME.fullmatch(name)
    step = f"Make it with: mailer lists create {name}" if may_be else "See: mailer lists list"
    return UsageError(f"there is no list {name}{there_is}", next_step=step)


def create_list(
    connection: Connection, name: str, now: datetime, title: str = "", description: str = ""
) -> None:
    """Make a list; UsageError for a name that is taken or can't be part of a List-Id (RFC 2919 3)."""
    if not LIST_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} can't name a list: it may have 63 letters a to z, digits, - and _",
            next_step="What subscribers read is its title: mailer lists create NAME --title TEXT",
        )
    if CONTROLS.search(title + description):
        raise UsageError("a list's title or description has a control character in it")
    if connection.scalar(select(lists.c.id).where(lists.c.name == name)) is not None:
        step = f"See it with: mailer lists show {name}"
        raise UsageError(f"there is a list {name} already", next_step=step)
    row = {"name": name, "title": title or name, "description": description, "created_at": now}
    connection.execute(insert(lists), row)


def list_ids(connection: Connection, names: Sequence[str]) -> tuple[int, ...]:
    """Return the ids of lists by name, in that order; UsageError for the first unknown one."""
    found = {row.name: row.id for row in connection.execute(select(lists.c.name, lists.c.id))}
    for name in names:
        if name not in found:
            raise no_such_list(name, list(found))
    return tuple(found[name] for name in names)


def _leave(
    connection: Connection, subscriber_id: int, wanted: Sequence[int], source: str, now: datetime
) -> tuple[str, ...]:
    mine = and_(
        subscriptions.c.subscriber_id == subscriber_id,
        subscriptions.c.list_id.in_(wanted),
        subscriptions.c.status != Status.UNSUBSCRIBED,
    )
    names = connection.scalars(
        select(lists.c.name).join(subscriptions).where(mine).order_by(lists.c.name)
    ).all()
    connection.execute(
        update(subscriptions).where(mine).values(status=Status.UNSUBSCRIBED, source=source, since=now)
    )
    return tuple(names)


def _suppress(connection: Connection, email_key: str, reason: str, note: str, now: datetime) -> None:
    row = {"email_key": email_key, "reason": reason, "note": note, "since": now}
    connection.execute(upsert(suppressions).values(row).on_conflict_do_nothing())


def _count_suppressed(connection: Connection) -> dict[tuple[int, Status], int]:
    """Return how many of each list's people of each status are suppressed."""
    # The suppressed are few: counted from their side, so that counting everybody stays one look at an index.
    counted = (
        select(subscriptions.c.list_id, subscriptions.c.status, func.count())
        .select_from(suppressions)
        .join(subscribers, subscribers.c.email_key == suppressions.c.email_key)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .group_by(subscriptions.c.list_id, subscriptions.c.status)
    )
    return {(list_id, Status(status)): people for list_id, status, people in connection.execute(counted)}


def _list(rows: Sequence[Row[Any]], suppressed: Mapping[tuple[int, Status], int]) -> SubscriberList:
    first = rows[0]
    counts = dict.fromkeys(Status, 0) | {Status(row.status): row.people for row in rows if row.status}
    never = {status: suppressed.get((first.id, status), 0) for status in Status}
    counts = {status: people - never[status] for status, people in counts.items()}
    return SubscriberList(first.id, first.name, first.title, first.description, counts, sum(never.values()))


def _lists_of(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Status]]:
    on: dict[int, dict[str, Status]] = {}
    for row in connection.execute(
        select(subscriptions.c.subscriber_id, lists.c.name, subscriptions.c.status)
        .join(lists)
        .where(subscriptions.c.subscriber_id.in_(ids))
        .order_by(lists.c.name)
    ):
        on.setdefault(row.subscriber_id, {})[row.name] = Status(row.status)
    return on


def _subscriber(row: Row[Any], on: Mapping[str, Status]) -> Subscriber:
    return Subscriber(
        row.id,
        row.email,
        row.name,
        row.language,
        row.timezone,
        tuple(row.tags or ()),
        row.fields or {},
        on,
        row.suppressed,
    )
