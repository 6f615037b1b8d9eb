"""What the unsubscribe page offers beside the one button: all lists, a way back, the reader's language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path

import httpx
import pytest
from harbour import KEY, NOW, Harbour
from members import shut_out
from sqlalchemy import insert, select, update

from mailer.bootstrap import App
from mailer.compose.issue.source import load_issue
from mailer.domain.audience import Audience
from mailer.domain.signed_links import read_undo, sign_undo
from mailer.domain.subscriber import Left
from mailer.errors import UsageError
from mailer.people.lists import Lists
from mailer.store.schema import revisions, sends, subscribers, suppressions
from mailer.workspace.bundled import templates_folder
from mailer.workspace.words import accepted, choose, read_words

numbers = count()


@pytest.fixture(scope="module")
def client(harbour: Harbour) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=harbour.url, timeout=120) as opened:
        yield opened


def reader(harbour: Harbour, *lists: int, language: str = "") -> tuple[int, str]:
    """A new subscriber's id and link: of a mail to the list weekly alone."""
    person = harbour.join(f"chooser-{next(numbers)}@bay.example", *lists)
    if language:
        with harbour.database.begin() as connection:
            connection.execute(
                update(subscribers).where(subscribers.c.id == person).values(language=language)
            )
    return person, f"/u/{harbour.token(person, send_id=9999)}"


def undo_word(page: httpx.Response) -> str:
    return re.findall(r'name="undo" value="([^"]+)"', page.text)[0]


def suppressed(harbour: Harbour, person: int) -> list[str]:
    with harbour.database.connect() as connection:
        key = select(subscribers.c.email_key).where(subscribers.c.id == person).scalar_subquery()
        return list(connection.scalars(select(suppressions.c.reason).where(suppressions.c.who == key)))


def test_whoever_slipped_comes_back_by_a_button_of_that_page(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour)
    page = client.post(link)
    assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"
    again = client.post(link, data={"undo": undo_word(page)})
    assert "You are subscribed again" in again.text
    assert harbour.status(person) == {harbour.weekly: ("subscribed", "unsubscribe page, undone")}
    assert "Unsubscribe from" in client.get(link).text


def test_there_is_a_way_back_only_from_what_that_button_did(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour)
    first = client.post(link)
    assert 'name="undo"' not in client.post(link).text  # there was nothing to leave any more
    assert 'name="undo"' not in client.get(link).text
    other, other_link = reader(harbour)
    client.post(other_link)
    word = undo_word(first)
    changed = word[:-1] + ("0" if word[-1] != "0" else "1")
    for wrong in ("x", "", changed, word.replace(".0.", ".1.", 1), "1.0.1.é"):
        client.post(link, data={"undo": wrong})
        assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"
    client.post(other_link, data={"undo": word})
    assert harbour.status(other)[harbour.weekly][0] == "unsubscribed"
    client.get(link, params={"undo": word})
    assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"
    client.post(link, data={"undo": word})
    assert harbour.status(person)[harbour.weekly][0] == "subscribed"
    client.post(link)
    late = client.post(link, data={"undo": word})  # once more, after another departure
    assert "be undone here any more" in late.text
    assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"


def test_the_way_back_is_open_for_an_hour() -> None:
    left = Left(NOW, (3, 14), everywhere=True)
    word = sign_undo(KEY, 7, left)
    assert read_undo(KEY, 7, word, NOW + timedelta(minutes=60)) == left
    assert read_undo(KEY, 7, word, NOW + timedelta(minutes=61)) is None
    assert read_undo(KEY, 8, word, NOW) is None
    assert read_undo(b"another key", 7, word, NOW) is None


