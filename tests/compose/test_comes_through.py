"""Whatever text an editor throws at it comes through whole: no word and no link is lost, nothing runs."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from whole_text import lost_links, lost_words

from mailer.compose.body import write_body
from mailer.compose.issue.source import read_issue
from mailer.domain.issue import Issue, Kind
from mailer.errors import IssueError

SCRIPTS = {
    "Arabic": "السفينة تعود إلى الميناء مع المد، والناس ينتظرون على الرصيف.",
    "Hebrew": "הספינה חוזרת לנמל עם הגאות, ואנשים מחכים על הרציף.",
    "Persian": "کشتی با مد به بندر بازمی‌گردد و مردم در اسکله منتظرند.",
    "Russian": "Корабль возвращается в порт с приливом, и люди ждут на причале.",
    "Greek": "Το πλοίο επιστρέφει στο λιμάνι με την παλίρροια.",
    "Chinese": "船随着潮水回到港口，人们在码头上等待。",
    "Japanese": "船は潮とともに港に戻り、人々は桟橋で待っている。",
    "Korean": "배가 밀물과 함께 항구로 돌아오고 사람들이 부두에서 기다린다.",
    "Hindi": "जहाज़ ज्वार के साथ बंदरगाह लौटता है, और लोग घाट पर प्रतीक्षा करते हैं।",
    "Bengali": "জোয়ারের সঙ্গে জাহাজ বন্দরে ফিরে আসে।",
    "Tamil": "கப்பல் அலையுடன் துறைமுகத்திற்குத் திரும்புகிறது.",
    "Thai": "เรือกลับเข้าท่าพร้อมกับน้ำขึ้น และผู้คนรออยู่ที่ท่าเรือ",
    "Georgian": "გემი მოქცევასთან ერთად ბრუნდება ნავსადგურში.",
    "Armenian": "Նավը մակընթացության հետ վերադառնում է նավահանգիստ։",
    "Vietnamese": "Con tàu trở về cảng cùng thủy triều, và mọi người chờ trên bến.",
    "Amharic": "መርከቧ ከማዕበሉ ጋር ወደ ወደብ ትመለሳለች።",
}

HOSTILE = """\
# {0}

{0} https://pier.example/one and [{0}](https://pier.example/two "x").

