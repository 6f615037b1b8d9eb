"""What a list says stands in its mails; what it doesn't say the settings do; an issue beats both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import SMTP
from pathlib import Path

import pytest
from members import NOW, join, part, shut_out
from sqlalchemy import update

from mailer.bootstrap import App
from mailer.domain.subscriber import Status
from mailer.errors import PlanRefused, SettingsError, UsageError
from mailer.services import schedules
from mailer.services.begin import begin, existing
from mailer.services.correct import Correcting
from mailer.services.list_settings import ListChanges, archive, change, create, differences, said_of
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.preview import PreviewRequest, preview
from mailer.services.rounds import tick
from mailer.store.schema import subscriptions

ISSUE = "---\ntitle: The tide\n{front}---\nThe ferry sails at ten.\n"
SETTINGS = {
    "MAIL_FROM": "Harbour Gazette <editor@gazette.example>",
    "MAIL_REPLY_TO": "desk@gazette.example",
    "POSTAL_ADDRESS": "1 Quay Street, Port Example",
    "LANGUAGE": "en",
}


@dataclass
class Quay:
    """A workspace whose settings say one thing, and its lists another."""

    app: App

    def says(self, name: str = "weekly", *params: str, unset: tuple[str, ...] = (), **texts: str) -> None:
        change(self.app, name, ListChanges(texts, {}, params, unset))

    def with_settings(self, **settings: str) -> Quay:
        url = self.app.settings.database_url.get_secret_value()
        return Quay(App(self.app.root, SETTINGS | {"DATABASE_URL": url} | settings))

    def prepared(self, *lists: str, front: str = "") -> PreparedSend:
        file = self.app.root / "issues/tide.md"
        file.write_text(ISSUE.format(front=front), encoding="utf-8")
        return prepare(self.app, self.request(*lists))

    def request(self, *lists: str) -> SendRequest:
        return SendRequest(self.app.root / "issues/tide.md", "tide", lists)

    def mail(self, *lists: str, front: str = "") -> Message:
        self.prepared(*lists, front=front)
        request = PreviewRequest(self.app.root / "issues/tide.md", lists=lists)
        return message_from_bytes(preview(self.app, request).content, policy=SMTP)


@pytest.fixture
def quay(tmp_path: Path, database_url: str) -> Iterator[Quay]:
    (tmp_path / "issues").mkdir()
    app = App(tmp_path, SETTINGS | {"DATABASE_URL": database_url})
    for name in ("weekly", "daily"):
        create(app, name, ListChanges({}, {}))
    join(app.database, "ada@quay.example", "weekly", "daily")
    yield Quay(app)
    app.let_go()


def html_of(mail: Message) -> str:
    return str(mail.get_body(("html",)).get_content())  # type: ignore[attr-defined]


def test_what_a_list_does_not_say_the_settings_do(quay: Quay) -> None:
    mail = quay.mail("weekly")
    assert (mail["From"], mail["Reply-To"]) == (
        "Harbour Gazette <editor@gazette.example>",
        "desk@gazette.example",
    )
    assert "1 Quay Street" in html_of(mail)
    assert '<html lang="en"' in html_of(mail)
    assert "#9a3412" in html_of(mail)


def test_what_a_list_says_stands_in_its_mails(quay: Quay) -> None:
    quay.says(
        "weekly",
        "accent=#0b5345",
        sender="Havnen <havn@quay.example>",
        reply_to="svar@quay.example",
        postal_address="7 Pier Road, Port Example",
        language="nb",
    )
    mail = quay.mail("weekly")
    assert (mail["From"], mail["Reply-To"]) == ("Havnen <havn@quay.example>", "svar@quay.example")
    assert mail["List-Id"] == "weekly <weekly.quay.example>"
    assert "7 Pier Road" in html_of(mail)
    assert '<html lang="nb"' in html_of(mail)
    assert "#0b5345" in html_of(mail)
    assert quay.mail("daily")["From"] == "Harbour Gazette <editor@gazette.example>"
    # The first one that is named has its say.
    assert quay.mail("daily", "weekly")["From"] == "Harbour Gazette <editor@gazette.example>"
    assert quay.mail("weekly", "daily")["From"] == "Havnen <havn@quay.example>"


def test_an_issue_beats_its_list(quay: Quay) -> None:
    quay.says("weekly", "accent=#0b5345", "width=600", sender="a@quay.example", language="nb")
    quay.says("weekly", reply_to="b@quay.example")
    front = "from: c@pier.example\nreply_to: d@pier.example\nlang: de\nparams:\n  accent: '#512e5f'\n"
    mail = quay.mail("weekly", front=front)
    assert (mail["From"], mail["Reply-To"]) == ("c@pier.example", "d@pier.example")
    assert '<html lang="de"' in html_of(mail)
    assert "#512e5f" in html_of(mail)
    assert "#0b5345" not in html_of(mail)
    assert "600px" in html_of(mail)


def test_check_looks_for_the_address_of_the_list(quay: Quay) -> None:
    without = quay.with_settings(POSTAL_ADDRESS="")
    assert "postal-address" in [each.rule for each in without.prepared("weekly").findings]
    quay.says("weekly", postal_address="7 Pier Road, Port Example")
    assert "postal-address" not in [each.rule for each in without.prepared("weekly").findings]
    without.app.let_go()


def test_nobody_is_mailed_from_an_address_that_nobody_can_have(quay: Quay) -> None:
    world = quay.with_settings(SMTP_HOST="smtp.quaymail.net", MAIL_FROM="editor@quaymail.net")
    quay.says("weekly", sender="desk@quay.example")
    with pytest.raises(SettingsError) as refused:
        world.prepared("weekly")
    world.app.let_go()
    assert "the list weekly is from desk@quay.example" in refused.value.problem
    assert "mailer lists set weekly --from" in (refused.value.next_step or "")


def test_a_send_that_was_begun_keeps_its_text_and_says_that_the_list_was_set_anew(quay: Quay) -> None:
    begun = begin(quay.prepared("weekly")).send
    quay.says("weekly", sender="Havnen <havn@quay.example>")
    with pytest.raises(PlanRefused) as refused:
        existing(quay.prepared("weekly"))
    assert "the list weekly was set anew" in refused.value.problem
    kept = existing(quay.prepared("weekly"), edited=True)
    assert kept
    assert kept.revision == begun.revision


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (ListChanges({"sender": "nobody"}, {}), "--from 'nobody' is not a mailbox"),
        (ListChanges({"reply_to": "a@b.example\nX: y"}, {}), "--reply-to"),
        (ListChanges({"language": "english"}, {}), "--language 'english' is not a language tag"),
        (ListChanges({"postal_address": "1\n2"}, {}), "--postal-address"),
        (ListChanges({"title": " "}, {}), "--title is empty"),
        (ListChanges({}, {}, ("width=20",)), "--param width=20 is not a width"),
        (ListChanges({}, {}, ("accent=",)), "--param"),
        (ListChanges({}, {}, ("logo=gone.png 200x50",)), "there is no file"),
        (ListChanges({}, {}, ("accent",)), "is not NAME=VALUE"),
        (ListChanges({}, {}, (), ("colour",)), "--unset 'colour': a list says no such thing"),
        (ListChanges({}, {}, (), ("param:accent",)), "has no such param"),
    ],
)
def test_what_a_setting_or_an_issue_could_not_say_a_list_can_not(
    quay: Quay, changes: ListChanges, said: str
) -> None:
    before = quay.app.lists.named("weekly")
    with pytest.raises(UsageError) as refused:
        change(quay.app, "weekly", changes)
    assert said in refused.value.problem
    assert quay.app.lists.named("weekly") == before


def test_values_of_params_are_numbers_and_truth_values_as_in_an_issue(quay: Quay) -> None:
    quay.says("weekly", "width=600", "number=7", "dark=yes", "place=North Mole")
    quay.says("weekly", "day=2026-11-22", "accent=#123")
    assert quay.app.lists.named("weekly").params == {
        "width": 600,
        "number": 7,
        "dark": True,
        "place": "North Mole",
        "day": "2026-11-22",
        "accent": "#123",
    }
    quay.says("weekly", unset=("param:dark",))
    assert "dark" not in quay.app.lists.named("weekly").params
    quay.says("weekly", unset=("param",))
    assert quay.app.lists.named("weekly").params == {}


def test_whose_word_it_is_is_said(quay: Quay) -> None:
    before = quay.app.lists.named("weekly")
    quay.says("weekly", language="nb", title="Ukens havn")
    after = quay.app.lists.named("weekly")
    said = {each.name: (each.value, each.by) for each in said_of(quay.app, after)}
    assert said["language"] == ("nb", "list")
    assert said["reply-to"] == ("desk@gazette.example", "MAIL_REPLY_TO")
    assert differences(quay.app, before, after) == [
        ("title", "weekly", "Ukens havn"),
        ("language", "en (LANGUAGE)", "nb (list)"),
    ]
    quay.says("weekly", unset=("language", "title"))
    assert differences(quay.app, before, quay.app.lists.named("weekly")) == []


def test_everybody_is_counted_once(quay: Quay) -> None:
    database = quay.app.database
    names = ("bram", "cleo", "dora", "eino")
    ids = {name: join(database, f"{name}@quay.example", "weekly") for name in names}
    part(database, "bram@quay.example", "weekly")
    shut_out(database, "cleo@quay.example")
    row = subscriptions.c
    with database.begin() as connection:
        for name, year in (("cleo", 2099), ("dora", 2099), ("eino", 2001)):
            until = NOW.replace(year=year)
            connection.execute(
                update(subscriptions).where(row.subscriber_id == ids[name]).values(paused_until=until)
            )
    found = quay.app.lists.named("weekly")
    assert {str(status): people for status, people in found.counts.items()} == {
        "subscribed": 2,
        "unconfirmed": 0,
        "unsubscribed": 1,
    }
    assert (found.paused, found.suppressed) == (1, 1)
    assert found == next(each for each in quay.app.lists.all() if each.name == "weekly")


def test_nothing_is_sent_to_a_list_that_is_put_away_and_nobody_put_on_it(quay: Quay) -> None:
    begun = begin(quay.prepared("weekly")).send
    archive(quay.app, "weekly")
    going_on = existing(quay.prepared("weekly"))
    assert going_on
    assert going_on.id == begun.id
    for refused_lists in (("weekly", "daily"), ("daily", "weekly")):
        with pytest.raises(PlanRefused) as refused:
            begin(quay.prepared(*refused_lists))
        assert "the list weekly is archived" in refused.value.problem
    with pytest.raises(PlanRefused):
        schedules.add(quay.app, quay.request("weekly", "daily"), "2099-01-01 08:00", print)
    with pytest.raises(UsageError) as kept_off:
        join(quay.app.database, "bram@quay.example", "daily", "weekly")
    assert kept_off.value.next_step == "To take it up again: mailer lists archive weekly --undo"
    assert quay.app.lists.named("daily").counts[Status.SUBSCRIBED] == 1
    part(quay.app.database, "ada@quay.example", "weekly")
    assert quay.app.lists.named("weekly").counts[Status.UNSUBSCRIBED] == 1
    archive(quay.app, "weekly", undo=True)
    assert join(quay.app.database, "bram@quay.example", "weekly")


def test_a_schedule_to_a_list_that_was_put_away_fails_and_says_why(quay: Quay) -> None:
    quay.prepared("daily")
    added = schedules.add(quay.app, quay.request("daily"), "2099-01-01 08:00", print).schedule
    quay.app.schedules.move(added.id, quay.app.now(), "UTC", NOW)
    archive(quay.app, "daily")
    made = tick(quay.app, print)
    assert [each.problem for each in made.errors] == ["the list daily is archived: nothing is sent to it"]
    assert [each.state for each in quay.app.schedules.all()] == ["failed"]
    assert quay.app.ledger.sends() == []


def test_who_has_no_copy_yet_can_get_the_text_that_the_list_has_now(quay: Quay) -> None:
    begun = begin(quay.prepared("weekly")).send
    quay.says("weekly", sender="Havnen <havn@quay.example>")
    correcting = Correcting(quay.prepared("weekly"))
    corrected = correcting.correct(correcting.plan())
    assert corrected.id == begun.id
    assert existing(quay.prepared("weekly"))


def test_tags_are_not_read_in_what_a_list_says(quay: Quay) -> None:
    with pytest.raises(UsageError) as refused:
        quay.says("weekly", title="For {{ subscriber.name }}")
    assert "where tags are not read" in refused.value.problem


def test_a_preview_is_made_anew_once_the_list_was_set(quay: Quay) -> None:
    before = quay.app.directory.newest()
    quay.says("weekly", language="nb")
    assert quay.app.directory.newest() != before
