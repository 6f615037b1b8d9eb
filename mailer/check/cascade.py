"""What a style sheet's rules do to each element, over what stands in its style attribute (CSS Cascade 5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

from cssselect import SelectorError, parse
from lxml.cssselect import CSSSelector
from lxml.html import HtmlElement

from mailer.compose.css.reading import Declaration, StyleRule, read_style

# important?, inline?, layer, specificity, position: the greatest wins.
_Weight = tuple[bool, bool, int, tuple[int, int, int], int]
_ANY_LINK = re.compile(r":(?:-webkit-|-moz-)?any-link\b", re.IGNORECASE)
_FONT_SIZE = re.compile(r"(?:^|\s)(\d*\.?\d+(?:px|pt|r?em|%)?)(?:\s*/\s*[\w.%]+)?\s+\S")
_VARIABLE = re.compile(r"var\(\s*(--[^\s,()]+)\s*(?:,((?:[^()]|\([^()]*\))*))?\)", re.IGNORECASE)
_MOST_VARIABLES = 20  # in one value, those in other variables too
_LONGEST = 1000  # characters of a value with variables
_EVERYWHERE = re.compile(r"@media\s+(?:only\s+)?(?:all|screen)|@media\s+not\s+print", re.IGNORECASE)
_ON_PAPER = re.compile(r"@media\s+(?:only\s+)?(?:print\b[^,]*|not\s+(?:all|screen)|speech)", re.IGNORECASE)


class Applied(NamedTuple):
    """A rule, the media that it is for ("" if for all) and its cascade layer ("" if it has none)."""

    rule: StyleRule
    media: str = ""
    layer: str = ""

    @property
    def is_dark(self) -> bool:
        """Whether it is for the dark."""
        return re.search(r"prefers-color-scheme\s*:\s*dark", self.media) is not None


def applied(rules: Iterable[StyleRule], media: str = "", layer: str = "") -> Iterator[Applied]:
    """Yield the style rules that hold on some screen, those in at-rules too."""
    for rule in rules:
        if not rule.at:
            yield Applied(rule, media, layer)
        elif rule.at == "supports":
            yield from applied(rule.rules, media, layer)
        elif rule.at == "layer":
            yield from applied(rule.rules, media, f"{layer}{rule.prelude}")
        elif rule.at == "media" and not _ON_PAPER.fullmatch(rule.prelude):
            everywhere = _EVERYWHERE.fullmatch(rule.prelude)
            yield from applied(rule.rules, media if everywhere else " ".join(rule.prelude.split()), layer)


@dataclass(slots=True)
class Cascade:
    """The declarations that hold for each element of a document under some of its rules."""

    document: HtmlElement
    rules: Iterable[Applied]
    _set: dict[HtmlElement, list[tuple[_Weight, Declaration]]] = field(default_factory=dict)
    _declared: dict[HtmlElement, dict[str, str]] = field(default_factory=dict)
    _variables: dict[HtmlElement, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rules = list(self.rules)
        layers = list(dict.fromkeys(each.layer for each in rules if each.layer))
        ranks = {layer: rank for rank, layer in enumerate([*layers, ""])}
        for position, (rule, _, layer) in enumerate(rules):
            for selector in rule.selectors:
                self._apply(selector, rule.declarations, ranks[layer], position)

    def style(self, element: HtmlElement) -> dict[str, str]:
        """Return what holds for `element`, by property; nothing but variables is inherited here.

        A variable that nothing sets is left as it is.
        """
        declared = self._declare(element)
        if not any("var(" in value.lower() for value in declared.values()):
            return declared
        variables = self._inherit(element)
        return {name: _substituted(value, variables) for name, value in declared.items()}

    def _declare(self, element: HtmlElement) -> dict[str, str]:
        if element not in self._declared:
            self._declared[element] = self._weighed(element)
        return self._declared[element]

    def _weighed(self, element: HtmlElement) -> dict[str, str]:
        inline: list[tuple[_Weight, Declaration]] = [
            ((each.important, True, 0, (0, 0, 0), number), each)
            for number, each in enumerate(read_style(element.get("style", "")))
        ]
        ordered = sorted([*inline, *self._set.get(element, [])], key=lambda weighed: weighed[0])
        found: dict[str, str] = {}
        for _, each in ordered:
            for name in [name for name in found if name.startswith(f"{each.name}-")]:
                del found[name]  # a shorthand sets them anew
            found[each.name] = each.value
            if each.name == "font" and (size := _FONT_SIZE.search(each.value)):
                found["font-size"] = size[1]
        return found

    def _inherit(self, element: HtmlElement) -> Mapping[str, str]:
        """Return the variables that hold for an element: its own, and those of what it stands in."""
        if element not in self._variables:
            parent = element.getparent()
            around = self._inherit(parent) if parent is not None else {}
            own = {name: value for name, value in self._declare(element).items() if name.startswith("--")}
            self._variables[element] = {**around, **own} if own else around
        return self._variables[element]

    def _apply(self, text: str, declarations: list[Declaration], rank: int, position: int) -> None:
        if (read := read_selector(text)) is None:
            return
        selector, specificity = read
        # Of layers the last wins, and what is in none; of what is important, the first.
        weighed = [
            ((each.important, False, -rank if each.important else rank, specificity, position), each)
            for each in declarations
        ]
        for element in selector(self.document):
            self._set.setdefault(element, []).extend(weighed)


@lru_cache(maxsize=256)
def read_selector(selector: str) -> tuple[Callable[[HtmlElement], Any], tuple[int, int, int]] | None:
    """Return what finds the elements of a selector, and its specificity; rules ask for it again and again.

    None for a pseudo-class such as :hover, which is never the state in which mail is read.
    """
    try:
        text = _ANY_LINK.sub(":link", selector)
        return CSSSelector(text, translator="html"), parse(text)[0].specificity()
    except SelectorError:
        return None


def _substituted(value: str, variables: Mapping[str, str]) -> str:
    """Return a value with its variables replaced by what they hold, or by their fallback."""
    for _ in range(_MOST_VARIABLES):
        found = _VARIABLE.search(value)
        held = variables.get(found[1].lower(), found[2]) if found else None
        if found is None or held is None or len(held) + len(value) > _LONGEST:
            break
        value = f"{value[: found.start()]}{held.strip()}{value[found.end() :]}"
    return value
