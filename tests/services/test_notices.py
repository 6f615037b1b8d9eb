"""Whoever runs the program is told: once, by mail and by webhook, whatever dies or is away meanwhile."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
import settled_sends
from settled_sends import WEEKLY
from sqlalchemy import insert
from standardwebhooks.webhooks import Webhook
from standing_clock import Clock, join, look, write_issue
from web_site import LOOPBACK, Page, WebSite, web_site

from mailer.bootstrap import App
from mailer.doctor.examination import Examination
from mailer.domain.admin_notice import AdminNotice, NoticeEvent
from mailer.domain.delivery import State
from mailer.domain.digest import Digest
from mailer.domain.outcome import Stage
from mailer.domain.recurrence import Recurrence
from mailer.domain.returned import Kind, RecipientVerdict, Returned, Verdict
from mailer.domain.rollout import Rollout
from mailer.domain.send import Send
from mailer.engine.stopping import run
from mailer.errors import SettingsError, UsageError
from mailer.ledger import admin_notices
from mailer.ledger.admin_notices import Telling
from mailer.ledger.letters import ADMINS
from mailer.logins.grants import LoginLost
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.begin import begin
from mailer.services.notice_findings import note_fault, tell_all
from mailer.services.notice_telling import tell_noted
from mailer.services.notices import note, note_test, retry, sheet_of, sheets, untold
from mailer.services.prepare import SendRequest, prepare
from mailer.services.return_settings import policy_of
from mailer.services.returns import ReturnedMail, ReturnRecords
from mailer.settings.env_file import EnvFile
from mailer.settings.reading import SettingsReading
from mailer.store.schema import feeds, schedules, signups

pytestmark = pytest.mark.peers

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
ADMIN = "master@gazette.example"


class Replies:
    """What the mail server says to the next recipients, before it takes everybody."""

    def __init__(self) -> None:
        self.next: list[str] = []

    def __call__(self, stage: Stage, count: int) -> str | None:
        return self.next.pop(0) if stage is Stage.RCPT and self.next else None


@pytest.fixture
def replies() -> Replies:
    return Replies()


@pytest.fixture
def server(replies: Replies) -> Iterator[ScriptedServer]:
    with rehearsal(ScriptedServer(replies)) as made:
        yield made


@pytest.fixture
def site() -> Iterator[WebSite]:
    with web_site() as made:
        made.pages["/hook"] = Page(status=204)
        yield made


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC).replace(microsecond=0))  # a signature is good for minutes


@pytest.fixture
def app(tmp_path: Path, clock: Clock, server: ScriptedServer, site: WebSite) -> App:
    return workspace(tmp_path, "sqlite:///mailer.db", clock, server, site)


@pytest.fixture
def by_hook(tmp_path: Path, clock: Clock, server: ScriptedServer, site: WebSite) -> App:
    """One that is told by webhook alone: to compile a mail takes a while."""
    return workspace(tmp_path, "sqlite:///mailer.db", clock, server, site, ADMIN_EMAIL="")


@pytest.fixture
def either(
    tmp_path: Path, database_url: str, clock: Clock, server: ScriptedServer, site: WebSite
) -> Iterator[App]:
    """The same on a database of either kind."""
    made = workspace(tmp_path, database_url, clock, server, site)
    yield made
    made.let_go()


def workspace(
    root: Path, database_url: str, clock: Clock, server: ScriptedServer, site: WebSite, **own: str
) -> App:
    (root / "issues").mkdir(exist_ok=True)
    settings = {
        "SMTP_PORT": str(server.port),
        "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        "DATABASE_URL": database_url,
        "ADMIN_EMAIL": ADMIN,
        "NOTICE_WEBHOOK": site.at("/hook"),
        "NOTICE_SECRET": SECRET,
        "NOTICE_NETWORKS": LOOPBACK,
    }
    made = App(root, settings | own, clock=clock)
    made.lists.create("weekly", made.now(), "Harbour Gazette")
    join(made, "ada")
    return made


def begun(app: App, name: str = "tide", rollout: Rollout | None = None) -> Send:
    return begin(prepare(app, SendRequest(write_issue(app, name), name, ("weekly",))), rollout=rollout).send


def mailed(server: ScriptedServer) -> list[str]:
    """The subjects of what the admin got."""
    mails = [message_from_bytes(each.content, policy=policy.default) for each in server.taken]
    return [mail["Subject"] for mail in mails if mail["To"] == ADMIN]


def posted(site: WebSite) -> list[dict]:
    return [Webhook(SECRET).verify(body, fields) for fields, body in site.posted]


def examined(app: App) -> list[str]:
    """What `mailer doctor` says of notices."""
    reading = SettingsReading(app.settings, {}, {}, EnvFile(app.root / ".env"))
    done = run(Examination(app.root, reading, app.now(), offline=True, name_server="").run())
    return [each.text for each in done.results if each.name == "database.notices"]


def test_a_send_that_is_finished_is_told_once_by_each_way(either, clock, server, site):
    send = begun(either)
    for _ in range(3):
        look(either)
        clock.time += timedelta(minutes=1)
    title = "tide to list weekly is finished: 1 of 1 got it"
    assert mailed(server) == [title]
    (told,) = posted(site)
    assert told["type"] == "send.finished"
    assert told["data"]["title"] == title
    assert told["data"]["lines"] == ["Next: mailer verify tide"]
    assert told["data"]["send"]["id"] == send.id
    assert told["data"]["send"]["states"]["accepted"] == 1
    (sheet,) = sheets(either)
    assert {each.name.partition(" ")[0]: sheet.standing(each) for each in sheet.ways} == {
        "127.0.0.1": "told",
        "mail": "accepted: 250 2.0.0 taken",
    }
    (mail,) = [each for each in either.ledger.sends() if each.kind.lasts]
    assert either.queries.totals(mail).states == {State.ACCEPTED: 1}
    assert either.queries.discrepancies(mail) == []
    content = message_from_bytes(server.taken[-1].content, policy=policy.default)
    assert (content["Auto-Submitted"], content["List-Unsubscribe"]) == ("auto-generated", None)
    for words in ("Next: mailer verify tide", "See: mailer notices show 1"):
        assert all(words in text for text in said_by(content))


def said_by(mail: EmailMessage) -> list[str]:
    """What both bodies of a mail say."""
    return [mail.get_body((kind,)).get_content() for kind in ("plain", "html")]


def test_what_is_not_asked_for_is_kept_and_told_to_nobody(tmp_path, clock, server, site):
    app = workspace(tmp_path, "sqlite:///mailer.db", clock, server, site, NOTICES="send.failed returns")
    note(app, AdminNotice(NoticeEvent.FEED_BROKEN, "log", "The log can't be read"))
    tell_all(app)
    assert (mailed(server), site.posted) == ([], [])
    (sheet,) = sheets(app)
    assert (sheet.notice.event, sheet.ways) == (NoticeEvent.FEED_BROKEN, [])


def test_a_send_that_stopped_by_itself_is_told_with_the_reason(app, clock, server, site, replies):
    join(app, "ben")
    replies.next = ["550 5.1.1 No such user here"]
    begun(app, rollout=Rollout.parse("50%,100%"))
    look(app)
    look(app)
    assert mailed(server) == ["tide to list weekly has stopped by itself"]
    (told,) = posted(site)
    assert told["type"] == "send.held"
    assert "failed > 3%: 1 of 1 (100.00%)" in told["data"]["lines"][0]
    assert "Next: to let it go on all the same: mailer resume tide" in told["data"]["lines"]


def test_a_webhook_that_is_away_is_tried_again_ever_later(by_hook, clock, site):
    site.pages["/hook"] = Page(status=503)
    number = note(by_hook, AdminNotice(NoticeEvent.FEED_BROKEN, "log", "The log can't be read"))
    tell_noted(by_hook)
    tell_noted(by_hook)
    assert len(site.posted) == 1
    clock.time += timedelta(seconds=36)
    tell_noted(by_hook)
    assert len(site.posted) == 2
    ids = {fields["webhook-id"] for fields, _ in site.posted}
    assert len(ids) == 1  # by which whoever got both knows that they are one
    site.pages["/hook"] = Page(status=204)
    clock.time += timedelta(seconds=108)
    tell_noted(by_hook)
    sheet = sheet_of(by_hook, number)
    words = [each.words for each in sheet.attempts if each.way != "mail"]
    assert words == ["the server says 503 Service Unavailable"] * 2 + ["the server says 204 No Content"]
    assert [each.state for each in sheet.ways] == [Telling.TOLD]


def test_after_three_days_it_is_given_up_and_said_until_somebody_has_it_tried_again(either, clock, site):
    site.pages["/hook"] = Page(status=503)
    number = note(either, AdminNotice(NoticeEvent.FEED_BROKEN, "log", "The log can't be read"))
    while untold(either) == 0:
        tell_noted(either)
        clock.time += timedelta(hours=6, minutes=75)
    assert 9 < len(site.posted) < 14
    assert examined(either) == ["1 notice could not be told"]
    site.pages["/hook"] = Page(status=204)
    assert retry(either, number) == 1
    tell_noted(either, number)
    assert (untold(either), sheet_of(either, number).reached) == (0, True)
    with pytest.raises(UsageError, match="no notice 99"):
        retry(either, 99)


@pytest.mark.parametrize(
    ("page", "words", "state"),
    [
        (Page(status=302, fields={"Location": "/other"}), "redirects are not followed", Telling.WAITING),
        (Page(status=410), "410 Gone", Telling.GIVEN_UP),
    ],
)
def test_where_it_leads_on_nobody_follows_and_where_it_is_gone_it_ends(by_hook, site, page, words, state):
    site.pages["/hook"] = page
    number = note_test(by_hook)
    tell_noted(by_hook, number)
    (way,) = [each for each in sheet_of(by_hook, number).ways if each.name != "mail"]
    (attempt,) = [each for each in sheet_of(by_hook, number).attempts if each.way != "mail"]
    assert words in attempt.words
    assert way.state is state
    assert [path for path, _ in site.asked] == ["/hook"]


def test_private_networks_are_entered_only_where_they_are_named(tmp_path, clock, server, site):
    app = workspace(
        tmp_path, "sqlite:///mailer.db", clock, server, site, NOTICE_NETWORKS="10.1.0.0/16", ADMIN_EMAIL=""
    )
    number = note_test(app)
    tell_noted(app, number)
    assert site.asked == []
    (way,) = sheet_of(app, number).ways
    assert way.state is Telling.WAITING


def test_one_that_died_while_it_told_leaves_it_to_the_next(either, clock, server, site):
    number = note(either, AdminNotice(NoticeEvent.FEED_BROKEN, "log", "The log can't be read"))
    with either.database.begin() as connection:
        assert len(admin_notices.take_due(connection, clock())) == 2
    tell_noted(either)  # another process, meanwhile
    assert (site.posted, mailed(server)) == ([], [])
    clock.time += admin_notices.LEASE
    tell_noted(either)
    assert (len(site.posted), len(mailed(server))) == (1, 1)
    assert [each.words for each in sheet_of(either, number).attempts][:2] == [None, None]


def test_a_notice_that_can_not_be_told_keeps_no_send_waiting(app, clock, server, site, replies):
    # The server refuses the admin, as if for the account; and a fault of a notice is no news.
    begun(app, "tide")
    look(app)
    begun(app, "quay")
    replies.next = ["250 Ok", "550 5.7.1 Your account may not send", "550 5.7.1 Your account may not send"]
    for _ in range(3):
        clock.time += timedelta(hours=1)
        done, _ = look(app)
        assert done.errors == []
    assert [each.notice.event for each in sheets(app)] == [NoticeEvent.SEND_FINISHED] * 2


def test_why_a_send_can_not_go_on_is_told_once_a_day(by_hook, clock, server, replies):
    begun(by_hook)
    replies.next = ["530 5.7.0 Authentication required"] * 9
    look(by_hook)
    clock.time += timedelta(minutes=20)
    look(by_hook)
    (sheet,) = sheets(by_hook)
    assert sheet.notice.event is NoticeEvent.SEND_FAILED
    assert sheet.notice.title == "tide to list weekly could not go on"
    assert "530 5.7.0 Authentication required" in sheet.notice.lines[0]


def test_a_lost_login_is_told_as_such(app):
    send = settled_sends.begun(app.database)
    for _ in range(2):
        note_fault(app, send, LoginLost("nobody gets tokens", next_step="Log in again: mailer login ada"))
    (sheet,) = sheets(app)
    assert sheet.notice.event is NoticeEvent.ACCOUNT_LOGIN
    assert sheet.notice.lines == ("nobody gets tokens", "Next: Log in again: mailer login ada")


def test_a_warm_up_s_day_that_is_used_up_is_told_by_who_needs_no_mail(tmp_path, clock, server, site):
    app = workspace(tmp_path, "sqlite:///mailer.db", clock, server, site, MAIL_WARMUP="1x2")
    join(app, "ben")
    begun(app)
    look(app)
    (told,) = posted(site)
    assert told["type"] == "account.limit"
    assert told["data"]["title"] == "tide to list weekly waits"
    assert "the warm-up of gazette.example has sent what it may today" in told["data"]["lines"][0]
    assert mailed(server) == []  # it waits for the next day, too
    assert sheets(app)[0].mail == "queued"


def test_who_bounced_is_not_written_to_by_a_setting_either(app, clock, server):
    tell_noted(app, note_test(app))
    (mail,) = app.ledger.sends()
    told = (RecipientVerdict(ADMIN, Kind.HARD, "5.1.1", "no such mailbox", "550 No such user"),)
    verdict = Verdict(Kind.HARD, told, returned=Returned(mail.id, ADMINS + 1))
    bounce = ReturnedMail("a bounce", "a test", verdict)
    ReturnRecords(lambda: app.database, policy_of(app.settings)).take([bounce], clock())
    clock.time += timedelta(seconds=1)
    number = note_test(app)
    tell_noted(app, number)
    assert len(mailed(server)) == 1
    (attempt,) = [each for each in sheet_of(app, number).attempts if each.way == "mail"]
    remove = f"mailer suppressions remove {ADMIN}"
    assert attempt.words == f"{ADMIN} is suppressed (bounced); to mail it: {remove}"
    assert untold(app) == 1


def test_schedules_that_failed_or_were_missed_are_told(either, clock, server):
    either.schedules.add("issues/tide.md", WEEKLY, clock() + timedelta(hours=1), "UTC", clock())
    clock.time += timedelta(days=1)
    look(either)
    look(either)
    (sheet,) = sheets(either)
    assert sheet.notice.event is NoticeEvent.SCHEDULE_MISSED
    assert mailed(server) == ["Schedule 1 was missed: nothing looked at the clock in time"]


def test_a_feed_that_can_not_be_read_and_sign_ups_that_leap_are_told(either, clock, site):
    recurring = either.schedules.add(
        "feed", WEEKLY, clock() + timedelta(days=9), "UTC", clock(), Recurrence("@daily")
    )
    with either.database.begin() as connection:
        text = Recurrence("@daily", digest=Digest(("https://quay.example/feed",))).text()
        connection.execute(schedules.update().values(recurrence=text))
        trouble = {"schedule_id": recurring.id, "address": "https://quay.example/feed", "looked_at": clock()}
        connection.execute(insert(feeds).values(trouble | {"trouble": "no answer in 20 s"}))
        empty = {"language": "en", "source": {}, "lists": [], "answers": {}}
        rows = [
            empty | {"at": clock(), "email": f"{n}@x.test", "email_key": f"{n}@x.test"} for n in range(100)
        ]
        connection.execute(insert(signups).values(taken_at=clock()), rows)
    tell_all(either)
    tell_all(either)
    events = sorted(each.notice.event for each in sheets(either))
    assert events == ["feed.broken", "signups.surge"]


def test_a_test_notice_needs_a_way(tmp_path, clock, server, site):
    app = workspace(tmp_path, "sqlite:///mailer.db", clock, server, site, ADMIN_EMAIL="", NOTICE_WEBHOOK="")
    with pytest.raises(SettingsError, match="nobody is told"):
        note_test(app)


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ({"NOTICE_SECRET": ""}, "NOTICE_SECRET is not"),
        ({"NOTICE_SECRET": "whsec_tide"}, "NOTICE_SECRET is no secret of Standard Webhooks"),
        ({"NOTICES": "everything"}, "NOTICES: 'everything' is nothing to be told of"),
        ({"NOTICE_WEBHOOK": "hooks.example/t0ken"}, "NOTICE_WEBHOOK"),
        ({"NOTICE_WEBHOOK": "https://ada:t0ken@hooks.example/"}, "no. 1 holds a user name"),
    ],
)
def test_settings_that_can_not_be_meant_are_refused_before_anything_is_sent(
    tmp_path, clock, server, site, own, problem
):
    with pytest.raises(SettingsError, match=problem) as refused:
        workspace(tmp_path, "sqlite:///mailer.db", clock, server, site, **own).sending()
    assert "t0ken" not in str(refused.value)


def test_what_a_webhook_gets_has_no_secret_and_is_json(by_hook, site):
    number = note_test(by_hook)
    tell_all(by_hook)
    ((_, body),) = site.posted
    assert json.loads(body)["data"]["id"] == number
    with by_hook.database.connect() as connection:
        kept = str(admin_notices.ways_of(connection, [number])) + str(sheet_of(by_hook, number))
    assert "/hook" not in kept
    assert SECRET not in kept
