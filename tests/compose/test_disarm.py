"""Documents without what runs: what goes, what stays, and that all parsers see the same tags in it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payloads import HTML

from mailer.compose.cleaning.documents import clean_document
from mailer.compose.html.tokens import TokenKind, read_html
from mailer.domain.issue import Notices


def disarmed(html: str) -> tuple[str, list[str]]:
    notices = Notices("x.html")
    return clean_document(html, 1, notices), [str(each) for each in notices]


@pytest.mark.parametrize(
    ("html", "left", "said"),
    [
        ("a\n<script>\nx()</script>b", "a\n\nb", "x.html:2: <script> was taken out: no mail program runs it"),
        ("<p onclick='x()' class=y>z</p>", '<p class="y">z</p>', "onclick= of <p>"),
        ("<form action=x>a<input name=b>c</form>", "ac", "<form> was taken out"),
        ("<iframe src='https://a.example/?b&amp;c'></iframe>", None, "a link to it stands there instead"),
        ("<a href='javascript:x()'>y</a>", "<a>y</a>", "href= of <a>"),
        ("<meta http-equiv=refresh content=0>x", "x", "<meta>"),
        ("<base href=x target=_blank>", '<base target="_blank">', "href= of <base>"),
        ("<svg><path d=x /></svg>y", "y", "<svg>"),
        ("<style>a{b:expression(c);d:e}</style>", "<style>a{b:expression(c);d:e}</style>", None),
    ],
)
def test_what_runs_is_taken_out_and_named(html: str, left: str | None, said: str | None):
    cleaned, notices = disarmed(html)
    if said is None:
        assert "expression" not in cleaned
        assert "d:e" in cleaned
        assert "<style>" in notices[0]
        return
    assert said in " ".join(notices)
    if left is None:
        assert cleaned == '<a href="https://a.example/?b&amp;c">a.example</a>'
    else:
        assert cleaned == left


@pytest.mark.parametrize(
    "html",
    [
        "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Strict//EN\" 'x'>",
        "<TABLE Border=0 cellpadding=\"0\"\n  WIDTH='600'><TR><td nowrap bgcolor=#fff>x</TD></tr></table>",
        '<!--[if gte mso 9]><v:rect fill="true"><v:fill type="tile" /></v:rect><![endif]-->',
        "<!--[if !mso]><!--><p>x</p><!--<![endif]-->",
        "<![if !mso]>x<![endif]>",
        "<img src='cid:a' alt=\"JavaScript: a history\" title='data: 3'/>",
        "<img src='data:image/png;base64,AA=='>",
        "<input type=checkbox id=a><label for=a>x</label>",
        "<link rel='stylesheet' href='https://fonts.example/css?a=b&amp;c'>",
        "a &amp; b &copy; &#8212; © 1 > 0",
        "<a href='?a=1&copy=2'>x</a>",
        "<style>a > b { c: 'x' } @media x { d { e: f } }</style>",
        "<!-- note -->",
        "<p>\n</p\n>",
    ],
)
def test_all_else_stays_byte_for_byte(html: str):
    assert disarmed(html) == (html, [])


def test_a_tag_that_is_read_in_two_ways_is_written_in_one():
    assert disarmed("<a href='?a=1&copy=2&amp;b' title=\"<b>\" / x=`y`>z</a>")[0] == (
        '<a href="?a=1&amp;copy=2&amp;b" title="&lt;b&gt;" x="`y`">z</a>'
    )
    assert disarmed("<p a=1 A=2>")[0] == '<p a="1">'
    assert disarmed("<a href=javascript:x() href=https://a.example>b</a>")[0] == "<a>b</a>"
    assert disarmed("a<b\n>c</b>")[0] == "a<b\n>c</b>"
    assert disarmed("a<b\n onclick=x()>c</b>")[0] == "a<b\n>c</b>"
    assert disarmed("1 < 2 <3 <")[0] == "1 &lt; 2 &lt;3 &lt;"


LINK = '<a href="https://y.example/e">y.example</a>'


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ('<iframe src="//y.example/e">or <b>so</b></iframe>', LINK + "or <b>so</b>"),
        (f"<object data=javascript:x()><p>else {LINK}</p></object>", f"<p>else {LINK}</p>"),
        (f"<svg><style>a</style><title>T</title><path d=x />{LINK}<text>words</text></svg>", f"T{LINK}words"),
        ("<textarea>some <b>words</textarea>", "some &lt;b>words"),
        ("<video src=https://y.example/e></video>", LINK),
        ("<video><source src=https://y.example/e><source src=b>or so</video>", LINK + "or so"),
        ("<picture><source srcset=x></picture>", "<picture><source srcset=x></picture>"),
    ],
)
def test_words_and_links_of_what_is_not_shown_stay(html: str, left: str):
    assert disarmed(html)[0] == left


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ("<!--[if mso]><script>x()</script>y<![endif] -->", "<!--[if mso]>y<![endif]-->"),
        ("<!--[if mso]><script>x()</script>y<![endif]--!>", "<!--[if mso]>y<![endif]-->"),
        ("<!--[if mso]> a -- > <img src=x onerror=y()> -->", '<!--[if mso]> a - - > <img src="x"> -->'),
        ("<!--[if mso]<script>x()</script>-->", "<!-- [if mso]<script>x()</script>-->"),
    ],
)
def test_a_conditional_comment_is_cleaned_however_it_ends(html: str, left: str):
    assert disarmed(html)[0] == left


def test_many_drawings_without_end_come_to_an_end():
    assert disarmed("<svg>" * 20_000)[0] == ""


class Tags(HTMLParser):
    """What Python's parser sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, list[str]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, [name for name, _ in attrs]))


MARKS = """
< > </ <!-- --> --!> <! <![if x]> <![endif]> <![CDATA[ ]]> ' " <p <a href= <style> </style> <title> </title>
<textarea> </script> <svg> /> = & x <!--[if mso]> <![endif]--> <noscript> ` <xmp> </xmp>
"""
PIECES = st.sampled_from([*HTML, *MARKS.split(), "\n", " ", "\x0c"])


@given(st.lists(PIECES, max_size=12).map("".join))
def test_every_parser_sees_the_same_tags(html: str):
    tokens = list(read_html(html))
    assert "".join(token.source for token in tokens) == html
    cleaned, _ = disarmed(html)
    assert cleaned.count("\n") == html.count("\n")
    ours = [
        (token.name, [each.name for each in token.attributes])
        for token in read_html(cleaned)
        if token.kind is TokenKind.START
    ]
    assert Tags(cleaned).seen == ours
    assert disarmed(cleaned)[0] == cleaned
    for tag, names in ours:
        assert tag not in ("script", "iframe", "svg", "math", "object", "embed", "form", "noscript")
        assert not any(name.startswith("on") for name in names)
