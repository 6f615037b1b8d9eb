"""Plain text issues: which line ends flow again and which stay, what is a link, what stands in columns."""

from __future__ import annotations

import re
from html import unescape
from textwrap import fill

import pytest

from mailer.compose.text.filled import joined
from mailer.compose.text.plaintext import write_plain_text

FROST = (
    "The frost came on the night of the 11th, and by the 14th a man could walk from the ice house to the"
    " North Mole without wetting his boots. It did not last, nothing in this harbour does, but for nineteen"
    " days the town that shipped ice to half the coast sawed it from under its own boats."
)
FERRY = (
    "Die Fähre über den Sund fährt ab Montag wieder stündlich, teilte das Hafenamt am Freitag mit. Der neue"
    " Kapitän kündigte an, dass Vor- und Nachteile des Fahrplans im Rathaus besprochen werden sollen."
)
TIDE = (
    "המעבורת יוצאת מהרציף בשעה תשע, וחוזרת בערב. כל הכרטיסים נמכרו, ולכן יש להזיז את"
    " הסירות הקטנות אל המזח הצפוני."
)
BALANCED = """\
The frost came on the night of the 11th, and by the 14th a man
could walk from the ice house to the North Mole without wetting
his boots. It did not last, nothing in this harbour does, but for
nineteen days the town that shipped ice sawed it from its boats."""
VERSE = """\
The tide came in by the harbour light,
and out by the harbour bell,
and what it brought on a winter's night
the keeper would never tell."""
PENTAMETER = """\
The harbour sleeps beneath a coat of ice,
And no one counts the barrels on the quay,
The price of salt goes up and still the price
Of herring falls, as far as we can see."""
HEXAMETER = """\
Sing to me now of the harbour and all of the boats that lay in it,
Long in the days when the ice was as thick as the wall of a granary,
Nobody sailed and the nets were all hung from the rafters in winter,
Until the day when the wind turned south and the mole was uncovered."""
ADDRESS = "Harbour Gazette\n1 Quay Street\nPort Example"
LIST = """\
- one thing that is long enough to matter, and goes on for quite a while
- another thing of about that length, which goes on for quite a while too
- a third thing, similar in length to the others, as these things will be"""
COLUMNS = "Monday      07:10   4.1 m\nTuesday     08:02   4.0 m\nWednesday   08:55   3.8 m"


def html_of(text: str, *, rtl: bool = False) -> str:
    return write_plain_text(text, 1, rtl=rtl)[0].text()


def text_of(text: str) -> str:
    return write_plain_text(text, 1)[1].text()


@pytest.mark.parametrize("column", [60, 66, 72, 76, 79])
def test_what_was_filled_to_a_column_flows_again(column: int) -> None:
    article = "\n\n".join([fill(FROST, column), VERSE, fill(FERRY, column), ADDRESS, fill(TIDE, column)])
    paragraphs = html_of(article).split("</p>\n")
    flowing = [f"<p>{each}" for each in (FROST, FERRY, TIDE)]
    assert [unescape(each) for each in paragraphs[0:5:2]] == flowing
    assert paragraphs[1].count("<br>") == 3
    assert paragraphs[3].count("<br>") == 2
    lines = text_of(article).split("\n")
    assert max(map(len, lines)) <= 78
    assert FROST.startswith(lines[0])
    assert [line for line in lines if line in ADDRESS.split("\n")] == ADDRESS.split("\n")


@pytest.mark.parametrize(
    "kept",
    [
        VERSE,
        PENTAMETER,
        HEXAMETER,
        ADDRESS,
        LIST,
        "-- \nAda Quint\nEditor",
        "> " + fill(FROST, 70).replace("\n", "\n> "),
        f"{VERSE}\n\n{PENTAMETER}\n\n{ADDRESS}",
    ],
)
@pytest.mark.parametrize("around", ["", fill(FROST, 72)])
def test_line_ends_that_mean_something_stay(kept: str, around: str) -> None:
    html = html_of(f"{around}\n\n{kept}\n\n{around}")
    assert html.count("<br>") == sum(each.count("\n") for each in kept.split("\n\n"))


def test_balanced_lines_and_a_first_line_that_is_indented_flow_too() -> None:
    for typed in (BALANCED, "   " + fill(FROST, 70)):
        assert "<br>" not in html_of(typed)


def test_what_was_never_wrapped_stays_as_it_is() -> None:
    assert html_of(f"{FROST}\n\n{FERRY}") == f"<p>{FROST}</p>\n<p>{FERRY}</p>\n"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (["the harbour-", "master said"], "the harbour-master said"),
        (["Vor-", "und Nachteile"], "Vor- und Nachteile"),
        (["渡轮将于周一", "恢复运营"], "渡轮将于周一恢复运营"),
        (["it was ", "late"], "it was late"),
    ],
)
def test_lines_are_joined_as_they_would_have_been_typed(lines: list[str], wanted: str) -> None:
    assert joined(lines) == wanted


def test_addresses_are_links_and_say_what_was_typed() -> None:
    typed = (
        "See https://pier.example/ice?year=1895&section=4 (or http://pier.example/a_(b)), write to"
        " editor@gazette.example. No link: readme.md, pier.example, javascript:x, {{ subscriber.name }}."
    )
    html = html_of(typed)
    links = [
        (unescape(href), unescape(text)) for href, text in re.findall(r'<a href="(.*?)">(.*?)</a>', html)
    ]
    assert links == [
        ("https://pier.example/ice?year=1895&section=4",) * 2,
        ("http://pier.example/a_(b)",) * 2,
        ("mailto:editor@gazette.example", "editor@gazette.example"),
    ]
    assert "<" not in text_of(typed)


def test_columns_stay_below_each_other_in_letters_of_one_width() -> None:
    html = html_of(f"Tides of the week\n\n{COLUMNS}")
    assert f">{COLUMNS}</pre>" in html
    assert "direction: rtl" in html_of(COLUMNS, rtl=True)
    assert COLUMNS in text_of(COLUMNS)
    # A typist's two blanks after a full stop are none.
    assert "<pre" not in html_of("It was late.  Nobody came.\nIt was dark.  Nobody saw.")
