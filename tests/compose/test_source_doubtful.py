"""What looks like front matter: read as such, or refused with how to write it, never mailed as text."""

from __future__ import annotations

import pytest

from mailer.compose.issue.source import read_issue
from mailer.errors import IssueError


def refusal(text: str, ending: str = "md") -> IssueError:
    with pytest.raises(IssueError) as caught:
        read_issue(f"issues/harbour.{ending}", text.encode())
    assert caught.value.next_step
    return caught.value


@pytest.mark.parametrize(
    ("first", "meant"),
    [
        ("Motto", "did you mean 'epigraph'?"),
        ("Masthead", "did you mean 'params.masthead'?"),
        ("Author", "did you mean 'byline'?"),
        ("Descripton", "did you mean 'description'?"),
        ("Überschrift", "did you mean 'title'?"),
        ("Weather", "is ignored"),
    ],
)
def test_keys_of_which_one_is_known_are_front_matter_whatever_comes_first(first: str, meant: str) -> None:
    text = f"{first}: Let the tide be late\nTitle: The tide\nList: weekly\n\nThe ferry sails."
    issue, notices = read_issue("issues/x.md", text.encode())
    assert (issue.title, issue.lists, issue.body) == ("The tide", ("weekly",), "The ferry sails.")
    assert [(each.line, each.text) for each in notices] == [
        (1, f"unknown key {first!r}{'' if meant.startswith('is') else ';'} {meant}")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Titel: Die Ebbe\nListe: weekly\n\nText.",
        "Titel: Die Ebbe\n\nText.",
        "\nTitle: The tide\nList: weekly\n\nText.",
        "\n\n---\ntitle: The tide\n---\nText.",
        "  Title: The tide\n  List: weekly\n\nText.",
        "title: The tide\nlist: weekly\n---\nText.",
        "title: The tide\nlist:\n  - weekly\n\nText.",
        "epigraph:\n  text: Late\ntitle: x\n\nText.",
        'title = "The tide"\nlist = "weekly"\n\nText.',
        '{\n  "title": "The tide",\n  "list": "weekly"\n}\n\nText.',
        '{"title": "The tide", "list": "weekly"}\n\nText.',
        ":title: The tide\n:list: weekly\n\nText.",
        "#+TITLE: The tide\n#+DATE: 2026-11-22\n\nText.",
        "```yaml\ntitle: The tide\nlist: weekly\n```\n\nText.",
        "----\ntitle: The tide\nlist: weekly\n----\n\nText.",
        "—-\ntitle: The tide\nlist: weekly\n—-\n\nText.",
        " ---\ntitle: The tide\n ---\n\nText.",
        "---\nTitel: Die Ebbe\n\nText.",
        "+++\ntitle = 'The tide'\n\nText.",
        "**Title:** The tide\n**List:** weekly\n\nText.",
        "- Title: The tide\n- List: weekly\n\nText.",
        "Title:The tide\nList:weekly\n\nText.",
        "Title：The tide\nList：weekly\n\nText.",
        "From: Ada\nTo: all\nSubject: The ferry\nDate: Monday\n\nDear all,",
        "Date: Saturday\nPlace: Harbour hall\nAdmission: free\n\nText.",
        "The tide\nTitle: The tide\nList: weekly\n\nText.",
        "Motto: Let the tide be late\n\nTitle: The tide\nList: weekly\n\nText.",
        "The tide\n########\n\n:date: 2026-11-22\n:slug: low-tide\n\nText.",
        "The tide\n\nCreated: November 22, 2026\nTags: sea, moon\n\nText.",
        "Betreff: Die Ebbe\nAn: alle\n\nText.",
        "An: alle\nVon: Ada\n\nText.",
        "נושא: גאות\nמאת: עדה\n\nטקסט.",
        "タイトル：潮\n件名：海\n\n本文。",
        "Status: draft\n\nText.",
        "Veröffentlicht: ja\nStatus: Entwurf\nTags: Meer\nKategorie: Ebbe\n\nText.",
        "published:: false\n\nText.",
        "% The tide\n% Ada Quint\n\nText.",
        "#+TITLE: The tide\n\nText.",
        "= The tide\nAda Quint\n\nText.",
        "\\title{The tide}\n\nText.",
        "import Map from './map'\n\nText.",
        '---json\n{ "title": "The tide" }\n---\n\nText.',
        "---js\n{ title: 'The tide' }\n---\n\nText.",
        ";;;\ntitle: The tide\n;;;\n\nText.",
    ],
)
@pytest.mark.parametrize("ending", ["md", "txt"])
def test_what_looks_like_front_matter_and_is_none_is_refused(text: str, ending: str) -> None:
    refusal(text, ending)


