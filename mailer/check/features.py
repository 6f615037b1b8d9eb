"""Which features of HTML and CSS a mail uses, named as caniemail names them.

caniemail's names follow a pattern (`css-<property>`, `html-<element>`, `css-unit-<unit>`), so that most are
found by it; the tables hold those that don't. A feature is found where it is written: the style attributes
and elements of the body, and the rules of the style sheets. What stands in a `<style>` or an at-rule is lost
with it, so each use says what it is inside of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from lxml.html import HtmlElement

from mailer.check.rendered import RenderedMail
from mailer.compose.css.reading import Declaration, StyleRule, read_style

# Of the first that matches the whole name; what is none of caniemail's is "".
_PROPERTIES = (
    (r"left|right|top|bottom", "css-left-right-top-bottom"),
    (r"(?:row|column|grid)-gap", "css-gap"),
    (r"(?:block|inline)-size", "css-block-inline-size"),
    (r"columns|column-(?:width|rule|span)", "css-column-layout-properties"),
    (r"(margin|padding|border)-(?:inline|block)", r"css-\1-inline-block"),
    (r"(margin|padding)-(inline|block)-(?:start|end)", r"css-\1-\2-start-end"),
    (r"grid-template-.+", "css-grid-template"),
    (r"scroll-snap-.+", "css-scroll-snap"),
    (r"border-(?:start|end)-(?:start|end)-radius", "css-border-radius-logical"),
    (r"border-(?:inline|block)-(?:width|style|color)", "css-border-inline-block-longhand"),
    (r"border-(?:inline|block)-(?:start|end).*", "css-border-inline-block-individual"),
    (r"(?:animation|transition|outline|mask-image|filter)-.+|--.+", ""),
    (r"(?s).*", r"css-\g<0>"),
)
_VALUES = (
    (re.compile(r"(?:fit|min|max)-content"), "css-intrinsic-size"),
    (re.compile(r"\b(?:ok)?(?:lch|lab)\("), "css-modern-color"),
    (re.compile(r"\b(?:system-ui|ui-(?:serif|sans-serif|rounded|monospace))\b"), "css-sytem-ui"),
    (re.compile(r"\bvar\("), "css-variables"),
    (re.compile(r"\bcalc\("), "css-unit-calc"),
    (re.compile(r"\binitial\b"), "css-unit-initial"),
    (re.compile(r"\brgba\("), "css-rgba"),
)
_FUNCTION = re.compile(r"([a-z-]+)\(")
_UNIT = re.compile(r"(?<![\w#.-])-?(?:\d+|\d*\.\d+)([a-z]+|%)", re.IGNORECASE)
_BRACKETS = re.compile(r"\[[^\]]*\]")
_ARGUMENT = re.compile(r"\([^()]*\)")
_SELECTORS = (
    (re.compile(r"\.[\w-]"), "css-selector-class"),
    (re.compile(r"#[\w-]"), "css-selector-id"),
    (re.compile(r"(?:^|[\s>+~])[a-z][\w-]*", re.IGNORECASE), "css-selector-type"),
    (re.compile(r"(?:^|[\s>+~])\*"), "css-selector-universal"),
    (re.compile(r"[\w\]-][.#]|[.#][\w-]+\["), "css-selector-chaining"),
    (re.compile(r">"), "css-selector-child"),
    (re.compile(r"\+"), "css-selector-adjacent-sibling"),
    (re.compile(r"~"), "css-selector-general-sibling"),
    (re.compile(r"[^\s>+~]\s+[^\s>+~]"), "css-selector-descendant"),
)
_ELEMENTS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "html-h1-h6"),
    **dict.fromkeys(("ul", "ol", "dl"), "html-lists"),
    **dict.fromkeys(
        ("article", "aside", "details", "figcaption", "figure", "footer", "header", "main", "mark", "nav"),
        "html-semantics",
    ),
    **dict.fromkeys(("section", "summary", "time"), "html-semantics"),
    "map": "html-image-maps",
}
_ATTRIBUTES = {"srcset": "html-srcset", "sizes": "html-srcset", "loading": "html-loading-attribute"}
_IMAGES = {"jpeg": "jpg", "tif": "tiff", "heic": "heif", "apng": "apng", "mp4": "mp4"}


# Selectors that match in one mail program only: Outlook's dark mode, Apple's links for dates and addresses,
# Samsung, old Outlook.com, Gmail.
_AIMED = re.compile(r"data-ogs[cb]|x-apple-data-detectors|#MessageViewBody|\.ExternalClass|(?:^|[\s,])u\s*\+")


@dataclass(frozen=True, slots=True)
class FeatureUse:
    """One use of a feature. `inside` are the features that it is lost with.

    `aimed`: it stands in a rule for one mail program, whose selector nothing matches anywhere else.
    """

    feature: str
    inside: frozenset[str] = frozenset()
    aimed: bool = False


def features_of(mail: RenderedMail) -> Iterator[FeatureUse]:
    """Yield every use of a feature in the HTML part of a mail."""
    if re.match(r"\s*<!doctype html>", mail.html, re.IGNORECASE):
        yield FeatureUse("html-doctype")
    yield from (FeatureUse(name) for name, _ in features_in(*mail.document.iter()))
    if any("/*" in text for text in mail.style_texts):
        yield FeatureUse("css-comments", frozenset({"html-style"}))
    yield from _rules(mail.styles, frozenset({"html-style"}))


def features_in(*elements: HtmlElement) -> Iterator[tuple[str, HtmlElement]]:
    """Yield the features of these elements, their attributes and style attributes, with the element."""
    for element in elements:
        if isinstance(element.tag, str):
            yield from ((name, element) for name in _element(element))
            for declaration in read_style(element.get("style", "")):
                yield from ((name, element) for name in declaration_features(declaration))


def declaration_features(declaration: Declaration) -> Iterator[str]:
    """Yield the features of one declaration: property, keyword, functions, units."""
    name, value = declaration.name, declaration.value.lower()
    if declaration.important:
        yield "css-important"
    yield next(found.expand(feature) for each, feature in _PROPERTIES if (found := re.fullmatch(each, name)))
    yield f"css-{name}-{value}"  # display: flex
    if name == "inline-size":
        yield "css-inline-size"
    bare = re.sub(r"\"[^\"]*\"|'[^']*'|url\([^)]*\)", "", value)
    yield from (feature for pattern, feature in _VALUES if pattern.search(bare))
    for function in _FUNCTION.findall(bare):
        yield from (f"css-function-{function}", f"css-{function}")
    yield from (f"css-unit-{unit.lower()}" for unit in _UNIT.findall(bare))


def selector_features(selector: str) -> Iterator[str]:
    """Yield the features that one selector (no list) uses."""
    if _BRACKETS.search(selector):
        yield "css-selector-attribute"
    bare = _ARGUMENT.sub("", _BRACKETS.sub("[x]", selector))
    yield from (f"css-pseudo-element-{name}" for name in re.findall(r"::([a-z-]+)", bare.lower()))
    yield from (f"css-pseudo-class-{name}" for name in re.findall(r"(?<!:):([a-z-]+)", bare.lower()))
    plain = re.sub(r"::?[\w-]+", "", bare).replace("[x]", "")
    yield from (feature for pattern, feature in _SELECTORS if pattern.search(plain))
    if re.search(r"\S\[x\]", bare):
        yield "css-selector-chaining"


def _element(element: HtmlElement) -> Iterator[str]:
    tag = element.tag
    yield _ELEMENTS.get(tag, f"html-{tag}")
    if tag in ("input", "button"):
        yield f"html-{tag}-{element.get('type', 'submit' if tag == 'button' else 'text').lower()}"
    for name in element.attrib:
        yield _ATTRIBUTES.get(str(name), f"html-{name}" if name not in _NOT_ATTRIBUTES else "")
    if tag == "a" and element.get("href", "").startswith("#"):
        yield "html-anchor-links"
    if tag == "meta" and element.get("name", "").lower() == "color-scheme":
        yield "html-meta-color-scheme"
    if tag == "img":
        yield from _picture(element.get("src", ""))


# caniemail has elements of these names, which are other features than the attributes.
_NOT_ATTRIBUTES = frozenset(
    {"style", "title", "link", "form", "span", "code", "address", "abbr", "body", "svg"}
)


def _picture(source: str) -> Iterator[str]:
    if source.startswith("data:"):
        yield "image-base64"
        yield f"image-{source[5:].partition(';')[0].rpartition('/')[2].partition('+')[0]}"
        return
    ending = PurePosixPath(re.split(r"[?#]", source)[0]).suffix[1:].lower()
    yield f"image-{_IMAGES.get(ending, ending)}"


def _rules(rules: Iterable[StyleRule], inside: frozenset[str]) -> Iterator[FeatureUse]:
    for rule in rules:
        aimed = _AIMED.search(rule.prelude) is not None
        here = inside
        if rule.at:
            yield FeatureUse(f"css-at-{rule.at}", inside)
            here = inside | {f"css-at-{rule.at}"}
            media = frozenset(_media(rule))
            yield from (FeatureUse(name, here) for name in media)
            here |= media
        for name in _rule_features(rule):
            yield FeatureUse(name, here, aimed=aimed)
        yield from _rules(rule.rules, here)


def _rule_features(rule: StyleRule) -> Iterator[str]:
    for selector in rule.selectors:
        yield from selector_features(selector)
    if len(rule.selectors) > 1:
        yield "css-selector-grouping"
    if rule.rules and not rule.at:
        yield "css-nesting"
    for declaration in rule.declarations:
        yield from declaration_features(declaration)


def _media(rule: StyleRule) -> Iterator[str]:
    if rule.at == "media":
        for name in re.findall(r"\(\s*(?:-webkit-|min-|max-|any-)*([a-z-]+)", rule.prelude.lower()):
            yield f"css-at-media-{name}"
