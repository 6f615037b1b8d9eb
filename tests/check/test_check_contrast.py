"""Contrast as WCAG computes it, from what stands in the mail, in light and in the dark."""

from __future__ import annotations

from dataclasses import replace

import pytest
from proofs import Workshop

from mailer.check.examine import RULES
from mailer.check.rendered import RenderedMail
from mailer.compose.css.colour import WHITE, read_colour


@pytest.mark.parametrize(
    ("written", "ratio"),
    # Values that other tools give for these on white (WebAIM's contrast checker).
    [
        ("#000", 21),
        ("#767676", 4.54),
        ("#777777", 4.48),
        ("rgb(153, 153, 153)", 2.85),
        ("red", 4.0),
        ("hsl(240, 100%, 50%)", 8.59),
        ("white", 1),
    ],
)
def test_the_ratio(written: str, ratio: float) -> None:
    colour = read_colour(written)
    assert colour is not None
    assert colour.contrast(WHITE) == pytest.approx(ratio, abs=0.005)
    assert WHITE.contrast(colour) == colour.contrast(WHITE)


def test_what_lets_through_is_seen_with_what_is_behind() -> None:
    for written in ("rgba(0, 0, 0, 0.5)", "#00000080", "hsla(0, 0%, 0%, 50%)"):
        colour = read_colour(written)
        assert colour is not None
        assert str(colour.over(WHITE)) in ("#7f7f7f", "#808080")


@pytest.mark.parametrize("written", ["", "inherit", "var(--ink)", "#12", "rgb(1)", "currentcolor", "no"])
def test_what_is_no_colour_is_not_guessed(written: str) -> None:
    assert read_colour(written) is None


def faint(workshop: Workshop, body: str, style: str = "") -> list[str]:
    """Return the texts that are found to be too faint in a mail that is no more than this."""
    mail: RenderedMail = workshop.mail()
    html = f"<html><head><style>{style}</style></head><body>{body}</body></html>"
    return [each.text for each in RULES["contrast"].findings(replace(mail, html=html))]


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#777">faint</p>',
        '<div style="color:#999"><p>faint</p></div>',
        '<td bgcolor="#0867ec"><a href="x" style="color:#000088">faint</a></td>',
        '<div style="background:#333 url()"></div><div style="background-color:#333">faint</div>',
        '<div style="background: #333">faint</div>',
        '<p style="color: rgba(0,0,0,.4)">faint</p>',
        '<p style="font-size: 23px; color: #949494">faint</p>',
        '<p><font color="#aaaaaa">faint</font></p>',
        '<div style="background-color:#00f"><a href="x">faint</a></div>',
        '<p style="color: #000; color: #999">faint</p>',
    ],
)
def test_text_that_is_too_faint_is_found_once(workshop: Workshop, body: str) -> None:
    (text,) = faint(workshop, body)
    assert "“faint”" in text
    assert "in light mode" in text


@pytest.mark.parametrize(
    "body",
    [
        '<p style="color:#767676">clear</p>',
        '<p style="color:#999"></p>',
        '<p style="color:#999;display:none">hidden</p>',
        '<p style="color:#999;font-size:1px">hidden</p>',
        '<p style="color:#999;opacity:0">hidden</p>',
        '<p style="font-size: 24px; color: #949494">large</p>',
        '<p style="font-size: 14pt; font-weight: 700; color: #949494">large and bold</p>',
        '<h1 style="color: #949494"><span style="font-size: 1.25em">large and bold</span></h1>',
        '<div style="background: url(x.png) #333">a picture behind</div>',
        '<div style="background-image: linear-gradient(#000, #333)">a gradient behind</div>',
        '<div style="opacity: 0.5">let through</div>',
        '<p style="color: var(--ink)">a variable</p>',
        '<div style="background: var(--paper)">a variable behind</div>',
        '<!-- <p style="color:#999">a comment</p> -->',
    ],
)
def test_text_that_is_clear_or_can_not_be_computed_is_passed_over(workshop: Workshop, body: str) -> None:
    assert faint(workshop, body) == []


@pytest.mark.parametrize(
    ("style", "count"),
    [
        (":root { --ink: #999 } p { color: var(--ink) }", 1),
        (":root { --ink: #333 } p { color: var(--ink) }", 0),
        (":root { --ink: #999 } body { --ink: #333 } p { color: var(--ink) }", 0),
        ("p { color: var(--ink, #999) }", 1),
        (":root { --ink: #999; --text: var(--ink) } p { color: var(--text, #000) }", 1),
        (":root { --paper: #333 } div { background: var(--paper) }", 1),
        (":root { --a: var(--b); --b: var(--a) } p { color: var(--a) }", 0),
        (f":root {{ --a: {'#999 ' * 99}; --b: {'var(--a) ' * 99} }} p {{ color: var(--b) }}", 0),
        ("@supports (color: red) { @layer x { p { color: #999 } } }", 1),
        ("@layer x { p { color: #999 } } p { color: #333 }", 0),
        ("@layer x { p { color: #999 !important } } p { color: #333 !important }", 1),
    ],
)
def test_variables_and_layers_count(workshop: Workshop, style: str, count: int) -> None:
    assert len(faint(workshop, "<div><p>text</p></div>", style)) == count


DARK = "@media (prefers-color-scheme: dark) {{ {} }}"
PAGE = '<div class="page" style="background-color:#ffffff;color:#222222"><p class="note">text</p></div>'


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        (".page { background-color: #111 !important; color: #eee !important }", 0),
        (".page { background-color: #111 !important }", 1),  # dark on dark
        (".page { background-color: #111 }", 0),  # weaker than the style attribute
        (".page { color: #eee !important }", 1),  # light on white
        (".page { background-color: #111 !important } .note { color: #eee }", 0),
        (".page { background-color: #111 !important } .note { color: #eee } div .note { color: #222 }", 1),
        (".page { background-color: #111 !important } .note { color: #222 !important } p { color: #eee }", 1),
        (".note:hover { color: #eee }", 0),
    ],
)
def test_the_dark_has_rules_of_its_own(workshop: Workshop, rules: str, found: int) -> None:
    texts = faint(workshop, PAGE, DARK.format(rules))
    assert len(texts) == found
    assert all("in dark mode" in text for text in texts)


def test_in_the_dark_nothing_is_guessed_of_what_the_mail_program_chooses(workshop: Workshop) -> None:
    assert faint(workshop, '<p style="color:#222">text</p>', DARK.format(".x { color: red }")) == []


@pytest.mark.parametrize("name", ["harbour"])
def test_the_sample_is_clear_in_any_light(workshop: Workshop, name: str) -> None:
    from mailer.workspace.bundled import sample

    text = sample(f"{name}.md").read_text(encoding="utf-8")
    _, front, body = text.split("---\n", 2)
    assert "contrast" not in workshop.rules(body, f"---\n{front}---\n")


def test_a_ratio_that_is_just_too_small_is_told_with_the_digits_that_show_it(workshop: Workshop) -> None:
    said = [
        found.text
        for colour in ("#777777", "#999999", "#ff0000")
        for found in workshop.findings(
            f'<p style="color: {colour}; background: #fff">Low.</p>\n', name="i.html"
        )
        if found.rule == "contrast" and "light" in found.text
    ]
    ratios = [text.partition("contrast ")[2] for text in said]
    assert ratios == [f"{ratio}:1, it takes 4.5:1" for ratio in ("4.48", "2.8", "4.0")]
