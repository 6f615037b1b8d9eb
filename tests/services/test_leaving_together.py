"""Many leave at once: as each would alone, by as few statements as one takes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from members import NOW, join
from sqlalchemy import event, insert, select

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.consent import Source, SourceKind
from mailer.domain.signed_links import LinkToken
from mailer.people.former import remember
from mailer.people.lists import Lists
from mailer.services.list_removal import remove
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.store.schema import consents, lists, sends, subscriptions

ONE_CLICK = Source(SourceKind.LINK, "one-click")
LATER = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.fixture
def app(tmp_path, database_url: str) -> Iterator[App]:
    made = App(tmp_path, {"DATABASE_URL": database_url, "SECRET_KEY": "k"})
    for name in ("weekly", "daily"):
        Lists(made.database).create(name, NOW)
    yield made
    made.let_go()


@pytest.fixture
def links(app: App) -> UnsubscribeLinks:
    return UnsubscribeLinks(lambda: app.database, b"k", lambda: LATER)


def list_id(app: App, name: str = "weekly") -> int:
    with app.database.connect() as connection:
        return connection.scalar(select(lists.c.id).where(lists.c.name == name))


def sent_to_both(app: App) -> int:
    row = {"slug": "harbour", "subject": "x", "revision": "0", "created_at": NOW}
    audience = Audience(lists=("weekly", "daily")).canonical()
    with app.database.begin() as connection:
        return connection.execute(insert(sends), row | {"audience": audience}).inserted_primary_key[0]


def on(app: App) -> set[tuple[int, int]]:
    """Who is on which list."""
    s = subscriptions.c
    with app.database.connect() as connection:
        rows = connection.execute(select(s.subscriber_id, s.list_id).where(s.status == "subscribed"))
        return {(person, each) for person, each in rows}


def said(app: App, change: str = "left") -> list[tuple[int, int, datetime]]:
    c = consents.c
    with app.database.connect() as connection:
        rows = connection.execute(select(c.subscriber_id, c.list_id, c.at).where(c.change == change))
        return sorted((person, each, at) for person, each, at in rows)


def test_each_leaves_what_their_own_mail_went_to(app, links):
    weekly, daily, send = list_id(app), list_id(app, "daily"), sent_to_both(app)
    ada, bo, cy, di = (join(app.database, f"{each}@quay.example", "weekly", "daily") for each in "abcd")
    tokens = [LinkToken(send, ada, weekly), LinkToken(0, bo, weekly), LinkToken(0, cy, daily)]
    links.leave_together([*tokens, tokens[0], LinkToken(0, 9999, weekly)], ONE_CLICK)
    assert on(app) == {(bo, daily), (cy, weekly), (di, weekly), (di, daily)}
    gone = sorted([(ada, weekly), (ada, daily), (bo, weekly), (cy, daily)])
    assert said(app) == [(*each, LATER) for each in gone]
    links.leave_together(tokens, ONE_CLICK)  # a provider may ask again
    assert len(said(app)) == 4


def test_whoever_was_joined_to_another_record_is_who_leaves(app, links):
    ada, weekly = join(app.database, "ada@quay.example", "weekly"), list_id(app)
    with app.database.begin() as connection:
        remember(connection, "a@quay.example", "a@quay.example", ada, NOW, former_id=777)
    links.leave_together([LinkToken(0, 777, weekly)], ONE_CLICK)
    assert on(app) == set()


def test_a_list_that_is_gone_is_left_all_the_same(app, links):
    ada, weekly = join(app.database, "ada@quay.example", "daily"), list_id(app)
    remove(app, "weekly")
    links.leave_together([LinkToken(0, ada, weekly)], ONE_CLICK)
    Lists(app.database).create("weekly", NOW)
    with app.database.connect() as connection:
        mine = subscriptions.c.subscriber_id == ada, subscriptions.c.list_id == weekly
        assert connection.scalar(select(subscriptions.c.status).where(*mine)) == "unsubscribed"


def test_many_take_no_more_statements_than_one(app, links):
    weekly, counts = list_id(app), []
    people = [join(app.database, f"reader{number}@quay.example", "weekly") for number in range(51)]
    links.leave_together([LinkToken(0, people.pop(), weekly)], ONE_CLICK)  # its source is known from now on
    for leaving in (people[:1], people[1:]):
        statements: list[str] = []
        heard = ("before_cursor_execute", lambda *told: statements.append(told[2]))  # noqa: B023
        event.listen(app.database, *heard)
        links.leave_together([LinkToken(0, each, weekly) for each in leaving], ONE_CLICK)
        event.remove(app.database, *heard)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert on(app) == set()