layout: post
tags: [a, b]
{{% include figure.html src="x.png" caption="{0}" %}}
{{{{ .Site.Params.name }}}} {{{{#if author}}}}{0}{{{{/if}}}}
{{{{ "now" | date: "%Y" }}}} {{# no comment #}} ${{x}} <%= y %>

> {0}
>
> — {0}

- {0}
    - {0} <https://pier.example/three>
1. ~~{0}~~ **{0}** _{0}_ `{0}`

| {0} | b |
|-----|---|
| {0} | [c](https://pier.example/four) | {0} |

<div dir="rtl">

{0}

</div>
<iframe src="https://pier.example/five" title="{0}"></iframe>

<p>{0} <b>{0}</p> <script>gone()</script> </td></table>

{0}[^1] {0}[^2] {0}[^x]

[^1]: {0} https://pier.example/six
[^1]: {0}
[^3]: {0}

::: note {0}
{0}
:::

![{0}](https://pier.example/seven.png "{0}")

    {0}

```
{0} {{{{ subscriber.name }}}}
```
{0}\\
{0}<br>{0} &amp; &lt;{0}&gt; &copy &#x41; 5 < 6 > 4 a_b_c 2*3*4
"""
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven.png")


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_hostile_text_is_whole_in_every_script(script: str, ends: str, post):
    passage = SCRIPTS[script]
    typed = HOSTILE.format(passage)
    data = f"\ufeff---\ntitle: T\n---\n{typed}".replace("\n", ends).encode()
    issue, _ = read_issue("issues/x.md", data)
    mail = post.mail(issue.body)
    words = f"{passage} " * typed.count(passage)
    literal = "layout post tags {{ .Site.Params.name }} {{#if author}} {{/if}} date no comment x y subscriber"
    assert lost_words(f"{words} {literal} 5 < 6 > 4 a_b_c 2*3*4", mail.html, mail.text) == ([], [])
    links = [f"https://pier.example/{number}" for number in NUMBERS]
    in_html, in_text = lost_links(links, mail.html, mail.text)
    assert in_html == []
    assert in_text == ["https://pier.example/seven.png"]  # a picture, which is there by its description
    assert "gone()" not in mail.html + mail.text


def test_lines_of_any_length_are_whole(post):
    line = " ".join(f"word{number}" for number in range(1200))
    mail = post.mail(f"{line}\n\n{'x' * 6000}\n\n{'潮' * 6000}")
    assert lost_words(f"{line} {'x' * 6000} {'潮' * 6000}", mail.html, mail.text) == ([], [])


def nested(mark: str, depth: int) -> str:
    return "\n".join(f"{mark.format('  ' * level, level)}word{level}" for level in range(depth))


@pytest.mark.parametrize("typed", [nested("{0}- ", 150), "> " * 150 + "word1", nested("{0}1. ", 90)])
def test_what_is_nested_too_deeply_is_text(typed: str, post):
    mail = post.mail(typed)
    words = " ".join(word for word in typed.split() if word.startswith("word"))
    assert lost_words(words, mail.html, mail.text) == ([], [])


PATHOLOGICAL = {
    "quotes": ">" * 10_000,
    "brackets": "[" * 10_000,
    "pictures": "![" * 5_000,
    "stars": "*" * 10_000,
    "emphasis": "*a _b " * 4_000,
    "backticks": "` `` ``` " * 3_000,
    "angles": "<" * 10_000,
    "half tags": "<a " * 10_000,
    "half attributes": '<a href="x" ' * 5_000,
    "comments": "<!-- " * 10_000,
    "scripts": "<script> " * 10_000,
    "elements": "<div>\n" * 5_000,
    "ends": "</div>\n" * 5_000,
    "bold": "a <b>" * 5_000,
    "notes": "[^a]" * 5_000 + "\n\n[^a]: x",
    "containers": "::: note\n" * 2_000,
    "links": "https://a.example/x " * 1_000,
    "schemes": "http://" * 5_000,
    "www": "www." * 5_000,
    "mail": "a@" * 10_000,
    "braces": "{" * 10_000,
    "cells": "|a" * 2_000 + "|\n" + "|-" * 2_000 + "|\n",
    "rows": "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 1_000,
    "items": "- item\n" * 3_000,
    "word": "x" * 200_000,
}


@pytest.mark.parametrize("case", PATHOLOGICAL)
@pytest.mark.parametrize("kind", [Kind.MARKDOWN, Kind.HTML])
def test_no_text_is_without_end(case: str, kind: Kind):
    try:
        assert write_body(Issue("x", kind, "x", "T", PATHOLOGICAL[case])).html
    except IssueError as error:
        assert "there are more than" in str(error)


MARKUP = """# ;## ;> ;- ;1. ;    ;:::;::: note;::: columns;::: column;---;***;| a | b |;|;[^1]: ;[^1]
<div>;</div>;<p>;</p>;<b>;</b>;<!--;-->;<script>;</script>;{% if x %};{{ y }};{{;}};`;**;_;~~;[a](b)
![a](b);[a];![;](;\\;&;<;>
https://a.example/b;<https://a.example>;{.button};[!NOTE];— ;\t;\u00a0;\u3000;שלום;潮;<iframe src="https://c.d">;<T>
</x>;<mail-quote>;<td>;<table>;=;:""".replace("\n", ";").split(";")
LINES = st.sampled_from([*MARKUP, "\n", "\n\n"])


@settings(max_examples=2 * settings().max_examples)
@given(st.lists(LINES | st.from_regex(r"[a-z]{4,9} ", fullmatch=True), max_size=25))
def test_no_word_is_ever_lost(pieces: list[str]):
    """Words between any markup are in both parts, but for those that scripts and comments hide."""
    typed = "".join(pieces)
    hidden = re.search(r"<script|<!--|\]:|\]\(|\[a\]|```|~~~", typed)  # and what a fence says of its code
    try:
        body = write_body(Issue("x", Kind.MARKDOWN, "x", "T", typed or "x"))
    except IssueError as error:
        assert "did you mean" in str(error) or "closed" in str(error)
        return
    words = (
        "" if hidden else " ".join(piece for piece in pieces if piece.strip().isalpha() and len(piece) > 4)
    )
    missing = [word for word in words.split() if word not in body.html or word not in body.text]
    assert not missing
