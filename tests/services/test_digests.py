"""Digests of feeds over weeks, on a clock of the test's own: each entry once, neither flood nor silence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from standing_clock import Clock, join, look, workspace, write_issue
from web_site import LOOPBACK, Page, WebSite, web_site

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.digest import Digest
from mailer.domain.recurrence import NoneReady, Recurrence
from mailer.errors import NoneReadyYet, UsageError
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.digests import add_digest, digest_now
from mailer.services.feeds import look as read_feeds
from mailer.services.recurring import add_folder, choose, come_again
from mailer.services.schedules import remove, schedule_standings, standing_of

if TYPE_CHECKING:
    from postgresql import Server

pytestmark = pytest.mark.peers

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
WEEK = timedelta(days=7)
WEEKLY = Audience(("weekly",))


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as made:
        yield made


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database in a file, or on a server where a test asks for it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return "sqlite:///mailer.db"
    server: Server = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def app(tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer) -> Iterator[App]:
    (tmp_path / ".env").write_text(f"FEED_NETWORKS={LOOPBACK}\n")
    made = workspace(tmp_path, database_url, clock, server)
    join(made, "ada")
    yield made
    made.let_go()


def feed(*titles: str, name: str = "Harbour log") -> Page:
    """Return a feed of entries, each a day older than the one before, the first of last Friday."""
    items = (
        f"<item><title>{title}</title><guid>{title}</guid><link>https://quay.example/{title}</link>"
        f"<pubDate>{(MONDAY - timedelta(days=n + 3)):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<description>About {title}, word by word.</description></item>"
        for n, title in enumerate(titles)
    )
    head = f"<title>{name}</title><language>en</language>"
    text = f'<rss version="2.0"><channel>{head}{"".join(items)}</channel></rss>'
    return Page(text.encode(), fields={"ETag": f'"{hash(text)}"'})


def mondays(app: App, *feeds: str, none_ready: NoneReady = NoneReady.SKIP, **more: int | bool | str) -> int:
    digest = Digest(feeds, **more)  # type: ignore[arg-type]
    return add_digest(app, WEEKLY, Recurrence("0 8 * * MON", none_ready, digest)).id


def mails(server: ScriptedServer) -> list[EmailMessage]:
    found = [message_from_bytes(taken.content, policy=policy.default) for taken in server.taken]
    return [each for each in found if isinstance(each, EmailMessage)]


def subjects(server: ScriptedServer) -> list[str]:
    return [each["Subject"] for each in mails(server)]


def text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part
    return str(part.get_content())


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_each_entry_goes_out_once_whatever_becomes_of_its_feed(app, clock, server, site):
    site.pages["/feed"] = feed("tide", "ferry")
    mondays(app, site.at("/feed"))
    look(app)
    assert not site.asked  # it is Saturday
    weeks = [
        feed("tide", "ferry"),
        feed("ferry", "tide"),  # dated anew
        feed("tide", "ferry", "anchor"),  # back-dated, and new all the same
        feed(),  # emptied
        feed("tide", "ferry", "anchor"),  # repeated
        feed("lamp", "ferry"),
    ]
    for week, page in enumerate(weeks):
        site.pages["/feed"] = page
        clock.time = MONDAY + week * WEEK
        for _ in range(2):
            look(app)
    assert subjects(server) == ["tide · ferry", "anchor", "lamp"]
    assert len(site.asked) == len(weeks)
    assert [each.state for each in schedule_standings(app) if each.schedule.parent_id] == [
        "done", "skipped", "done", "skipped", "skipped", "done",
    ]  # fmt: skip


def test_the_issue_is_a_file_and_says_what_the_feed_does(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    number = mondays(app, site.at("/feed"))
    clock.time = MONDAY
    look(app)
    (file,) = (app.root / "issues").iterdir()
    assert file.name.startswith(f"2026-11-30-digest-{number}-")
    (mail,) = mails(server)
    assert (mail["Subject"], "Harbour log" in text_of(mail)) == ("tide", True)
    assert "tide <https://quay.example/tide>" in text_of(mail)
    assert "About tide, word by word." in text_of(mail)


def test_of_a_flood_the_newest_go_out_and_the_rest_does_not_follow(app, clock, server, site):
    site.pages["/feed"] = feed(*(f"n{n}" for n in range(50)))
    mondays(app, site.at("/feed"), at_most=2)
    clock.time = MONDAY
    said = look(app)[1]
    assert any("48 entries are left out" in each for each in said)
    clock.time += WEEK
    look(app)
    assert subjects(server) == ["n0 · n1"]
    assert "+ 48" in text_of(mails(server)[0])


def test_less_than_it_waits_for_is_sent_with_what_comes_later(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    mondays(app, site.at("/feed"), at_least=2)
    for week in range(3):
        clock.time = MONDAY + week * WEEK
        done, said = look(app)
        assert done.errors == []
        assert any("1 new, and it waits for 2" in each for each in said)
    site.pages["/feed"] = feed("ferry", "tide")
    clock.time += WEEK
    look(app)
    assert subjects(server) == ["ferry · tide"]


def test_several_feeds_make_one_digest_and_one_that_breaks_keeps_no_other_back(app, clock, server, site):
    site.pages |= {
        "/log": feed("tide", "both"),
        "/pier": feed("crane", name="Pier"),
        "/broken": Page(status=500),
    }
    number = mondays(app, site.at("/log"), site.at("/pier"), site.at("/broken"))
    said = []
    for week in range(3):
        clock.time = MONDAY + week * WEEK
        said += look(app)[1]
    assert subjects(server) in (["tide · crane · both"], ["crane · tide · both"])
    assert "Harbour log · Pier" in text_of(mails(server)[0]) or "Pier · Harbour log" in text_of(
        mails(server)[0]
    )
    assert len([each for each in said if "/broken can't be read: the server says 500" in each]) == 1
    troubles = [each.trouble for each in standing_of(app, number).feeds]
    assert sorted(troubles) == ["", "", "the server says 500 Internal Server Error"]
    site.pages["/broken"] = feed("mended")
    clock.time += WEEK
    assert any("/broken can be read again" in each for each in look(app)[1])
    assert subjects(server)[-1] == "mended"


def test_a_schedule_in_the_place_of_a_removed_one_goes_on_where_that_was(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    first = mondays(app, site.at("/feed"))
    clock.time = MONDAY
    look(app)
    remove(app, first)
    site.pages["/feed"] = feed("ferry", "tide")
    mondays(app, site.at("/feed"))
    app.lists.create("pier", app.now(), "Pier")
    recurrence = Recurrence("0 8 * * MON", digest=Digest((site.at("/feed"),)))
    shown = digest_now(app, (site.at("/feed"),), [].append)
    assert "subject: ferry\n" in shown.text
    clock.time += WEEK
    look(app)
    assert subjects(server) == ["tide", "ferry"]
    other = add_digest(app, Audience(("pier",)), recurrence)  # others have read none of it
    assert [each.item.entry.title for each in read_feeds(app, recurrence.digest, other).news] == [
        "ferry",
        "tide",
    ]


def test_nothing_new_is_a_failure_where_it_was_asked_for_so(app, clock, site):
    site.pages["/feed"] = feed()
    mondays(app, site.at("/feed"), none_ready=NoneReady.FAIL)
    clock.time = MONDAY
    (error,) = look(app)[0].errors
    assert "nothing is new" in str(error)


def test_a_feed_that_moves_is_followed_and_that_is_said_once(app, clock, server, site):
    site.pages |= {"/old": Page(status=301, fields={"Location": "/new"}), "/new": feed("tide")}
    mondays(app, site.at("/old"))
    said = []
    for week in range(2):
        clock.time = MONDAY + week * WEEK
        said += look(app)[1]
    assert [path for path, _ in site.asked] == ["/old", "/new", "/new"]
    assert len([each for each in said if f"has moved to {site.at('/new')}" in each]) == 1
    del site.pages["/new"]
    clock.time += WEEK
    look(app)
    site.pages["/old"] = feed("tide", "ferry")  # it came back, with entries that are known
    clock.time += WEEK
    look(app)
    assert subjects(server) == ["tide", "ferry"]


def test_what_a_feed_says_is_no_template(app, clock, server, site):
    braces = "{{ subscriber.email }} {% if subscriber.name %} {{ 7*7 }} {# x"
    site.pages["/feed"] = feed(braces)
    mondays(app, site.at("/feed"), full_text=True)
    clock.time = MONDAY
    done, _ = look(app)
    assert done.errors == []
    (mail,) = mails(server)
    html = mail.get_body(("html",))
    assert html
    assert "ada@" not in mail["Subject"] + html.get_content().partition("mailer-personal")[0]
    for part in (text_of(mail), html.get_content()):
        assert f"About {braces}, word by word." in " ".join(part.split())


def test_who_takes_over_what_was_lost_makes_it_again_and_both_send_it_once(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    mondays(app, site.at("/feed"))
    clock.time = MONDAY
    come_again(app, print)
    (due,) = app.schedules.due(clock.time)
    assert app.schedules.take(due.id, "lost", clock.time)
    clock.time += timedelta(minutes=2)
    site.pages["/feed"] = feed("ferry", "tide")
    look(app)
    with pytest.raises(NoneReadyYet):  # the one that was thought lost goes on where it was
        choose(app, due, "lost", print)
    assert subjects(server) == ["ferry · tide"]
    assert len(list((app.root / "issues").iterdir())) == 1


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_once_it_is_chosen_it_stays_so(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    mondays(app, site.at("/feed"))
    clock.time = MONDAY
    come_again(app, print)
    (due,) = app.schedules.due(clock.time)
    assert app.schedules.take(due.id, "lost", clock.time)
    assert choose(app, due, "lost", print)
    clock.time += timedelta(minutes=2)
    site.pages["/feed"] = feed("ferry", "tide")
    look(app)
    assert subjects(server) == ["tide"]
    clock.time += WEEK
    look(app)
    assert subjects(server) == ["tide", "ferry"]


def test_a_folder_of_issues_does_not_send_what_was_made_of_feeds(app, clock, server, site):
    site.pages["/feed"] = feed("tide")
    mondays(app, site.at("/feed"))
    join(app, "bea")
    clock.time = MONDAY
    look(app)
    app.lists.create("daily", app.now(), "Daily")
    add_folder(app, app.root / "issues", Audience(("daily",)), Recurrence("0 9 * * *"))
    write_issue(app, "2026-12-30-lamp")
    clock.time += timedelta(hours=2)
    (error,) = look(app)[0].errors
    assert "2026-12-30-lamp" in str(error) or "nobody" in str(error)


def test_it_is_shown_as_it_would_go_now_and_nothing_is_kept_of_that(app, clock, server, site):
    site.pages["/feed"] = feed("tide", "ferry")
    remarks: list[str] = []
    assert "subject: tide · ferry" in digest_now(app, (site.at("/feed"),), remarks.append).text
    number = mondays(app, site.at("/feed"), at_most=1)
    for _ in range(2):
        shown = digest_now(app, (site.at("/feed"),), remarks.append)
        assert ("subject: tide\n" in shown.text, shown.lists) == (True, ("weekly",))
    assert f"schedule {number}" in remarks[-1]
    assert app.feeds.standings(number) == {}
    clock.time = MONDAY
    look(app)
    assert subjects(server) == ["tide"]
    with pytest.raises(UsageError, match="nothing is new"):
        digest_now(app, (site.at("/feed"),), remarks.append)


def test_a_feed_that_can_not_be_read_is_not_one_with_nothing_new(app, site):
    site.pages |= {"/gone": Page(status=404), "/feed": feed("tide")}
    remarks: list[str] = []
    with pytest.raises(UsageError, match="404") as refused:
        digest_now(app, (site.at("/gone"),), remarks.append)
    assert "nothing is new" not in str(refused.value)
    assert "Correct --feed" in str(refused.value.next_step)
    assert remarks == []
    assert "subject: tide" in digest_now(app, (site.at("/gone"), site.at("/feed")), remarks.append).text
    assert ["404" in each for each in remarks] == [True]


@pytest.mark.parametrize(
    ("address", "more", "words"),
    [
        ("feed.xml", {}, "no address of the web"),
        ("file:///etc/passwd", {}, "no address of the web"),
        ("https://me:secret@quay.example/", {}, "password"),
        ("https://quay.example/", {"at_least": 3, "at_most": 2}, "never so"),
        ("https://quay.example/", {"at_least": 0}, "never so"),
        ("https://quay.example/", {"at_most": 1_000}, "never so"),
        ("https://quay.example/", {"template": "../../etc/passwd"}, "no templates/feeds"),
    ],
)
def test_what_could_never_make_a_digest_is_refused(app, address, more, words):
    with pytest.raises(UsageError, match=words):
        mondays(app, address, **more)
    assert app.schedules.all() == []
