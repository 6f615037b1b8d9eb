"""Issues from before are in the archive: cleaned, dated, found by their words, and never sent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from members import NOW
from sqlalchemy import func, select

from mailer.bootstrap import App
from mailer.errors import IssueError, UsageError
from mailer.people.lists import Lists
from mailer.services.archive import Archive
from mailer.services.archive_import import import_issues
from mailer.store.schema import sends

POSTAL = "1 Quay Street"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d4944415478da63fcffff3f030005fe02fea72d1a8a0000000049454e44ae426082"
)
HTML = """<html lang="en"><head><style>p { color: #123 }</style></head><body>
<h1 onclick="alert(1)">The lamp</h1><script>alert(2)</script>
<p>A new lamp for the <b>north mole</b>. <img src="cid:lamp" alt="The lamp" width="20" height="20"></p>
<p><a href="javascript:alert(3)">Read on</a> or <a href="https://gazette.example/lamp">here</a></p>
<p><a href="https://old.example/leave/SECRET1">Leave</a></p>
<p><a href="https://old.example/p/SECRET2">Update your preferences</a></p>
<p><a href="https://old.example/v/SECRET3">View in your browser</a></p>
<img src="https://old.example/o/SECRET4" width="1" height="1">
</body></html>"""


@pytest.fixture
def app(tmp_path: Path, database_url: str) -> Iterator[App]:
    made = App(tmp_path, {"DATABASE_URL": database_url, "SECRET_KEY": "k", "POSTAL_ADDRESS": POSTAL})
    Lists(made.database).create("weekly", NOW, "Harbour Weekly", said={"is_public": True})
    Lists(made.database).create("tides", NOW, "Tides", said={"is_public": True})
    yield made
    made.let_go()


def mail(folder: Path, html: str = HTML, name: str = "2021-lamp.eml", **fields: str) -> Path:
    message = EmailMessage()
    said = {
        "Subject": "Löschpapier und Lampen",
        "Date": "Sun, 14 Mar 2021 09:30:00 +0100",
        "From": "editor@gazette.example",
        "To": "Ada <ada@quay.example>",
        "List-Unsubscribe": "<https://old.example/leave/SECRET1>, <mailto:off@old.example>",
    }
    for field, value in (said | fields).items():
        if value:
            message[field] = value
    message.set_content("A new lamp for the north mole.")
    message.add_alternative(html, subtype="html")
    message.get_payload()[1].add_related(PNG, "image", "png", cid="<lamp>")
    file = folder / name
    file.write_bytes(bytes(message))
    return file


def issue(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def slugs(app: App, name: str = "weekly") -> list[tuple[str, datetime]]:
    found = next(each for each in Archive(app).lists() if each.about.name == name)
    return [(each.slug, each.sent_at.astimezone(UTC)) for each in found.issues]


def test_files_and_mails_are_there_by_their_dates_and_nothing_is_sent(app: App, tmp_path: Path) -> None:
    text = "# The tide\n\nHigh water for {{ subscriber.name|default('all') }}."
    by_name = issue(tmp_path, "2022-05-17-tide.md", text)
    by_field = issue(tmp_path, "gate.md", "---\ntitle: The gate\ndate: 2020-01-02\n---\n\nThe gate is open.")
    taken = import_issues(app, [by_name, by_field, mail(tmp_path)], "weekly")
    assert [each.became for each in taken] == ["new"] * 3
    assert slugs(app) == [
        ("tide", datetime(2022, 5, 17, tzinfo=UTC)),
        ("2021-lamp", datetime(2021, 3, 14, 8, 30, tzinfo=UTC)),
        ("gate", datetime(2020, 1, 2, tzinfo=UTC)),
    ]
    assert slugs(app, "tides") == []
    with app.database.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(sends)) == 0


def test_twice_is_once_and_a_changed_file_takes_the_place(app: App, tmp_path: Path) -> None:
    files = [mail(tmp_path), issue(tmp_path, "2022-05-17-tide.md", "# The tide\n\nHigh water.")]
    import_issues(app, files, "weekly")
    assert [each.became for each in import_issues(app, files, "weekly")] == ["unchanged"] * 2
    files[1].write_text("# The tide\n\nLow water.")
    assert [each.became for each in import_issues(app, files, "weekly")] == ["unchanged", "changed"]
    assert len(slugs(app)) == 2
    assert Archive(app).matching("low water")
    assert not Archive(app).matching("high water")


def test_a_mail_is_cleaned_and_what_was_one_persons_is_left_out(app: App, tmp_path: Path) -> None:
    import_issues(app, [mail(tmp_path)], "weekly")
    archive = Archive(app)
    (found,) = archive.lists()[1].issues
    said = archive.content(found)
    assert said is not None
    assert (said.title, found.title) == ("Löschpapier und Lampen",) * 2
    everything = said.body + said.prose + said.text + said.summary
    for word in ("SECRET", "alert", "script", "onclick", "ada@", "Leave", "preferences", "browser"):
        assert word not in everything, word
    assert 'href="https://gazette.example/lamp"' in said.body
    assert "A new lamp for the north mole." in said.text
    assert said.images["image-1.png"].content == PNG
    assert 'src="image-1.png"' in said.body


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("mole", True),
        ("MOL", True),
        ("lamp mole", True),
        ("losch", True),  # of the title, without its accent
        ('"north mole"', True),
        ('"mole north"', False),
        ("„north mole“ lamp", True),
        ("ole", False),
        ('" OR title:lamp* NOT (', False),
        ("'; DROP TABLE lists; --", False),
        ("lamp & !mole | x:*", False),
        ("", False),
        ("\x00", False),
    ],
)
def test_it_is_found_by_its_words(app: App, tmp_path: Path, asked: str, found: bool) -> None:
    import_issues(app, [mail(tmp_path)], "weekly")
    assert bool(Archive(app).matching(asked)) is found


def test_what_has_it_in_the_title_or_more_often_comes_first(app: App, tmp_path: Path) -> None:
    rarely = "A herring and much else. " + "Water. " * 200
    files = [
        issue(tmp_path, "2022-05-01-news.md", f"# News\n\n{rarely}"),
        issue(tmp_path, "2022-05-02-fish.md", f"# Fish\n\n{'herring ' * 12}"),
    ]
    import_issues(app, files, "weekly")
    archive = Archive(app)
    keys = {each.key: each.slug for listed in archive.lists() for each in listed.issues}
    assert [keys[key] for key in archive.matching("herring")] == ["fish", "news"]


def test_what_is_taken_away_is_found_no_more(app: App, tmp_path: Path) -> None:
    import_issues(app, [mail(tmp_path)], "weekly")
    Archive(app).hide("2021-lamp")
    assert slugs(app) == []
    assert not Archive(app).matching("lamp")


def test_a_dry_run_changes_nothing(app: App, tmp_path: Path) -> None:
    assert [each.slug for each in import_issues(app, [mail(tmp_path)], "weekly", dry_run=True)] == [
        "2021-lamp"
    ]
    assert slugs(app) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("tide.md", "# The tide\n\nHigh water.", "when it was sent"),
        ("2022-05-17-tide.md", "# The tide\n\nDear {{ subscriber.name }}.", "for each reader another"),
        ("2021-lamp.md", "---\ntitle: x\ndate: 2021-03-15\n---\n\nx", "would be 2021-lamp"),
        ("none.eml", "Date: Sun, 14 Mar 2021 09:30:00 +0100\n\n", "shows nothing"),
    ],
)
def test_one_that_cannot_be_used_is_named_and_none_is_taken_in(
    app: App, tmp_path: Path, name: str, text: str, words: str
) -> None:
    with pytest.raises(IssueError, match=words) as refused:
        import_issues(app, [mail(tmp_path), issue(tmp_path, name, text)], "weekly")
    assert name in refused.value.problem
    assert slugs(app) == []


def test_a_mail_that_shows_its_recipient_or_no_date_is_refused(app: App, tmp_path: Path) -> None:
    for html in (
        "<p>Sent to ADA@quay.example</p>",
        '<a href="https://x.example/?m=ada%40quay.example">x</a>',
    ):
        with pytest.raises(IssueError, match=r"ada@quay\.example"):
            import_issues(app, [mail(tmp_path, html)], "weekly")
    with pytest.raises(IssueError, match="no date"):
        import_issues(app, [mail(tmp_path, Date="")], "weekly")
    with pytest.raises(UsageError, match="daily"):
        import_issues(app, [mail(tmp_path)], "daily")
