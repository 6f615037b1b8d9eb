"""An issue out of entries: what is in it, what isn't, and that nothing in it is a tag."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mailer.compose.issue.source import read_issue
from mailer.errors import IssueError
from mailer.feeds.digest import MOST_OCTETS, Item, digest_issue
from mailer.feeds.entry import Entry, Feed
from mailer.workspace.bundled import templates_folder

DAY = date(2026, 11, 30)
FRIDAY = datetime(2026, 11, 27, 8, tzinfo=UTC)
LOG = Feed("Harbour log", "https://quay.example/", "en", ())


def entry(title: str = "Tide", summary: str = "About the tide.", full: str = "<p>All of it.</p>") -> Entry:
    return Entry(title, title, "https://quay.example/tide", FRIDAY, "Ada", summary, full, "")


def written(
    *entries: Entry,
    feed: Feed = LOG,
    folder: Path | None = None,
    name: str = "digest",
    left_out: int = 0,
    full_text: bool = False,
) -> str:
    folders = [each for each in (folder, templates_folder()) if each]
    items = [Item(each, feed) for each in entries]
    text = digest_issue(items, left_out, DAY, folders, name, "de", full_text=full_text)
    read_issue("issues/2026-11-30-digest-1-2.html", text.encode())  # it is one
    return text


def test_an_issue_tells_what_its_entries_do() -> None:
    text = written(entry(), entry("Ebb"), left_out=3)
    issue, notices = read_issue("issues/x.html", text.encode())
    assert not notices
    assert (issue.title, issue.subject, issue.lang, issue.template) == (
        "Harbour log",
        "Tide · Ebb",
        "en",
        "digest",
    )
    assert "<p><small>Ada · Friday, November 27, 2026</small></p>" in text
    assert '<h2><a href="https://quay.example/tide">Ebb</a></h2>' in text
    assert "+ 3:\n" in text


def test_feeds_in_several_languages_have_none() -> None:
    other = Feed("Hafen", "", "de", ())
    items = [Item(entry(), LOG), Item(entry("Ebbe"), other)]
    text = digest_issue(items, 0, DAY, [templates_folder()], "digest", "de", full_text=False)
    assert "lang:" not in text
    assert "Hafen · Ada · Freitag, 27. November 2026" in text
    assert '<div lang="de" dir="ltr">\n<h2><a href="https://quay.example/tide">Ebbe</a></h2>' in text


def test_a_language_that_is_none_is_left_out() -> None:
    assert "lang:" not in written(entry(), feed=Feed("Log", "", "}} \nsubject: x", ()))


def test_entries_are_whole_as_far_as_there_is_room_and_the_others_summed_up() -> None:
    long = "<p>" + "tide " * (MOST_OCTETS // 5) + "</p>"
    text = written(entry(full=long), entry("Ebb"), full_text=True)
    assert len(text) < 3_000
    assert "About the tide." in text
    assert "All of it." in text


def test_however_many_there_are_no_mailbox_provider_cuts_them_off() -> None:
    many = [entry(f"Tide {n}", "щ" * 500, "<p>щ</p>" * 500) for n in range(50)]
    assert len(written(*many, full_text=True).encode()) < MOST_OCTETS


BRACES = "{{ subscriber.email }}{% if subscriber %}{# {{{ x"


def test_nothing_that_a_feed_says_is_a_tag() -> None:
    said = Entry(
        BRACES,
        BRACES,
        f"https://quay.example/{BRACES}",
        None,
        BRACES,
        BRACES,
        f"<p>{BRACES}</p>",
        f"https://x/{BRACES}",
    )
    for full_text in (False, True):
        text = written(
            said, feed=Feed(BRACES, f"https://quay.example/{BRACES}", "", ()), left_out=1, full_text=full_text
        )
        assert not any(tag in text for tag in ("{{", "{%", "{#"))


def test_what_a_feed_says_breaks_no_front_matter() -> None:
    text = written(entry("---\nsubject: x\nfrom: other@pier.example \"' : # &a *b !!python/x"))
    issue, _ = read_issue("issues/x.html", text.encode())
    assert issue.sender == ""
    assert issue.title == "Harbour log"


def own(folder: Path, text: str) -> Path:
    (folder / "feeds").mkdir()
    (folder / "feeds" / "own.html").write_text(text, encoding="utf-8")
    return folder


def test_a_template_of_ones_own_may_speak_to_each_reader(tmp_path: Path) -> None:
    folder = own(
        tmp_path,
        "{% raw %}{{ subscriber.name }}{% endraw %}<p>{{ entries[0].title|upper }}</p>",
    )
    assert "{{ subscriber.name }}<p>&#123;&#123; X }}</p>" in written(
        entry("{{ x }}"), folder=folder, name="own"
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{% for e in entries %}", r"feeds/own\.html:1: .*"),
        ("<p>\n{{ entries[0].titel }}", "can't be laid out: .*titel"),
        ("{{ entries.__class__.__mro__ }}", "can't be laid out"),
        ("{% include 'feeds/none.html' %}", r"feeds/none\.html: there is no such template"),
        ("{{ 1 / 0 }}", "can't be laid out"),
    ],
)
def test_a_template_that_can_t_be_used_is_said(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(IssueError, match=words):
        written(entry(), folder=own(tmp_path, text), name="own")
