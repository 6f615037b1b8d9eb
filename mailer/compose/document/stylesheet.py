"""A style sheet divided: what goes into style attributes, and what only a style sheet can say.

At-rules (media queries, fonts, dark mode), states (`:hover`) and the tricks that are meant for one mail
program stay in a sheet. Where a rule that stays would now lose against a style attribute, it becomes
`!important`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from cssselect import SelectorError
from cssselect.xpath import HTMLTranslator

from mailer.compose.css.reading import Declaration, StyleRule, read_sheet, read_style

# Elements and classes that mail programs put around a mail, and what is known of only one of them.
FOREIGN = re.compile(
    r"#outlook|#message(?:web)?view|yiv|\bu\s*[+~]"
    r"|\.(?:externalclass|readmsgbody|moz-|yshortcuts|gmail|aolmail|msohtml|a6s|abn|im\b)",
    re.IGNORECASE,
)
# Only what no recipient's value can change may be looked at: styles are put into attributes for everybody.
_ATTRIBUTE = r"\[(?!(?:class|id|type|role|border|cellpadding|cellspacing)\b)"
_NOT_INLINED = re.compile(
    rf"\\|\*(?!=)|{_ATTRIBUTE}|:(?!link\b|first-child\b|last-child\b|not\([^:()]*\))", re.IGNORECASE
)
_STATE = re.compile(r":(?:hover|active|focus|visited|target)\b", re.IGNORECASE)
_VISITED = re.compile(r":visited\b", re.IGNORECASE)
_AROUND_RULES = frozenset({"media", "supports", "layer", "container", "-moz-document"})


def families(styles: Iterable[str]) -> frozenset[str]:
    """Return the families that these style attributes set."""
    return frozenset(_family(each) for style in styles for each in read_style(style))


def inlined_families(css: str) -> frozenset[str]:
    """Return the families that go into style attributes, against which the rest will have to win."""
    return frozenset(
        _family(each) for rule in read_sheet(css) if _inlined_selectors(rule) for each in rule.declarations
    )


def _family(declaration: Declaration) -> str:
    """Return what a shorthand has in common with what it sets: `padding` of `padding-left: 0`."""
    name = declaration.name
    return name if name.startswith("-") else name.partition("-")[0]


def divide(css: str, contested: frozenset[str], typed: frozenset[str]) -> tuple[str, str]:
    """Return two style sheets: one to put into style attributes, one to keep. Either may be empty.

    `contested` are the `inlined_families` of all sheets of the document, `typed` the `families` that its own
    style attributes set.
    """
    rules = [rule for rule in read_sheet(css) if rule.at != "charset"]
    inlined = [_written(chosen, rule.block) for rule in rules if (chosen := _inlined_selectors(rule))]
    kept = [each for rule in rules for each in _kept(rule, contested, typed)]
    return "\n".join(inlined), "\n".join(kept)


def strengthen(css: str, contested: frozenset[str]) -> str:
    """Return a style sheet that is kept whole, as one for some media only, so that it still wins."""
    return "\n".join(_strengthened(rule, contested, frozenset()) for rule in read_sheet(css))


def outlook_rules(css: str, names: frozenset[str], *, by_element: bool) -> str:
    """Return the rules, of those that are inlined, for elements with these `names` (`td`, `.x`, `#x`)."""
    found = []
    for rule in read_sheet(css):
        chosen = [each for each in _inlined_selectors(rule) if _is_about(each, names, by_element=by_element)]
        if chosen and "--" not in str(rule):  # it stands in a comment
            found.append(_written(chosen, rule.block))
    return " ".join(found).replace("\n", " ")


def _is_about(selector: str, names: frozenset[str], *, by_element: bool) -> bool:
    last = re.sub(r":[^.#]*|\[[^\]]*\]", "", re.split(r"[\s>+~]+", selector)[-1])
    asked = set(re.findall(r"[.#][\w-]+|^[\w-]+", last))
    named = asked if by_element else {each for each in asked if each[0] in ".#"}
    return bool(named) and {each.lower() for each in asked} <= {each.lower() for each in names}


def hiding_names(css: str) -> frozenset[str]:
    """Return the classes (`.x`) and ids (`#x`) that a style sheet hides, whatever the screen."""
    hiding = (rule for rule in read_sheet(css) if any(each.hides for each in rule.declarations))
    names = (re.sub(r"^\w+(?=[.#])", "", each) for rule in hiding for each in rule.selectors)
    return frozenset(name for name in names if re.fullmatch(r"[.#][\w-]+", name))


def _written(selectors: list[str], block: str | None) -> str:
    return f"{', '.join(selectors)} {{{block}}}"


def _inlined_selectors(rule: StyleRule) -> list[str]:
    return [_without_link(each) for each in rule.selectors if _can_be_inlined(each)]


def _without_link(selector: str) -> str:
    # Every link of a mail is one that was not yet visited.
    return re.sub(r":link\b", "", selector, flags=re.IGNORECASE)


@lru_cache(maxsize=4096)
def _can_be_inlined(selector: str) -> bool:
    if _NOT_INLINED.search(selector) or FOREIGN.search(selector):
        return False
    try:
        return bool(HTMLTranslator().css_to_xpath(_without_link(selector)))
    except SelectorError:
        return False


def _kept(rule: StyleRule, contested: frozenset[str], typed: frozenset[str]) -> Iterator[str]:
    """Yield what of `rule` stays in a sheet."""
    if rule.at:
        yield _strengthened(rule, contested, typed)
        return
    staying = [each for each in rule.selectors if not _can_be_inlined(each)]
    if staying:
        yield _strengthened(rule, contested, typed, ", ".join(staying))
    important = [each.text for each in rule.declarations if each.important]
    going = [each for each in rule.selectors if _can_be_inlined(each)]
    if important and going:
        # They also beat what the document's own style attributes say.
        yield _written(going, f" {'; '.join(important)} ")


def _strengthened(
    rule: StyleRule, contested: frozenset[str], typed: frozenset[str], prelude: str = ""
) -> str:
    """Return what is written of `rule`, with another prelude if one is given, so that it still wins."""
    prelude = prelude or rule.prelude
    if rule.at in _AROUND_RULES and rule.block is not None:
        inner = "\n".join(_strengthened(each, contested, typed) for each in rule.rules)
        return f"{prelude} {{\n{inner}\n}}"
    if rule.at:
        return str(rule)
    wanted = contested - typed if _STATE.search(prelude) else contested
    if _VISITED.search(prelude):
        wanted = frozenset[str]()
    return f"{prelude} {{ {'; '.join(_strong(each, wanted) for each in rule.items)} }}"


def _strong(item: Declaration | StyleRule, wanted: frozenset[str]) -> str:
    if isinstance(item, StyleRule) or item.important or _family(item) not in wanted:
        return str(item)
    return f"{item} !important"
