"""An issue file becomes an Issue: titles, slugs, encodings, and files that are none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.issue.inherited import in_language
from mailer.compose.issue.source import default_slug, load_issue, read_issue
from mailer.domain.issue import Issue, Kind
from mailer.errors import ExitCode, IssueError


def read(text: str, path: str = "issues/harbour.md") -> Issue:
    return read_issue(path, text.encode())[0]


def test_the_first_heading_is_the_title_and_leaves_the_body():
    issue = read("\n# The *late* tide\n\nThe pilots wait.\n")
    assert (issue.title, issue.subject) == ("The late tide", "The late tide")
    assert (issue.body, issue.body_line) == ("The pilots wait.", 4)
    assert not issue.title_in_body


def test_an_underlined_heading_is_one_too():
    assert read("The tide\n========\n\nBody").title == "The tide"


def test_a_heading_further_down_is_the_title_and_stays():
    issue = read("*From the pier*\n\n# The tide\n\nBody")
    assert issue.title == "The tide"
    assert "# The tide" in issue.body
    assert issue.title_in_body


def test_a_heading_that_repeats_the_title_is_not_printed_twice():
    assert read("---\ntitle: The tide\n---\n# The tide\n\nBody").body == "Body"


def test_another_heading_than_the_title_stays():
    assert read("---\ntitle: The tide\n---\n# High water\n\nBody").body == "# High water\n\nBody"


def test_no_heading_is_looked_for_in_code_or_quotes():
    issue = read("---\nsubject: s\n---\n```\n# code\n```\n\n> # quote\n\nBody")
    assert issue.title == "s"


@pytest.mark.parametrize(
    "text",
    [
        "# For {{ subscriber.name|default('*you*') }}\n\nB",
        "---\ntitle: For {{ subscriber.name }}\n---\nB",
        "---\ntitle: T\nepigraph: {text: x, source: '{{ subscriber.name }}'}\n---\nB",
        "---\ntitle: T\nstandfirst: '{{ subscirber.name }}'\n---\nB",
    ],
)
def test_a_tag_where_none_is_read_is_refused(text: str):
    with pytest.raises(IssueError, match=r"subscri?b"):
        read(text)


def test_literal_braces_may_stand_in_a_title_and_tags_in_a_subject():
    issue = read("---\ntitle: The {{ it's 5 }} club\nsubject: For {{ subscriber.name }}\n---\nB")
    assert (issue.title, issue.subject) == ("The {{ it's 5 }} club", "For {{ subscriber.name }}")


def test_a_text_without_title_takes_its_first_line_and_keeps_it():
    issue = read("\n\n   THE HARBOUR\n   GAZETTE\n\nBody", "issues/harbour.txt")
    assert (issue.kind, issue.title) == (Kind.TEXT, "THE HARBOUR")
    assert issue.body == "   THE HARBOUR\n   GAZETTE\n\nBody"
    assert (issue.body_line, issue.title_in_body) == (3, True)


@pytest.mark.parametrize(
    ("html", "title", "in_body"),
    [
        ("<h1 class='x'>The <em>late</em> tide &amp; we</h1><p>b</p>", "The late tide & we", True),
        ("<html><head><title>The tide</title></head><body>b</body></html>", "The tide", False),
    ],
)
def test_html_takes_its_heading_or_title(html: str, title: str, in_body: bool):
    issue = read(html, "issues/harbour.html")
    assert (issue.title, issue.title_in_body) == (title, in_body)


@pytest.mark.parametrize(
    ("path", "slug"),
    [
        ("issues/2026-11-22-harbour.md", "harbour"),
        ("issues/harbour/index.md", "harbour"),
        ("issues/2026-11-22-harbour/index.md", "harbour"),
        ("issues/2026-11-22.md", "2026-11-22"),
        ("issues/My Late Tide.txt", "my-late-tide"),
        ("issues/Marée.md", "marée"),
        ("issues/a..b.md", "a-b"),
    ],
)
def test_the_file_name_makes_the_slug(path: str, slug: str):
    assert read("# T\n\nb" if path.endswith("md") else "b", path).slug == slug


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \r\n\t\n", "is empty"),
        ("# T\n\nf\xfcr".encode("latin-1"), ":3: column 2 is not UTF-8 (byte 0xfc)"),
        (b"\xff\xfe#\x00 ", "neither UTF-8 nor UTF-16"),
        (b"# T\n\na\x00b", ":3: holds the control character U+0000"),
        (b"# Only a title", "has no text"),
        (b"x" * 2_000_001, "2,000,000"),
    ],
)
def test_a_file_that_is_no_issue_says_why(data: bytes, said: str):
    with pytest.raises(IssueError) as caught:
        read_issue("issues/harbour.md", data)
    assert said in str(caught.value)
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-8"])
def test_a_file_says_itself_how_it_is_encoded(encoding: str):
    issue = read_issue("issues/harbour.md", "# Größe\r\n\r\nMeer".encode(encoding))[0]
    assert (issue.title, issue.body) == ("Größe", "Meer")


def test_control_characters_are_taken_out_with_a_notice():
    issue, notices = read_issue("issues/harbour.md", "# T\n\na\x1bb\fc \x93d\x94\n\x1b".encode())
    assert issue.body == "ab c “d”"
    assert [(notice.line, notice.text) for notice in notices] == [
        (3, "the control character U+001B was taken out (and on 1 more line)"),
        (3, "the control character U+000C was taken out"),
        (3, "the control character U+0093 was read as “, which it is in Windows-1252"),
        (3, "the control character U+0094 was read as ”, which it is in Windows-1252"),
    ]


@pytest.mark.parametrize(
    ("text", "ending", "title"),
    [
        ("The pilots wait for the *tide*.\n\nMore.", "md", "The pilots wait for the tide."),
        ("Dear {{ subscriber.name }},\n\nthe tide is late.", "md", "the tide is late."),
        ("## No. 7\n\nText", "md", "No. 7"),
        ("word " * 40, "md", "word " * 14 + "…"),
        ("![](pier.png)", "md", "Late tide"),
        ("<p>Low <b>water</b></p>\n<p>More</p>", "html", "Low water"),
        ("<h1>Dear {{ subscriber.name }}</h1>\n<p>More</p>", "html", "More"),
        ("<!doctype html><title>{{ issue.subject }}</title><!-- <h1>Old</h1> --><p>More", "html", "More"),
    ],
)
def test_an_issue_without_title_takes_its_first_words(text: str, ending: str, title: str):
    issue, notices = read_issue(f"issues/late-tide.{ending}", text.encode())
    assert issue.title == " ".join(title.split())
    assert "has no title" in notices[0].text
    assert issue.body == text.rstrip()


def test_a_whole_document_says_its_language_itself():
    html = "<!doctype html><html class=x lang='pt-BR'><title>T</title><body>Oi</body></html>"
    assert read(html, "issues/x.html").lang == "pt-BR"
    assert read(f"---\nlang: de\n---\n{html}", "issues/x.html").lang == "de"


def test_another_ending_is_refused():
    with pytest.raises(IssueError, match=r"\.docx is not"):
        read_issue("issues/harbour.docx", b"x")


def test_no_such_file_suggests_the_near_ones(tmp_path: Path):
    there = tmp_path / "2026-11-22-harbour.md"
    there.write_text("# T\n\nBody")
    for name in ("2026-11-22-harbor.md", "harbour.md"):
        with pytest.raises(IssueError, match="no such issue file") as caught:
            load_issue(tmp_path / name)
        assert str(there) in str(caught.value.next_step)
    assert load_issue(there)[0].slug == "harbour"


def test_a_folder_is_no_issue(tmp_path: Path):
    with pytest.raises(IssueError, match="is a folder"):
        load_issue(tmp_path)


FENCED = st.sampled_from(
    [b"---\n", b"+++\n", b"Title: ", b"title: [", b"\n---\n", b"\n+++\n", b"\r\n", b"\xff", b"# "]
)


@given(
    st.lists(FENCED | st.binary(max_size=12), max_size=12).map(b"".join),
    st.sampled_from(["md", "html", "txt"]),
)
def test_any_bytes_are_an_issue_or_a_clear_error(data: bytes, ending: str):
    try:
        issue, _ = read_issue(f"issues/harbour.{ending}", data)
    except IssueError as error:
        assert str(error)
    else:
        assert issue.title
        assert issue.body.strip()


@given(st.text(max_size=40))
def test_a_slug_never_leaves_its_folder(name: str):
    slug = default_slug(Path(f"issues/{name.replace('/', '')}.md"))
    assert ".." not in slug
    assert "/" not in slug


@pytest.mark.parametrize(
    ("text", "path", "lang"),
    [
        ("---\ntitle: הגאות בנמל\n---\nהמעבורת יוצאת ב-10:30.", "issues/x.md", "he"),
        ("הגאות בנמל\n\nהמעבורת יוצאת.", "issues/x.txt", "he"),
        ("<h1>المد</h1><p>تبحر العبّارة.</p>", "issues/x.html", "ar"),
        (
            "<!doctype html><html><style>p { margin: 0 }</style><body><p>המעבורת</p></body></html>",
            "x.html",
            "he",
        ),
        ("# The tide\n\nThe ferry sails; in Hebrew: המעבורת.", "issues/x.md", "en"),
        ("# הגאות\n\nראו <https://a-very-long-address.example/of-the-harbour>", "issues/x.md", "he"),
        ("# הגאות\n\n```\nprint('the tide is late, again and again')\n```", "issues/x.md", "he"),
        ("# הגאות\n\n<div>\nhere is <b>much English</b> in a piece of HTML\n</div>", "issues/x.md", "en"),
        ("12:30\n\n12.5 × 3", "issues/x.txt", "en"),
    ],
)
def test_an_issue_that_does_not_say_its_language_is_in_that_of_its_script(
    text: str, path: str, lang: str
) -> None:
    issue = in_language(read(text, path), "en")
    assert issue.lang == lang
    said = [each.text for each in issue.notices if f"say which, lang: {lang}" in each.text]
    assert said != [] or lang == "en"


def test_a_workspace_says_the_language_of_issues_that_do_not() -> None:
    assert in_language(read("# Ebbe\n\nDas Wasser."), "de").lang == "de"
    assert in_language(read("# ندا\n\nمتن"), "fa").lang == "fa"
    assert in_language(read("# Ebb\n\nThe water."), "he").lang == "en"
    assert in_language(read("---\nlang: en\n---\n# הגאות\n\nמים"), "he").lang == "en"