def test_the_second_button_leaves_every_list_for_good(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour, harbour.weekly, harbour.tides)
    page = client.get(link)
    assert page.text.count("<button") == 2
    assert "Unsubscribe from all lists of" in page.text
    assert "Tide Tables" not in page.text  # which lists somebody is on is nobody else's to see
    gone = client.post(link, data={"all": "yes"})
    assert "gets no more mail from" in gone.text
    assert {status for status, _ in harbour.status(person).values()} == {"unsubscribed"}
    assert suppressed(harbour, person) == ["requested"]
    client.post(link, data={"undo": undo_word(gone)})
    assert {status for status, _ in harbour.status(person).values()} == {"subscribed"}
    assert suppressed(harbour, person) == []


def test_a_suppression_of_another_origin_stays(harbour: Harbour, client: httpx.Client) -> None:
    person, link = reader(harbour)
    with harbour.database.connect() as connection:
        key = connection.scalar(select(subscribers.c.email_key).where(subscribers.c.id == person))
    shut_out(harbour.database, str(key), "complained")
    gone = client.post(link, data={"all": "yes"})
    undone = client.post(link, data={"undo": undo_word(gone)})
    assert suppressed(harbour, person) == ["complained"]
    assert "subscribed again" not in undone.text
    assert "be undone here any more" in undone.text
    assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"


def test_what_was_decided_since_is_not_undone_with_the_first_departure(
    harbour: Harbour, client: httpx.Client
) -> None:
    person, link = reader(harbour, harbour.weekly, harbour.tides)
    first = undo_word(client.post(link))
    client.post(link, data={"all": "yes"})
    assert "be undone here any more" in client.post(link, data={"undo": first}).text
    assert {status for status, _ in harbour.status(person).values()} == {"unsubscribed"}
    assert suppressed(harbour, person) == ["requested"]


def test_who_left_one_list_anew_is_not_said_to_be_back_by_the_old_word(
    harbour: Harbour, client: httpx.Client
) -> None:
    person, link = reader(harbour, harbour.weekly, harbour.tides)
    word = undo_word(client.post(link, data={"all": "yes"}))
    client.post(link, data={"undo": word})
    client.post(link)
    assert "be undone here any more" in client.post(link, data={"undo": word}).text
    assert harbour.status(person)[harbour.weekly][0] == "unsubscribed"
    assert harbour.status(person)[harbour.tides][0] == "subscribed"


def test_who_presses_the_button_twice_is_back_all_the_same(harbour: Harbour, client: httpx.Client) -> None:
    _, link = reader(harbour)
    word = undo_word(client.post(link))
    for _ in range(2):
        assert "You are subscribed again" in client.post(link, data={"undo": word}).text


def test_whoever_is_told_to_write_to_come_back_does_not_write_that_they_leave(
    harbour: Harbour, client: httpx.Client
) -> None:
    _, link = reader(harbour)
    assert '?subject=subscribe"' in client.post(link, data={"undo": "x"}).text
    assert '?subject=unsubscribe"' in client.get("/u/nothing").text


@pytest.mark.parametrize(
    ("language", "says", "lang"),
    [
        ("de", "abbestellen?", '<html lang="de">'),
        ("de-AT", "abbestellen?", '<html lang="de">'),
        ("fr", "Se désabonner de", '<html lang="fr">'),
        ("es", "¿Darse de baja de", '<html lang="es">'),
        ("no", "Melde deg av", '<html lang="nb">'),
        ("nb", "Melde deg av", '<html lang="nb">'),
        ("he", "להסיר מהרשימה", '<html lang="he" dir="rtl">'),
        ("ar", "إلغاء الاشتراك", '<html lang="ar" dir="rtl">'),
        ("xx", "Unsubscribe from", '<html lang="en">'),
    ],
)
def test_the_page_speaks_the_readers_language(
    harbour: Harbour, client: httpx.Client, language: str, says: str, lang: str
) -> None:
    _, link = reader(harbour, harbour.weekly, harbour.tides, language=language)
    page = client.get(link, headers={"Accept-Language": "it"})
    assert says in page.text
    assert lang in page.text
    assert "<title>" in page.text
    assert "· Harbour Gazette</title>" in page.text
    left = client.post(link)
    assert lang in left.text


