"""What mails look like follows from a few wishes, and a wish that can't be met says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.issue.source import load_issue, read_issue
from mailer.compose.theme.theme import GUTTER, STACKS, Palette, ThemeError, read_theme
from mailer.errors import IssueError

ENOUGH_CONTRAST = 4.5


def test_later_wishes_win() -> None:
    look = read_theme({"accent": "navy", "width": 600, "font": "sans"}, {"width": "560px", "masthead": "x"})
    assert (look.width, str(look.light.button), look.text) == (560, "#000080", STACKS["sans"])


def test_what_is_empty_is_no_wish() -> None:
    assert read_theme({"accent": "", "font": "", "logo": "", "width": ""}) == read_theme()


@given(st.from_regex(r"#[0-9a-f]{6}", fullmatch=True))
def test_all_text_stands_out_whatever_the_accent(accent: str) -> None:
    look = read_theme({"accent": accent})
    for palette in (look.light, look.dark):
        assert least_contrast(palette) >= ENOUGH_CONTRAST


def least_contrast(palette: Palette) -> float:
    inks = (palette.ink, palette.quiet, palette.accent)
    on_paper = [ink.contrast(ground) for ink in inks for ground in (palette.paper, palette.tint)]
    return min(*on_paper, palette.label.contrast(palette.button))


@pytest.mark.parametrize(
    ("font", "stack"),
    [
        ("oldstyle", STACKS["oldstyle"]),
        ("Lato, Arial,sans-serif", "Lato, Arial, sans-serif"),
        ("'Source Sans 3', \"Arial\", sans-serif", None),
        ('"PT Serif", Georgia, serif', "PT Serif, Georgia, serif"),
    ],
)
def test_fonts_by_name_or_as_a_list(font: str, stack: str | None) -> None:
    if stack:
        assert read_theme({"font": font}).text == stack
    else:
        with pytest.raises(ThemeError):
            read_theme({"font": font})


def test_small_print_is_without_serifs_beside_serifs_only() -> None:
    assert read_theme({"font": "Merriweather, Georgia, serif"}).small == STACKS["sans"]
    assert read_theme({"font": "Lato, Arial, sans-serif"}).small == "Lato, Arial, sans-serif"


@pytest.mark.parametrize(
    ("wish", "problem"),
    [
        ({"accent": "reddish"}, "is not a colour; write it like #9a3412 or darkgreen"),
        ({"accent": None}, "in YAML a # begins a comment, so put the colour in quotes"),
        ({"accent": ["red"]}, "is not a colour"),
        ({"font": "Lato; color: red"}, "is neither one of serif, oldstyle, sans, humanist, mono nor a list"),
        ({"font": "Lato"}, "is one font, which many lack; name others after it: Lato, Georgia, serif"),
        ({"width": 99}, "is not a width in pixels from 480 to 800"),
        ({"width": "wide"}, "is not a width in pixels"),
        ({"logo": "http://gazette.example/logo.png 9x9"}, "must be an https address or a file"),
        ({"logo": "https://gazette.example/logo.png"}, "needs a size in pixels"),
        ({"logo": {"src": "logo.png", "size": 3}}, "has 'size'; it may have src, alt, width and height"),
        ({"logo": {"src": "logo.png", "width": "wide"}}, "has the size 'wide', which is no number of pixels"),
        ({"logo": {"alt": "x"}}, "has no src"),
    ],
)
def test_a_wish_that_cant_be_met(wish: dict[str, Any], problem: str) -> None:
    with pytest.raises(ThemeError, match=r".") as caught:
        read_theme(wish)
    assert problem in str(caught.value)
    assert caught.value.key == next(iter(wish))


@pytest.mark.parametrize(
    "wish",
    [
        "images/logo.png 240x60 Harbour Gazette",
        {"src": "images/logo.png", "width": 240, "height": "60", "alt": "Harbour Gazette"},
    ],
)
def test_a_logo_in_a_line_or_as_a_mapping(wish: Any) -> None:
    logo = read_theme({"logo": wish}).logo
    assert logo
    assert (logo.src, logo.width, logo.height, logo.alt) == ("images/logo.png", 240, 60, "Harbour Gazette")


def test_a_logo_that_only_has_words() -> None:
    logo = read_theme({"logo": "logo.png The Gazette"}).logo
    assert logo
    assert (logo.src, logo.width, logo.alt) == ("logo.png", None, "The Gazette")


@pytest.mark.parametrize("shares", [[None, None], ["1/3"] * 3, ["2/3", "1/3"], ["25%", "75%"], [0.5, 0.5]])
def test_columns_that_make_a_whole_fill_the_line(shares: list[Any]) -> None:
    look = read_theme()
    used = sum(look.column(share) for share in shares) + GUTTER * (len(shares) - 1)
    assert look.measure - len(shares) < used <= look.measure


@pytest.mark.parametrize("share", ["half", "1/0", "0", "150%", "-1/3"])
def test_a_share_that_is_none(share: str) -> None:
    with pytest.raises(ThemeError, match="a column's share is"):
        read_theme().column(share)


@pytest.mark.parametrize(
    ("text", "where", "problem"),
    [
        ("---\ntitle: x\nparams:\n  masthead: y\n  accent: reddish\n---\nz\n", 5, "params.accent: 'reddish'"),
        ("---\ntitle: x\nparams:\n  accent: #fff\n---\nz\n", 4, "params.accent: None is empty; in YAML"),
        ('+++\ntitle = "x"\n[params]\na = 1\nwidth = 99\n+++\nz\n', 5, "params.width: 99 is not a width"),
    ],
)
def test_an_issue_is_told_its_line(text: str, where: int, problem: str) -> None:
    with pytest.raises(IssueError) as caught:
        read_issue("issues/x.md", text.encode())
    assert (caught.value.line, problem in str(caught.value)) == (where, True)


def test_an_issues_params_are_its_wishes(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("---\ntitle: x\nparams:\n  accent: 'navy'\n---\nz\n", encoding="utf-8")
    issue, _ = load_issue(path)
    assert str(read_theme({"accent": "gold"}, issue.params).light.button) == "#000080"