@pytest.mark.parametrize(
    "text",
    [
        "Dear readers:\n\nText.",
        "Note: the ferry is late.\n\nText.",
        "When: Monday\nWhere: the quay\n\nText.",
        "Flour: a pound\nSalt: a pinch\n\nText.",
        "Ada: What is a tide?\nBram: Water that moves.\n\nText.",
        "Motto: Let the tide be late\n\nText.",
        "Status: the bridge is closed.\n\nText.",
        "# Regatta\n\nDate: Monday\nPlace: the quay\n\nText.",
        "# Book of the month\n\nTitle: The tide\nAuthor: Ada\nPages: 100\n\nText.",
        "The hall\n\nFrom: the quay\nTo: the mole\n\nText.",
        "- Tide: water\n- Moon: stone\n\nText.",
        "100 % of the ferries sail.\n\nText.",
        "= = = = =\n\nText.",
        "# The desk\n\nPhone: 555 0100\nNewsletter: every Monday\n\nText.",
        "Status\n\nThe bridge: open\nThe ferry: late\n\nText.",
        "Import and export from the harbour\n\nText.",
    ],
)
def test_an_article_is_no_front_matter(text: str) -> None:
    issue, _ = read_issue("issues/x.md", text.encode())
    kept = [line for line in text.split("\n") if line and not line.startswith("# ")]
    assert all(line in issue.body for line in kept)


@pytest.mark.parametrize("unseen", ["\ufeff", "\ufeff\ufeff", "\u200b", "\u200f"])
@pytest.mark.parametrize("text", ["Title: The tide\n\nText.", "---\ntitle: The tide\n---\nText."])
def test_what_nobody_sees_before_it_does_not_hide_it(unseen: str, text: str) -> None:
    issue, _ = read_issue("issues/x.md", f"{unseen}{text}".encode())
    assert (issue.title, issue.body) == ("The tide", "Text.")


def test_an_issue_does_not_become_another_one_by_being_read_anew() -> None:
    """A file that was sent under its name, keys and all, would go out once more under its slug."""
    assert refusal("Motto: Late\nTitle: The tide\nSlug: low-tide\n\nText.").line == 3


def test_front_matter_above_says_that_keys_are_the_text() -> None:
    text = "Date: Saturday\nPlace: Harbour hall\n\nCome early."
    assert "put its front matter above it" in str(refusal(text).next_step)
    issue, _ = read_issue("issues/x.md", f"---\ntitle: The hall\n---\n{text}".encode())
    assert issue.body == text


@pytest.mark.parametrize(
    ("key", "meant"),
    [("sender: Ada <ada@quay.example>", "from"), ("liste: weekly", "list"), ("entwurf: ja", "draft")],
)
def test_another_word_for_what_decides_who_gets_it_is_refused(key: str, meant: str) -> None:
    assert f"did you mean {meant!r}?" in refusal(f"---\ntitle: T\n{key}\n---\nText.").problem


@pytest.mark.parametrize("said", ["status: draft", "published: false", "publish: no", "visibility: hidden"])
def test_what_says_elsewhere_that_it_is_not_to_go_out_is_refused(said: str) -> None:
    assert "draft: true" in str(refusal(f"---\ntitle: T\n{said}\n---\nText.").next_step)


@pytest.mark.parametrize("said", ["status: published", "published: true", "tags: [a, b]", "layout: post"])
def test_front_matter_of_site_generators_is_read(said: str) -> None:
    issue, (notice,) = read_issue("x.md", f"---\ntitle: T\n{said}\n---\nText.".encode())
    assert (issue.body, notice.line) == ("Text.", 3)
