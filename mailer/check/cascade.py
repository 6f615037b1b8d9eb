"""What a style sheet's rules do to each element, over what stands in its style attribute (CSS Cascade 4)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cssselect import SelectorError, parse
from lxml.html import HtmlElement

from mailer.check.css import Block, Declaration, read_style

# important?, inline?, specificity, position: the greatest wins.
_Weight = tuple[bool, bool, tuple[int, int, int], int]
_ANY_LINK = re.compile(r":(?:-webkit-|-moz-)?any-link\b", re.IGNORECASE)
_FONT_SIZE = re.compile(r"(?:^|\s)(\d*\.?\d+(?:px|pt|r?em|%)?)(?:\s*/\s*[\w.%]+)?\s+\S")


@dataclass(slots=True)
class Cascade:
    """The declarations that hold for each element of a document under some of its rules."""

    document: HtmlElement
    rules: Iterable[Block]
    _set: dict[HtmlElement, list[tuple[_Weight, Declaration]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for position, rule in enumerate(self.rules):
            for selector in rule.selectors:
                self._apply(selector, rule.declarations, position)

    def style(self, element: HtmlElement) -> dict[str, str]:
        """Return what holds for `element`, by property; nothing is inherited here."""
        inline = [
            ((each.important, True, (0, 0, 0), number), each)
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

    def _apply(self, text: str, declarations: list[Declaration], position: int) -> None:
        try:
            text = _ANY_LINK.sub(":link", text)
            found = self.document.cssselect(text, translator="html")
            specificity = parse(text)[0].specificity()
        except SelectorError:
            return  # a pseudo-class such as :hover: never the state in which mail is read
        for element in found:
            self._set.setdefault(element, []).extend(
                ((each.important, False, specificity, position), each) for each in declarations
            )
