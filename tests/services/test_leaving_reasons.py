"""Why people left: asked once they did, kept in the ledger of consent, counted, and gone with the person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from members import NOW, join
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.domain.leaving import LONGEST, Explanation, LeavingReason
from mailer.domain.signed_links import LinkToken
from mailer.people.lists import Lists
from mailer.services.erase import erase
from mailer.services.leaving_reasons import reasons
from mailer.services.person import sheet_of
from mailer.services.personal_data import personal_data
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.store.schema import consents, lists

ADA = Address.parse("ada@quay.example")
PAGE = Source(SourceKind.LINK, "unsubscribe page")
OFTEN = Explanation(LeavingReason.OFTEN, "Every day is too much")


LATER = datetime(2026, 11, 29, 8, tzinfo=UTC)


@pytest.fixture
def app(tmp_path, database_url: str) -> Iterator[App]:
    made = App(tmp_path, {"DATABASE_URL": database_url, "SECRET_KEY": "k"})
    for name in ("weekly", "daily"):
        Lists(made.database).create(name, NOW)
    yield made
    made.let_go()


def left(
    app: App, email: str = ADA.typed, *, everywhere: bool = False
) -> tuple[UnsubscribeLinks, LinkToken, str]:
    """Take somebody in, let them leave by their link; return it, and the word that takes it back."""
    links = UnsubscribeLinks(lambda: app.database, b"k", lambda: LATER)
    with app.database.connect() as connection:
        list_id = connection.scalar(select(lists.c.id).where(lists.c.name == "weekly"))
    token = LinkToken(99, join(app.database, email, "weekly", "daily"), list_id)
    return links, token, links.leave(token, PAGE, everywhere=everywhere)


def said_of(app: App) -> list[tuple[str, str | None]]:
    return [
        (each.list_name, each.evidence.note)
        for each in sheet_of(app.database, ADA, NOW).consents
        if each.change == "explained"
    ]


def test_it_is_kept_once_for_each_list_that_was_left(app):
    links, token, word = left(app, everywhere=True)
    assert links.explain(token, word, OFTEN, PAGE)
    assert links.explain(token, word, Explanation(LeavingReason.OTHER), PAGE)  # pressed again
    note = "too often: Every day is too much"
    assert sorted(said_of(app)) == [("daily", note), ("weekly", note)]
    (daily, weekly) = reasons(app.database)
    assert (daily.list_name, weekly.list_name) == ("daily", "weekly")
    assert weekly.counts == {LeavingReason.OFTEN: 1}
    assert [each.said.line for each in weekly.lines] == ["Every day is too much"]


def test_only_the_word_of_that_departure_says_it(app):
    links, token, word = left(app)
    _, other, _ = left(app, "bo@quay.example")
    assert links.explain(other, word, OFTEN, PAGE) is None
    assert links.explain(token, word[:-1] + ("0" if word[-1] != "0" else "1"), OFTEN, PAGE) is None
    later = UnsubscribeLinks(lambda: app.database, b"k", lambda: LATER + timedelta(hours=2))
    assert later.explain(token, word, OFTEN, PAGE) is None
    assert links.explain(token, word, None, PAGE)  # the button, with nothing chosen
    assert said_of(app) == []


def test_whoever_came_back_is_asked_no_more(app):
    links, token, word = left(app)
    assert links.come_back(token, word, PAGE)
    assert links.explain(token, word, OFTEN, PAGE) is None
    assert reasons(app.database, "weekly")[0].counts == {}


def test_it_is_theirs_to_have_and_goes_with_them(app):
    links, token, word = left(app)
    links.explain(token, word, OFTEN, PAGE)
    held = personal_data(app, ADA)["consents"]
    assert "too often: Every day is too much" in [row.get("note") for row in held]
    erase(app, ADA)
    with app.database.connect() as connection:
        assert connection.execute(select(consents)).all() == []
    assert reasons(app.database) == []
    assert links.explain(token, word, OFTEN, PAGE) is None


@pytest.mark.parametrize(
    ("choice", "line", "note"),
    [
        ("often", " a\tb\r\n c ", "too often: a b c"),
        ("unasked", "", "never asked for it"),
        ("", "\x1b[2J", "other: [2J"),
        ("nothing like it", "why: because", "other: why: because"),
        ("often", "x" * 999, f"too often: {'x' * LONGEST}"),
    ],
)
def test_what_was_typed_is_one_line_and_reads_back(choice, line, note):
    said = Explanation.typed(choice, line)
    assert said is not None
    assert said.note() == note
    assert Explanation.read(note) == said


def test_nothing_typed_is_nothing_said():
    assert Explanation.typed("", " \n") is None
    assert Explanation.typed("nothing like it", "") is None
