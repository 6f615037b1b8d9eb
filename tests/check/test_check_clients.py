"""What mail programs lack, by caniemail's data, and how many of that the default layout uses."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from proofs import Workshop

from mailer.check.clients import DATA, HARMLESS, noticed, support
from mailer.check.features import FeatureUse, features_of, selector_features

# What leemunroe/responsive-html-email-template (email-inlined.html) misses in each, by the npm package
# caniemail: as much as ours may miss at most.
MOST = {
    "gmail.desktop-webmail": 4,
    "gmail.mobile-webmail": 9,
    "outlook.windows": 8,
    "apple-mail.ios": 1,
}
SAMPLES = Path(__file__).parents[2] / "docs" / "samples"


@pytest.mark.parametrize("layout", ["newsletter", "gazette", "digest", "letter"])
def test_a_layout_misses_no_more_than_the_best_known_template(
    bundled: Workshop, capsys: pytest.CaptureFixture[str], layout: str
) -> None:
    uses = list(features_of(bundled.mail_of_file(SAMPLES / f"{layout}.md")))
    # With what nobody misses, such as the switch for dark mode: so the other template is counted too.
    missed = {client: missed_by(client, uses) for client in MOST}
    with capsys.disabled():
        for client, features in missed.items():
            name = support().clients[client]
            print(
                f"\n{layout}, {name}: {len(features)} of at most {MOST[client]}: {', '.join(features)}",
                end="",
            )
    assert {client for client, features in missed.items() if len(features) > MOST[client]} == set()


def missed_by(client: str, uses: Iterable[FeatureUse]) -> list[str]:
    """The titles of what `client` lacks of the features used."""
    return sorted(
        support().titles[feature] for feature, who in support().missed(uses).items() if client in who
    )


def found(workshop: Workshop, html: str) -> dict[str, set[str]]:
    uses = features_of(replace(workshop.mail(), html=html))
    return {use.feature: set(use.inside) for use in uses}


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<p style="display:flex">', "css-display-flex"),
        ('<p style="DISPLAY: none">', "css-display-none"),
        ('<p style="position:absolute; top: 0">', "css-left-right-top-bottom"),
        ('<p style="width: calc(100% - 2px)">', "css-unit-calc"),
        ('<p style="width: 3vw">', "css-unit-vw"),
        ('<p style="width: min(3px, 2em)">', "css-function-min"),
        ('<p style="color: rgba(0, 0, 0, .4)">', "css-rgba"),
        ('<p style="color: var(--x)">', "css-variables"),
        ('<p style="grid-template-columns: 1fr">', "css-grid-template"),
        ('<p style="margin-inline-end: 0">', "css-margin-inline-start-end"),
        ('<p style="background: linear-gradient(red, blue)">', "css-linear-gradient"),
        ('<p style="border-start-start-radius: 1px">', "css-border-radius-logical"),
        ("<section>x</section>", "html-semantics"),
        ("<video src=x>", "html-video"),
        ('<input type="checkbox">', "html-input-checkbox"),
        ("<button>x</button>", "html-button-submit"),
        ('<a href="#x">x</a>', "html-anchor-links"),
        ('<a target="_blank" href="x">x</a>', "html-target"),
        ('<img srcset="x 2x">', "html-srcset"),
        ('<img src="https://a.example/boat.SVG?x">', "image-svg"),
        ('<img src="data:image/webp;base64,AAAA">', "image-webp"),
        ('<img src="data:image/webp;base64,AAAA">', "image-base64"),
        ("<!doctype html>", "html-doctype"),
        ("<style>a > b {}</style>", "css-selector-child"),
        ("<style>a:hover {}</style>", "css-pseudo-class-hover"),
        ("<style>a::before {}</style>", "css-pseudo-element-before"),
        ("<style>@font-face { x: y }</style>", "css-at-font-face"),
        ("<style>@media (orientation: landscape) { a { b: c } }</style>", "css-at-media-orientation"),
        ("<style>@media (-webkit-min-device-pixel-ratio: 2) {}</style>", "css-at-media-device-pixel-ratio"),
        ("<style>a { b: c !important }</style>", "css-important"),
        ("<style>a { & b { c: d } }</style>", "css-nesting"),
    ],
)
def test_a_feature_is_found(workshop: Workshop, html: str, feature: str) -> None:
    assert feature in support().titles
    assert feature in found(workshop, html)


@pytest.mark.parametrize(
    ("html", "feature"),
    [
        ('<p style="text-transform: capitalize">', "css-transform"),
        ("<p style=\"font-family: '3vw calc(x)'\">", "css-unit-calc"),
        ('<p style="background: url(x-3vw.png)">', "css-unit-vw"),
        ("<!--[if mso]><section>x</section><![endif]-->", "html-semantics"),
        ('<p style="color: #1e3ch">', "css-unit-ch"),
        ('<p style="x">', "html-style"),
    ],
)
def test_what_only_looks_like_a_feature_is_none(workshop: Workshop, html: str, feature: str) -> None:
    assert feature not in found(workshop, html)


def test_what_is_lost_with_its_media_query_is_counted_once(workshop: Workshop) -> None:
    html = "<p>x</p><style>@media (min-width: 9px) { a { opacity: 0.5 } }</style>"
    assert found(workshop, html)["css-opacity"] >= {"html-style", "css-at-media"}
    uses = list(features_of(replace(workshop.mail(), html=html)))
    assert missed_by("outlook.windows", noticed(uses)) == ["@media"]
    assert missed_by("gmail.mobile-webmail", noticed(uses)) == ["<style> element"]


def test_rules_for_one_mail_program_are_no_loss_in_another(workshop: Workshop) -> None:
    html = "<style>[data-ogsc] .x { color: red } u + .y { opacity: 0 }</style>"
    uses = list(features_of(replace(workshop.mail(), html=html)))
    assert missed_by("outlook.windows", noticed(uses)) == []
    assert "Attribute selector" in missed_by("outlook.windows", uses)


@pytest.mark.parametrize(
    ("selector", "features"),
    [
        (".a", {"class"}),
        ("a", {"type"}),
        ("*", {"universal"}),
        ("#a", {"id"}),
        ("a.b", {"type", "class", "chaining"}),
        ("a[href]", {"type", "attribute", "chaining"}),
        (".a .b", {"class", "descendant"}),
        (".a > b", {"class", "type", "child"}),
        (".a + .b", {"class", "adjacent-sibling"}),
        (".a ~ .b", {"class", "general-sibling"}),
    ],
)
def test_selectors(selector: str, features: set[str]) -> None:
    assert set(selector_features(selector)) == {f"css-selector-{name}" for name in features}


def test_the_data_names_its_source_its_date_and_its_licence() -> None:
    data = json.loads(DATA.read_text(encoding="utf-8"))
    assert data["source"].startswith("caniemail ")
    assert len(data["date"]) == 10
    assert "MIT License" in DATA.with_suffix(".LICENSE").read_text(encoding="utf-8")
    assert all(set(feature["lacking"]) <= data["clients"].keys() for feature in data["features"].values())
    assert data["features"].keys() >= HARMLESS


def test_the_issues_own_are_told_by_line_and_the_layouts_together(workshop: Workshop) -> None:
    mail = replace(
        workshop.mail('<p>One</p>\n<p style="display: flex">Two</p>\n', name="i.html"), own_layout=True
    )
    from mailer.check.examine import RULES

    flex, layouts = list(RULES["client-support"].findings(mail))
    assert (flex.line, layouts.line) == (7, None)
    assert flex.text.startswith("display:flex: does nothing in ")
    assert "the layout 'newsletter'" in layouts.text


def test_what_markdown_is_made_into_is_nobodys_to_change(workshop: Workshop) -> None:
    body = 'Low tide.[^1]\n\n![A boat](https://h.example/a.png "The boat"){width=300}\n\n[^1]: At noon.\n'
    assert workshop.places("client-support", body) == []
    assert workshop.places("client-support", f"{body}\n[Up](#top)\n") == [7]
