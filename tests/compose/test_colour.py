"""Colours: read as people write them, and made readable whatever they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.compose.css.colour import BLACK, WHITE, Colour

COLOURS = st.builds(Colour, *[st.integers(0, 255)] * 3)


@pytest.mark.parametrize(
    ("text", "hex_"),
    [
        ("#9a3412", "#9a3412"),
        ("9a3412", "#9a3412"),
        ("#ABC", "#aabbcc"),
        (" darkgreen ", "#006400"),
        ("rgb(1, 2, 3)", "#010203"),
        ("hsl(0, 100%, 50%)", "#ff0000"),
    ],
)
def test_it_is_read(text: str, hex_: str) -> None:
    assert str(Colour.parse(text)) == hex_


@pytest.mark.parametrize(
    "text", ["", "reddish", "#12", "#ggg", "red; background: url(x)", "var(--x)", "1 2 3"]
)
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a colour; write it like #9a3412 or darkgreen"):
        Colour.parse(text)


def test_contrast_is_that_of_wcag() -> None:
    assert BLACK.contrast(WHITE) == pytest.approx(21)
    assert Colour.parse("#777").contrast(WHITE) == pytest.approx(4.48, abs=0.01)
    assert Colour.parse("#767676").contrast(WHITE) == pytest.approx(4.54, abs=0.01)


@given(COLOURS, st.sampled_from([("#fffdf8", "#f5f1e8"), ("#1f1d1a", "#2a2823")]))
def test_any_colour_becomes_readable(colour: Colour, grounds: tuple[str, str]) -> None:
    papers = [Colour.parse(ground) for ground in grounds]
    readable = colour.readable(papers, 4.6)
    assert min(readable.contrast(paper) for paper in papers) >= 4.6


def test_what_is_readable_stays() -> None:
    colour = Colour.parse("#9a3412")
    assert colour.readable([WHITE], 4.6) == colour


@pytest.mark.parametrize(
    ("name", "channel"), [("gold", "red"), ("royalblue", "blue"), ("limegreen", "green")]
)
@pytest.mark.parametrize("ground", ["#fffdf8", "#1f1d1a"])
def test_it_keeps_its_hue(name: str, channel: str, ground: str) -> None:
    changed = Colour.parse(name).readable([Colour.parse(ground)], 6)
    channels = {"red": changed.red, "green": changed.green, "blue": changed.blue}
    assert max(channels, key=lambda each: channels[each]) == channel


def test_a_muted_grey_is_the_same_grey() -> None:
    assert Colour.parse("#808080").muted(0.2) == Colour.parse("#808080")
