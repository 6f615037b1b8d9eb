"""The text part: what a reader with a text terminal sees."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.text.wrapping import COLUMNS, display_width, wrap

SAMPLE = """\
# High water

A paragraph with *emphasis*, **weight**, `code`, ~~gone~~, a [link](https://pier.example/a "t"), an
auto link <https://pier.example/b>, a mailbox <editor@gazette.example>, an ![image](x.png), a note[^1] and
[a local one](#here) that all goes on for more than seventy-eight columns.

Second heading
--------------

### Third

- one
- two, which is so long that it has to be wrapped at the seventy-eighth column, you see
  1. nested
  2. again

  with a paragraph

9. nine
10. ten

> A quotation that is so long that it has to be wrapped at the seventy-eighth column, too.
>
> — somebody

```
def tide():
    return "late"
```

***

| Harbour | Tide | Note |
|:--------|-----:|:----:|
| North   | 4.1  | x    |
| 北港     | 12   | yyy  |

Hard\\
break &mdash; &lt;done&gt;

[^1]: Of the pilots.
"""
EXPECTED = """\
High water
----------

A paragraph with *emphasis*, **weight**, `code`, ~~gone~~, a link
<https://pier.example/a>, an auto link https://pier.example/b, a mailbox
editor@gazette.example, an [image], a note[1] and a local one that all goes on
for more than seventy-eight columns.

Second heading
~~~~~~~~~~~~~~

Third
~~~~~

- one

- two, which is so long that it has to be wrapped at the seventy-eighth
  column, you see

  1. nested
  2. again

  with a paragraph

9. nine
10. ten

> A quotation that is so long that it has to be wrapped at the seventy-eighth
> column, too.
>
> — somebody

    def tide():
        return "late"

* * *

Harbour  Tide  Note
-------  ----  ----
North     4.1   x
北港       12  yyy

Hard
break — <done>

* * *

[1] Of the pilots.
"""


def test_everything_markdown_has(post):
    front = post.mail("Intro.\n\n" + SAMPLE)
    assert front.text == "Intro.\n\n" + EXPECTED


def test_the_text_part_has_the_links_of_the_html(post):
    mail = post.mail("Intro.\n\n" + SAMPLE)
    links = {
        link for link in lxml.html.fromstring(f"<div>{mail.html}</div>").xpath("//a/@href") if link[0] != "#"
    }
    for link in links:
        assert link.removeprefix("mailto:") in mail.text


@pytest.mark.parametrize(
    "name", ["Ada", "A name that is far longer than anyone would have thought, and then some"]
)
def test_a_value_only_stretches_its_own_line(name: str, post):
    text = post.mail("word " * 20 + "{{ subscriber.name }} " + "word " * 20, subscriber={"name": name}).text
    lines = [line for line in text.split("\n") if name not in line]
    assert len(lines) >= 2
    assert all(len(line) <= COLUMNS for line in lines)


def test_a_control_tag_takes_no_columns(post):
    plain = post.mail("word " * 40)
    chosen = post.mail("{% if subscriber.paid %}word{% endif %} " + "word " * 39)
    assert chosen.text == plain.text


def test_a_wide_table_becomes_a_list_of_its_cells(post):
    cell = "a cell that is wide enough"
    text = post.mail(f"| A | B | C |\n|---|---|---|\n| {cell} | {cell} | {cell} |\n| x | y | z |\n").text
    assert text == f"- A: {cell}\n  B: {cell}\n  C: {cell}\n\n- A: x\n  B: y\n  C: z\n"


def test_images_without_description_leave_nothing(post):
    assert post.mail("One.\n\n![](x.png)\n\nTwo.").text == "One.\n\nTwo.\n"
    assert post.mail("[![A mole](x.png)](https://pier.example)").text == "[A mole] <https://pier.example>\n"


def test_a_url_is_never_broken(post):
    url = "https://pier.example/" + "long/" * 40
    assert f"<{url}>" in post.mail(f"Some words before [the link]({url}) and after.").text.split()


def test_ideographs_wrap_by_their_width():
    lines = wrap("潮" * 100)
    assert "".join(lines) == "潮" * 100
    assert [display_width(line) for line in lines] == [78, 78, 44]


def test_punctuation_stays_with_its_ideographs():
    assert all(not line.startswith("。") for line in wrap("潮が遅い。" * 30))


@pytest.mark.parametrize(
    ("text", "columns"), [("e\u0301", 1), ("港", 2), ("ｱ", 1), ("Ａ", 2), ("a\u00ad\u200bb", 2)]
)
def test_display_width(text: str, columns: int):
    assert display_width(text) == columns


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs"), include_characters=" \n\u00a0潮")),
    st.integers(4, 90),
)
def test_wrapping_loses_nothing(text: str, width: int):
    lines = wrap(text, width)
    assert re.sub("[ \n]", "", "".join(lines)) == re.sub("[ \n]", "", text)
    for line in lines:
        assert display_width(line) <= width or " " not in line


@given(st.text("abc-*#>`_ \n1.[]()|é潮", max_size=60))
def test_no_line_is_too_long_whatever_the_markdown(post_text: str):
    from mailer.compose.body import write_body
    from mailer.domain.issue import Issue, Kind

    body: Any = write_body(Issue("x.md", Kind.MARKDOWN, "x", "T", post_text))
    for line in body.text.split("\n"):
        assert display_width(line) <= COLUMNS or " " not in line.strip()
