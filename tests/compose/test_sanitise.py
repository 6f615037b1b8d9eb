"""HTML in issues: what runs or asks is taken out and named, what can be read and every link stays."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import lxml.html
import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.body import write_body
from mailer.compose.html.allowed import ATTRIBUTES, ELEMENTS, SCHEMES
from mailer.compose.issue.source import read_issue
from mailer.domain.issue import Issue, Kind
from mailer.errors import IssueError


def notices(body: str, ending: str = "md") -> list[str]:
    issue, _ = read_issue(f"issues/harbour.{ending}", f"---\ntitle: T\n---\n{body}".encode())
    return [f"{notice.line}: {notice.text}" for notice in write_body(issue).notices]


@pytest.mark.parametrize("ending", ["md", "html"])
@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("<div>a<script>alert('<b>')</script>b</div>", "<div>ab</div>"),
        ("<div>a<style>p { color: red }</style>b</div>", "<div>ab</div>"),
        ("<div>a<!-- <p>hidden</p> -->b</div>", "<div>ab</div>"),
        ("<div>a<!--[if mso]>only<![endif]-->b<!--[if !mso]><!-->c<!--<![endif]--></div>", "<div>abc</div>"),
        ("<div>a<!-- x --!>b</div><div>c<!-- y --></div>", "<div>ab</div><div>c</div>"),
        ("<div onclick='x()' class='y'>a</div>", '<div class="y">a</div>'),
        ("<div><a href=' java&#10;script:x()'>a</a></div>", "<div><a>a</a></div>"),
        ("<div><img src='javascript:x' alt=a><br/></div>", '<div><img alt="a"><br></div>'),
        ("<div style='position: fixed; COLOR: red !important'>a</div>", '<div style="color:red">a</div>'),
        ("<div style='background: url(javascript:x)'>a</div>", "<div>a</div>"),
        (
            "<form action='/x'><div>Name: <input name=n> <button>Go</button></div></form>",
            "<div>Name:  Go</div>",
        ),
        ("<div><select><option>one</select>a</div>", "<div>a</div>"),
        ("<div><a name='x'/>a<o:p>b</o:p></div>", '<div><a name="x"></a>ab</div>'),
        ("<div><svg><title>Anchor</title><path d='M0 0'/></svg></div>", "<div>Anchor</div>"),
        (
            "<div><font color=red face=Arial>a</font></div>",
            '<div><font color="red" face="Arial">a</font></div>',
        ),
    ],
)
def test_what_a_mail_can_not_have_is_taken_out(typed: str, html: str, ending: str, post):
    assert post.mail(typed, ending).html.strip() == html


@pytest.mark.parametrize(
    ("typed", "link"),
    [
        (
            '<iframe src="https://film.example/1"></iframe>',
            '<a href="https://film.example/1">film.example</a>',
        ),
        ('<iframe src="//film.example/1" title="A film">', '<a href="https://film.example/1">A film</a>'),
        ('<video controls src="tide.mp4"></video>', '<a href="tide.mp4">tide.mp4</a>'),
        (
            '<audio><source src="https://a.example/1.ogg"><source src="https://a.example/1.mp3"></audio>',
            '<a href="https://a.example/1.ogg">a.example</a>',
        ),
        ('<embed src="https://a.example/x">', '<a href="https://a.example/x">a.example</a>'),
        ('<object data="https://a.example/x"></object>', '<a href="https://a.example/x">a.example</a>'),
        ('<imgs scr="https://t.example/1">', '<a href="https://t.example/1">t.example</a>'),
        ('<Tweet url="https://t.example/1" />', '<a href="https://t.example/1">t.example</a>'),
    ],
)
def test_what_a_mail_can_not_show_becomes_a_link(typed: str, link: str, post):
    paragraph, inline = post.mail(typed), post.mail(f"See {typed} there.")
    assert paragraph.html.strip() == f"<p>{link}</p>"
    assert inline.html.strip() == f"<p>See {link} there.</p>"
    target = lxml.html.fromstring(link).get("href")
    for mail in (paragraph, inline):
        assert target in mail.text
    assert notices(typed)


def test_every_notice_names_its_line():
    assert notices(
        "ok\n\n<div>\n<b onclick='x()'>y</b>\n</div>\n\nThe <script>a()</script>\nfilm\n"
        "<iframe\nsrc='https://f.example'></iframe>\n\n<a href='javascript:x()'>a</a> "
        "<blink x=1>b</blink>\n\n"
        "> <p style='position: fixed; top: 0'>c</p>\n"
    ) == [
        "7: onclick= of <b> was taken out: no mail program runs it",
        "10: <script> was taken out: no mail program uses it",
        "12: <iframe> became a link: mail programs don't show it",
        "15: href='javascript:x()' of <a> was taken out: mails can't lead there",
        "15: <blink> was taken out; the text in it stays",
        "17: position, top was taken out of the style of <p>",
    ]
    assert notices("<script>a</script>\n" * 3, "html") == [
        "4: <script> was taken out: no mail program uses it (and on 2 more lines)"
    ]


def test_words_in_angle_brackets_are_words(post):
    typed = "A Vec<T>, the <script> and the <input> tag, <title>, 1 < 2 > 0, </foo> and <your-name>."
    mail = post.mail(typed)
    assert mail.seen.strip() == typed
    assert mail.text.split() == typed.split()
    assert post.mail("<Note>\n\nText\n\n</Note>").seen.strip() == "Text"


def test_a_script_without_end_swallows_nothing(post):
    mail = post.mail("One\n\n<script>\n\nTwo\n\nThree")
    assert [word in mail.seen and word in mail.text for word in ("One", "Two", "Three")] == [True] * 3
    assert "Two" in post.mail("<p>One <!-- <p>Two", "html").text
    assert "Two" in post.mail('<p>One <a href="x>y</a>\n<p>Two "quoted" <a href="z">', "html").text
    assert "Two" in post.mail("<![CDATA[One]]> <![x[ Two", "html").text


@pytest.mark.parametrize(
    ("typed", "html"),
    [
        ("<div>\n\nText *a*\n\n</div>", "<div>\n<p>Text <em>a</em></p>\n</div>\n"),
        ("<div>\n\nText", "<div>\n<p>Text</p>\n</div>\n"),
        ("Text</div></td></table>", "<p>Text</p>\n"),
        ("a <b>b\n\nc</b> d", "<p>a <b>b</b></p>\n<p>c d</p>\n"),
        ("- <div>a\n\nb", "<ul>\n<li>\n<div>a\n</div></li>\n</ul>\n<p>b</p>\n"),
        ("**a <i>b** c</i>", "<p><strong>a <i>b</i></strong> c</p>\n"),
        ('<p align="center">\n\na\n\n</p>', '<p align="center">\n</p><p>a</p>\n\n'),
    ],
)
def test_elements_nest_and_stay_in_their_block(typed: str, html: str, post):
    assert post.mail(typed).html == html


def test_html_of_old_is_closed_where_it_ends(post):
    typed = "<ul><li>a<li>b</ul><table><tr><td>c<p>d<tr><td>e</table><p>f<h3>g</h3><td>h</td></div>"
    assert post.mail(typed, "html").html == (
        "<ul><li>a</li><li>b</li></ul><table><tr><td>c<p>d</p></td></tr><tr><td>e</td></tr></table>"
        "<p>f</p><h2>g</h2>h\n"
    )


def test_a_recipients_tags_stay_where_they_are(post, guest: dict[str, Any]):
    typed = (
        "<table>{% if subscriber.paid %}<tr><td>{{ subscriber.name }}</td></tr>{% endif %}</table>\n"
        '<a href="{{ unsubscribe_url }}" title="For {{ subscriber.name }}">leave</a>'
    )
    for ending in ("html", "md"):
        paid, unpaid = post.mail(typed, ending), post.mail(typed, ending, **guest)
        assert "<tr><td>Ada &amp; Co</td></tr></table>" in paid.html
        assert "<table></table>" in unpaid.html
        assert 'href="https://mail.example/u/1?a=1&amp;b=2" title="For Ada &amp; Co"' in paid.html


def test_braces_that_are_no_tags_may_go_with_their_attribute(post):
    assert (
        post.mail('<p {{ attributes }} class="{{ .x }}">a</p>', "html").html == '<p class="{{ .x }}">a</p>\n'
    )


def test_lines_stay_what_they_were():
    gone = "<!-- x\ny -->\n<script>\n\n</script>\n<img\n src='x'\n alt='y'>"
    typed = f"<p>a</p>\n{gone}\n<p>{{{{ subscirber.name }}}}</p>"
    with pytest.raises(IssueError, match="did you mean") as caught:
        write_body(read_issue("x.html", f"---\ntitle: T\n---\n{typed}".encode())[0])
    assert caught.value.line == 13


PIECES = st.sampled_from(
    [
        "<div>",
        "</div>",
        "<p>",
        "</p>",
        "<b>",
        "</b>",
        '<a href="x">',
        "</a>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<script>",
        "</script>",
        "<!--",
        "-->\n    ",
        "<svg>",
        "<style>",
        "</style>",
        "<title>",
        "</title>",
        "<math>",
        "<mtext>",
        "<img src=x onerror=a()>",
        '<a href="javascript:a()">\n    ',
        '<iframe src="https://x.example">',
        "</iframe>",
        '<p style="color:red;position:fixed">',
        "<textarea>",
        "</textarea>\n    ",
        "<plaintext>",
        "<noscript>",
        "</noscript>",
        "<xmp>",
        "<![CDATA[",
        "]]>",
        "<?x",
        "<!x>",
        "</x>",
        '<x y=">',
        '<a title="</script>">',
        "&lt;",
        "&#0;\n    ",
        "&#x3c;script&#x3e;",
        "{{ subscriber.name }}",
        "{{ x }}",
        "`",
        "**",
        "\n\n",
        "> ",
        "- ",
        "text",
        "<mail-quote>",
        "<h1>",
        "</h3>",
        "<h2>",
    ]
)


@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(Kind))
def test_an_independent_sanitiser_finds_nothing_to_take_out(text: str, kind: Kind):
    body = write_body(Issue("x", kind, "x", "T", text or "x"))
    html = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", body.html)
    attributes = {name: set(given) for name, given in ATTRIBUTES.items()} | {
        "p": {"style"},
        "code": {"class"},
        "section": {"class"},
    }
    cleaned = nh3.clean(
        html,
        tags=set(ELEMENTS),
        attributes=attributes,
        url_schemes=set(SCHEMES),
        link_rel=None,
        generic_attribute_prefixes={"aria-"},
    )
    before, after = (lxml.html.fromstring(f"<div>{each}</div>") for each in (html, cleaned))
    # A line feed right after <pre> is no text to a browser (HTML 13.2.6.4.7), but it is to lxml.
    texts = (sorted(each.text_content().replace("\n", "")) for each in (before, after))
    assert next(texts) == next(texts)
    assert not parts(before) - parts(after)


def parts(tree: lxml.html.HtmlElement) -> Counter[tuple[str, ...]]:
    """Return the elements and attributes of a tree, each with how often it is there."""
    elements = [(element.tag,) for element in tree.iter()]
    return Counter(
        [*elements, *((element.tag, *pair) for element in tree.iter() for pair in element.items())]
    )
