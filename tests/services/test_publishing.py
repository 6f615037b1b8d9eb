"""What anybody may see of an issue: nothing that is one recipient's own, and nothing that runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import html as lxml_html
from pictures import picture

from mailer.bootstrap import App
from mailer.compose.issue.source import load_issue
from mailer.domain.subscriber import SubscriberList
from mailer.message.expression.operations import CannotFill
from mailer.services.publishing import OWN_LINK, Published, published

SETTINGS = {
    "SECRET_KEY": "not-so-secret",
    "BASE_URL": "https://gazette.example",
    "POSTAL_ADDRESS": "1 Quay Street",
}


def of(root: Path, body: str, front: str = "title: The tide") -> Published:
    (root / "issues").mkdir(exist_ok=True)
    issue = root / "issues" / "tide.md"
    issue.write_text(f"---\n{front}\n---\n{body}\n", encoding="utf-8")
    weekly = SubscriberList(1, "weekly", "Harbour Weekly")
    return published(App(root, SETTINGS).compiler.compile(load_issue(issue)[0], [weekly]))


def test_a_reader_of_whom_nothing_is_known_reads_what_stands_for_them(tmp_path: Path) -> None:
    found = of(
        tmp_path,
        "Good morning, {{ subscriber.name|default('reader') }}.\n\n"
        "{% if subscriber.paid %}\nThank you.\n{% else %}\nThe subscription is due.\n{% endif %}",
    )
    assert "Good morning, reader." in found.text
    assert "The subscription is due." in found.text
    assert "Thank you." not in found.body


def test_the_links_of_one_person_are_gone_with_the_words_around_them(tmp_path: Path) -> None:
    found = of(tmp_path, "Tide.\n\n[Leave us]({{ unsubscribe_url }})\n\nOr [look]({{ browser_url }}) at it.")
    for text in (found.body, found.prose, found.text):
        assert OWN_LINK not in text
        assert "Leave us" not in text
        assert "Unsubscribe" not in text
        assert "View in browser" not in text
        assert "because you are on the list" not in text
        assert "Tide." in text
    assert "Or  at it." in found.body
    assert "<p></p>" not in found.body


@pytest.mark.parametrize("text", ["Dear {{ subscriber.name }},", "Your address: {{ subscriber.email }}"])
def test_what_needs_a_person_is_for_nobody_else(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotFill, match="subscriber"):
        of(tmp_path, text)


def test_images_of_the_mail_have_names_beside_the_page(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues/quay.png").write_bytes(picture("PNG", 64, 32))
    found = of(tmp_path, "![The quay](quay.png)\n\n![Again](quay.png)")
    assert list(found.images) == ["image-1.png"]
    assert found.images["image-1.png"].content == (tmp_path / "issues/quay.png").read_bytes()
    for text in (found.body, found.prose):
        shown = lxml_html.fragment_fromstring(text, create_parent="div").xpath(".//img/@src")
        assert shown == ["image-1.png", "image-1.png"]


def test_the_summary_is_the_line_an_inbox_shows_else_the_beginning(tmp_path: Path) -> None:
    assert of(tmp_path, "Long.", "title: Tide\ndescription: It was late.").summary == "It was late."
    cut = of(tmp_path, "word " * 100).summary
    assert cut.startswith("word word")
    assert cut.endswith("word…")


def test_prose_keeps_tables_of_data_and_nothing_of_the_layout(tmp_path: Path) -> None:
    prose = of(tmp_path, "Before.\n\n| hour | height |\n|---|---|\n| 4 | 2 m |\n\nAfter **it**.").prose
    assert "<td>4</td>" in prose
    assert "style=" not in prose
    assert "Quay Street" not in prose
    assert "<strong>it</strong>" in prose


def test_what_feeds_can_not_say_is_not_in_it(tmp_path: Path) -> None:
    found = of(tmp_path, "A form feed: \x0c, and \ufffe.")
    assert "\x0c" not in found.body + found.prose
    assert "\ufffe" not in found.body + found.prose
