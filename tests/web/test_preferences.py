"""The page of preferences: what the link in a mail lets somebody choose, and what it lets nobody do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest
from quay import KEY, Quay, quay

from mailer.domain.address import Address
from mailer.domain.signed_links import LinkToken, Purpose, sign_token
from mailer.domain.subscriber import Status
from mailer.people.consents import told
from mailer.services.edit import Edit, edit
from mailer.services.fields import change

pytestmark = pytest.mark.peers
ADA = "ada@inbox.example"
FIELDS = {"port": "Bay", "berths": "3", "sails": "yes", "since": "2026-11-01", "boats": '["Tern", "Gull"]'}


@pytest.fixture
def harbour(tmp_path: Path, database_url: str) -> Iterator[Quay]:
    with quay(tmp_path, database_url) as opened:
        yield opened


@pytest.fixture
def file_harbour(tmp_path: Path) -> Iterator[Quay]:
    with quay(tmp_path, "sqlite:///mailer.db") as opened:
        yield opened


def link(harbour: Quay, person: int, purpose: Purpose = Purpose.PREFERENCES, key: bytes = KEY) -> str:
    (weekly,) = harbour.app.lists.ids(["weekly"])
    return f"{purpose.value}{sign_token(key, LinkToken(99, person, weekly), purpose)}"


def ids(harbour: Quay, *names: str) -> list[str]:
    return [str(each) for each in harbour.app.lists.ids(names)]


def said(harbour: Quay, person: int) -> list[tuple[str | None, str, str, str | None]]:
    with harbour.app.database.connect() as connection:
        return [
            (each.list_name, str(each.change), str(each.source), each.evidence.note)
            for each in told(connection, [person])
        ][1:]  # behind the one of the import


def words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", page.partition("<main>")[2])).split())


def test_it_shows_public_lists_and_those_that_they_are_on(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED, "crew")
    page = harbour.client.get(link(harbour, person)).text
    on, tides, weekly = ids(harbour, "crew", "tides", "weekly")
    assert f'name="list" value="{on}" checked' in page
    assert f'name="list" value="{tides}">' in page
    assert f'name="list" value="{weekly}">' in page
    assert "a•••@inbox.example" in page
    assert ADA not in page
    other = harbour.enrol("bo@inbox.example", Status.SUBSCRIBED, "weekly")
    assert "Crew" not in harbour.client.get(link(harbour, other)).text


def test_looking_changes_nothing(harbour: Quay) -> None:
    path = link(harbour, harbour.enrol(ADA, Status.SUBSCRIBED))
    before = harbour.tables()
    for method, status in {"GET": 200, "HEAD": 200, "OPTIONS": 405, "PUT": 405, "DELETE": 405}.items():
        assert harbour.client.request(method, f"{path}?save=yes&all=yes").status_code == status
    assert harbour.tables() == before


def test_lists_are_left_and_joined_and_it_says_so(harbour: Quay) -> None:
    harbour.app.lists.change("tides", {"double_opt_in": False}, harbour.app.now())
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    weekly, tides = ids(harbour, "weekly", "tides")
    page = harbour.client.post(link(harbour, person), data={"save": "yes", "was": weekly, "list": tides}).text
    assert "a•••@inbox.example gets no more mail from Harbour Gazette ." in words(page)
    assert "You get Tide Tables from now on." in words(page)
    assert harbour.lists_of(ADA) == {"weekly": "unsubscribed", "tides": "subscribed"}
    assert said(harbour, person) == [
        ("tides", "subscribed", "preferences page", None),
        ("weekly", "left", "preferences page", None),
    ]
    word = re.search(r'name="undo" value="([^"]+)"', page)[1]
    thanks = harbour.client.post(link(harbour, person), data={"left": word, "why": "often"}).text
    assert "Thank you for telling us." in thanks
    assert said(harbour, person)[-1] == ("weekly", "explained", "preferences page", "too often")
    back = harbour.client.post(link(harbour, person), data={"undo": word}).text
    assert "You get mail again." in words(back)
    assert harbour.lists_of(ADA)["weekly"] == "subscribed"


def test_a_list_that_wants_to_be_confirmed_or_was_left_comes_by_a_mail_alone(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    weekly, tides = ids(harbour, "weekly", "tides")
    harbour.app.lists.change("weekly", {"double_opt_in": False}, harbour.app.now())
    harbour.client.post(link(harbour, person), data={"save": "yes", "was": weekly})
    wanted = {"save": "yes", "list": [weekly, tides]}
    page = harbour.client.post(link(harbour, person), data=wanted).text
    assert "you get Harbour Gazette and Tide Tables once you confirm it there" in words(page)
    assert harbour.rung == [None]
    assert harbour.lists_of(ADA) == {"weekly": "unsubscribed"}
    harbour.deliver()
    assert harbour.lists_of(ADA) == {"weekly": "unsubscribed", "tides": "unconfirmed"}
    assert "You are on the list" in harbour.client.post(harbour.link(ADA)).text
    assert harbour.lists_of(ADA) == {"weekly": "subscribed", "tides": "subscribed"}


def test_a_page_that_was_open_for_long_brings_nobody_back(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED, "weekly", "tides")
    both = ids(harbour, "weekly", "tides")
    harbour.client.post(link(harbour, person), data={"all": "yes"})
    before = harbour.tables()
    for more in ({"was": both, "list": both}, {"list": both}, {"list": ids(harbour, "crew")}):
        page = harbour.client.post(link(harbour, person), data={"save": "yes", "field.name": "Eve", **more})
        assert "No mail goes to this address any more." in words(page.text)
    assert harbour.tables() == before


def test_nobody_is_put_on_what_is_not_public(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    harbour.app.lists.create("old", harbour.app.now(), said={"is_public": True, "double_opt_in": False})
    harbour.app.lists.change("old", {"archived_at": harbour.app.now()}, harbour.app.now())
    before = harbour.tables()
    wanted = {"save": "yes", "list": [*ids(harbour, "crew", "old"), "0", "-1", "x", "9" * 30]}
    assert "Nothing was changed." in harbour.client.post(link(harbour, person), data=wanted).text
    assert harbour.tables() == before


def test_name_language_and_the_fields_that_are_marked_so_are_theirs_to_change(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    edit(harbour.app.database, Edit(Address.parse(ADA), FIELDS | {"secret": "pearl"}), harbour.app.now())
    for name in FIELDS:
        change(harbour.app.database, name, title="Your port" if name == "port" else None, editable=True)
    page = harbour.client.get(link(harbour, person)).text
    assert "pearl" not in page
    assert "Your port" in page
    assert 'type="date" name="field.since" value="2026-11-01"' in page
    typed = {"name": "Ada Quint", "language": "de", "port": "", "berths": "4.5", "sails": "no",
             "since": "2026-11-02", "boats": "Tern"}  # fmt: skip
    form = {"save": "yes", "field.secret": "stolen"} | {f"field.{name}": text for name, text in typed.items()}
    page = harbour.client.post(link(harbour, person), data=form).text
    assert "Gespeichert: was über Sie geschrieben steht." in page
    kept = harbour.person(ADA)
    assert kept is not None
    assert (kept.name, kept.language) == ("Ada Quint", "de")
    assert kept.fields == {
        "berths": 4.5, "sails": False, "since": "2026-11-02", "boats": ["Tern"], "secret": "pearl"
    }  # fmt: skip
    (edited,) = said(harbour, person)
    assert edited[:3] == (None, "edited", "preferences page")
    assert set(str(edited[3]).split(", ")) == {*typed}


@pytest.mark.parametrize(
    ("name", "text", "words_said"),
    [
        ("berths", "four", "Please write a number, like 12 or 12.5."),
        ("since", "soon", "Please write a date"),
        ("name", "x" * 201, "Please write less, and on one line."),
        ("port", "a\x1bb", "Please write less, and on one line."),
        ("sails", "perhaps", "Please choose one of these."),
        ("language", '"><script>', "Please choose one of these."),
    ],
)
def test_what_does_not_fit_is_marked_and_nothing_is_saved(
    file_harbour: Quay, name: str, text: str, words_said: str
) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    edit(harbour.app.database, Edit(Address.parse(ADA), FIELDS), harbour.app.now())
    for each in FIELDS:
        change(harbour.app.database, each, title=None, editable=True)
    before, (weekly, tides) = harbour.tables(), ids(harbour, "weekly", "tides")
    form = {"save": "yes", "was": weekly, "list": tides, f"field.{name}": text}
    page = harbour.client.post(link(harbour, person), data=form)
    assert page.status_code == 422
    assert words_said in page.text
    assert f'aria-describedby="{name}-wrong"' in page.text
    assert f'value="{tides}" checked' in page.text  # what was ticked stays so, to be sent once more
    assert "<script" not in page.text
    assert harbour.tables() == before


def test_pausing_is_for_days_and_said_once_a_day(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED, "weekly", "tides")
    for _ in range(2):
        page = harbour.client.post(link(harbour, person), data={"pause": "2"}).text
        assert "You get no mail before" in page
    paused = harbour.person(ADA).paused
    assert len({*paused.values()}) == 1
    left = paused["weekly"] - harbour.app.now()
    assert timedelta(days=13) <= left <= timedelta(days=14)
    assert [each[:3] for each in said(harbour, person)[1:]] == [
        (name, "paused", "preferences page") for name in ("tides", "weekly")
    ]
    harbour.client.post(link(harbour, person), data={"pause": "4"})
    assert harbour.person(ADA).paused["weekly"] - paused["weekly"] == timedelta(days=14)
    page = harbour.client.post(link(harbour, person), data={"pause": "over"}).text
    assert "You get mail again." in page
    assert harbour.person(ADA).paused == {}
    before = harbour.tables()
    assert "Nothing was changed." in harbour.client.post(link(harbour, person), data={"pause": "99"}).text
    assert harbour.tables() == before


def test_a_day_is_one_where_the_workspace_is(tmp_path: Path) -> None:
    with quay(tmp_path, "sqlite:///mailer.db", TZ="Pacific/Auckland") as harbour:
        person = harbour.enrol(ADA, Status.SUBSCRIBED)
        page = harbour.client.post(link(harbour, person), data={"pause": "2"}).text
        until = harbour.person(ADA).paused["weekly"].astimezone(harbour.app.settings.zone)
        assert (until.hour, until.minute) == (0, 0)
        assert f"{until:%B} {until.day}, {until.year}" in page


def test_leaving_everything_takes_one_button_and_coming_back_another(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED, "weekly", "crew")
    page = harbour.client.post(link(harbour, person), data={"all": "yes"}).text
    assert "a•••@inbox.example gets no more mail from Harbour Gazette ." in words(page)
    assert {*harbour.lists_of(ADA).values()} == {"unsubscribed"}
    assert harbour.person(ADA).suppressed == "requested"
    word = re.search(r'name="undo" value="([^"]+)"', page)[1]
    harbour.client.post(link(harbour, person), data={"undo": word})
    assert {*harbour.lists_of(ADA).values()} == {"subscribed"}
    assert harbour.person(ADA).suppressed is None


def test_a_token_of_another_key_purpose_list_or_person_is_not_found(file_harbour: Quay) -> None:
    harbour = file_harbour
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    good = link(harbour, person)
    token = good.removeprefix("/p/")
    before = harbour.tables()
    bad = [
        f"/p/{token[:place]}{'A' if token[place] != 'A' else 'B'}{token[place + 1 :]}"
        for place in range(len(token))
    ]
    bad += [
        link(harbour, person, key=b"another"),
        *(f"{path}{token}" for path in ("/u/", "/account/", "/address/", "/confirm/")),
    ]
    bad += [
        f"/p/{link(harbour, person, purpose).rpartition('/')[2]}"
        for purpose in Purpose
        if purpose is not Purpose.PREFERENCES
    ]
    for path in bad:
        assert harbour.client.get(path).status_code == 404
        assert harbour.client.post(path, data={"all": "yes", "pause": "2"}).status_code == 404
    assert harbour.tables() == before
    assert harbour.client.get(f"{good}.").status_code == 200


def test_markup_in_names_lists_and_fields_is_text(file_harbour: Quay) -> None:
    harbour = file_harbour
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    harbour.app.lists.change("weekly", {"title": evil, "description": evil}, harbour.app.now())
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    edit(harbour.app.database, Edit(Address.parse(ADA), {"name": evil, "port": evil}), harbour.app.now())
    change(harbour.app.database, "port", title=evil, editable=True)
    weekly = ids(harbour, "weekly")[0]
    for page in (
        harbour.client.get(link(harbour, person)),
        harbour.client.post(link(harbour, person), data={"save": "yes", "was": weekly}),
    ):
        assert "<script>alert" not in page.text
        assert "<img" not in page.text
        assert "&lt;script&gt;alert(1)" in page.text


def test_who_was_erased_is_told_that_all_is_well(file_harbour: Quay) -> None:
    path = link(file_harbour, 987_654)
    assert "on none of the lists" in file_harbour.client.get(path).text
    assert file_harbour.client.post(path, data={"save": "yes", "mail": "yes"}).status_code == 200
    for form in ({"mail": "yes"}, {"pause": "2"}, {"all": "yes"}, {"undo": "x"}, {"left": "x"}):
        assert file_harbour.client.post(path, data=form).status_code == 200


def test_a_form_that_is_too_large_does_nothing(file_harbour: Quay) -> None:
    path = link(file_harbour, file_harbour.enrol(ADA, Status.SUBSCRIBED))
    before = file_harbour.tables()
    form = {"save": "yes", "was": ids(file_harbour, "weekly"), "field.name": "x" * 70_000}
    assert file_harbour.client.post(path, data=form).status_code == 413
    assert file_harbour.tables() == before


def test_a_crawler_that_follows_every_link_changes_nothing(harbour: Quay) -> None:
    person = harbour.enrol(ADA, Status.SUBSCRIBED)
    harbour.client.post(link(harbour, person), data={"mail": "yes"})
    harbour.deliver()
    mailed = re.search(r"/account/[\w-]+", harbour.mails(ADA)[0].get_body(("plain",)).get_content())
    seen, due = (
        set[str](),
        [link(harbour, person), link(harbour, person, Purpose.UNSUBSCRIBE), mailed[0], "/join"],
    )
    before = harbour.tables()
    while due:
        path = due.pop()
        if path in seen:
            continue
        seen.add(path)
        page = harbour.client.get(path)
        for method in ("HEAD", "OPTIONS"):
            harbour.client.request(method, path)
        found = re.findall(r'(?:href|src|action|formaction)="([^"]*)"', page.text)
        names = re.findall(r'<button[^>]* name="(\w+)" value="(\w+)"', page.text)
        due += [each for each in map(unescape, found) if each.startswith("/")]
        due += [f"{path}?{name}={value}" for name, value in names if "?" not in path]
    assert len(seen) > 8
    assert harbour.tables() == before