@pytest.mark.parametrize("lang", ["de", "he"])
@pytest.mark.parametrize("name", ["issue.md", "issue.html", "issue.txt"])
def test_without_a_language_of_the_readers_it_is_the_mails(
    harbour: Harbour, client: httpx.Client, tmp_path: Path, name: str, lang: str
) -> None:
    file = tmp_path / name
    file.write_text(f"---\ntitle: Hafen\nlang: {lang}\n---\nText ü ä — {{{{ unsubscribe_url }}}}\n")
    issue, _ = load_issue(file)
    template = App(tmp_path, {}).compiler.compile(issue, [Lists(harbour.database).named("weekly")])
    audience = Audience(lists=("weekly",)).canonical()
    row = {"slug": f"{name}-{lang}", "audience": audience, "subject": "x", "revision": "0", "created_at": NOW}
    with harbour.database.begin() as connection:
        send = connection.execute(insert(sends), row).inserted_primary_key[0]
        text = {"send_id": send, "no": 1, "revision": "0", "subject": "x", "template": template.dump()}
        connection.execute(insert(revisions), text | {"since": NOW})
    person, _ = reader(harbour)
    page = client.get(f"/u/{harbour.token(person, send_id=send)}", headers={"Accept-Language": "fr"})
    assert f'<html lang="{lang}"' in page.text


def test_where_nobody_is_known_the_browser_chooses(client: httpx.Client) -> None:
    for header, lang in (("de-CH,de;q=0.9", "de"), ("it, fr;q=0.5, en;q=0.4", "fr"), ("*", "en"), ("", "en")):
        page = client.get("/u/nothing", headers={"Accept-Language": header})
        assert f'<html lang="{lang}">' in page.text
    assert accepted("en;q=0.5, he, de;q=0.9, x;q=y, ar;q=0") == ["he", "de", "en"]


def test_every_language_has_all_the_words_and_fills_in_the_same() -> None:
    tables = read_words([templates_folder()])
    assert {"en", "de", "fr", "es", "nb", "he", "ar"} <= tables.keys()
    for words in tables.values():
        assert words.keys() == tables["en"].keys()
        for name, text in words.items():
            assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", tables["en"][name])), name


def test_a_catalogue_that_is_none_is_named(tmp_path: Path) -> None:
    own = tmp_path / "web" / "words"
    own.mkdir(parents=True)
    for text, problem in (
        ("leave = Annulla", "Unknown or misformatted keyword"),
        ('msgid "leav"\nmsgstr "Annulla"\n', "no words are called 'leav'"),
    ):
        (own / "it.po").write_text(text)
        with pytest.raises(UsageError, match=rf"it\.po: {problem}"):
            read_words([tmp_path, templates_folder()])


def test_what_is_not_translated_yet_is_english(tmp_path: Path) -> None:
    own = tmp_path / "web" / "words"
    own.mkdir(parents=True)
    guessed = '#, fuzzy\nmsgid "undo"\nmsgstr "Forse"\n'
    (own / "it.po").write_text(f'msgid "leave"\nmsgstr ""\n\n{guessed}')
    words = choose(read_words([tmp_path, templates_folder()]), ["it"])
    assert (words.say("leave"), words.say("undo")) == ("Unsubscribe", "Subscribe again")


def test_a_workspaces_own_words_win(tmp_path: Path) -> None:
    own = tmp_path / "web" / "words"
    own.mkdir(parents=True)
    for language, word in (("en", "Let me go"), ("it", "Annulla")):
        (own / f"{language}.po").write_text(f'msgid "leave"\nmsgstr "{word}"\n')
    tables = read_words([tmp_path, templates_folder()])
    assert choose(tables, ["en"]).say("leave") == "Let me go"
    assert choose(tables, ["it"]).say("leave") == "Annulla"
    assert choose(tables, ["it"]).say("left_title") == "You are unsubscribed"
    assert choose(tables, ["de"]).say("leave") == "Abmelden"
    assert "<b>" not in choose(tables, ["de"]).say("leave_one", list="<b>")
