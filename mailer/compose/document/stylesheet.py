"""A style sheet divided: what goes into style attributes, and what only a style sheet can say.

At-rules (media queries, fonts, dark mode), states (`:hover`) and the tricks that are meant for one mail
program stay in a sheet. Where a rule that stays would now lose against a style attribute, it becomes
`!important`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cssselect import SelectorError
from cssselect.xpath import HTMLTranslator

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
_SKIPPED = re.compile(r"(?:\s+|/\*.*?(?:\*/|\Z)|<!--|-->)+", re.DOTALL)
# A string, a comment or an escape, in which no mark of punctuation counts.
_OPAQUE = re.compile(r"\"(?:\\.|[^\"\\\n])*\"?|'(?:\\.|[^'\\\n])*'?|/\*.*?(?:\*/|\Z)|\\.", re.DOTALL)
_COMMENT = re.compile(r"(\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*')|/\*.*?(?:\*/|\Z)", re.DOTALL)
# Not `mso-hide: all`, which hides only from Outlook.
_HIDES = re.compile(r"(?<![\w-])display\s*:\s*none\b", re.IGNORECASE)
IMPORTANT = re.compile(r"!\s*important\s*\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StyleRule:
    """`prelude { block }`, or a statement like `@import …;`, whose block is None."""

    prelude: str
    block: str | None

    def __str__(self) -> str:
        return f"{self.prelude};" if self.block is None else f"{self.prelude} {{{self.block}}}"


@dataclass(frozen=True, slots=True)
class Divided:
    """Two style sheets: one to put into style attributes, one to keep. Either may be empty."""

    inlined: str
    kept: str


def read_rules(css: str) -> Iterator[StyleRule]:
    """Yield the rules of a style sheet, or of the block of an at-rule (CSS Syntax 3, 5.4)."""
    position = 0
    while True:
        skipped = _SKIPPED.match(css, position)
        position = skipped.end() if skipped else position
        if position >= len(css):
            return
        end = _find(css, position, "{;}")
        prelude = css[position:end].strip()
        if css[end : end + 1] == "{":
            close = _find(css, end + 1, "}")
            yield StyleRule(prelude, css[end + 1 : close])
            end = close
        elif prelude.startswith("@"):
            yield StyleRule(prelude, None)
        position = end + 1


def _find(css: str, position: int, wanted: str) -> int:
    """Return where one of `wanted` stands outside of strings and brackets."""
    depth = 0
    while position < len(css):
        char = css[position]
        if opaque := _OPAQUE.match(css, position):
            position = opaque.end()
            continue
        if depth == 0 and char in wanted:
            return position
        depth += (char in "{([") - (char in "})]" and depth > 0)
        position += 1
    return len(css)


def declarations(block: str) -> list[str]:
    """Return the declarations of a block, as `name: value`."""
    found, position = [], 0
    block = _COMMENT.sub(lambda match: match.group(1) or "", block)
    while position < len(block):
        end = _find(block, position, ";")
        if text := block[position:end].strip():
            found.append(text)
        position = end + 1
    return found


def family(declaration: str) -> str:
    """Return what a shorthand has in common with what it sets: `padding` of `padding-left: 0`."""
    name = declaration.partition(":")[0].strip().lower()
    return name if name.startswith("-") else name.partition("-")[0]


def inlined_families(css: str) -> frozenset[str]:
    """Return the families that go into style attributes, against which the rest will have to win."""
    return frozenset(
        family(each)
        for rule in read_rules(css)
        if _inlined_selectors(rule)
        for each in declarations(rule.block or "")
    )


def divide(css: str, contested: frozenset[str], typed: frozenset[str]) -> Divided:
    """Divide a style sheet.

    `contested` are the `inlined_families` of all sheets of the document, `typed` those that its own style
    attributes set.
    """
    rules = [rule for rule in read_rules(css) if not rule.prelude.lower().startswith("@charset")]
    inlined = [
        StyleRule(", ".join(chosen), rule.block) for rule in rules if (chosen := _inlined_selectors(rule))
    ]
    kept = [str(each) for rule in rules for each in _kept(rule, contested, typed)]
    return Divided("\n".join(map(str, inlined)), "\n".join(kept))


def strengthen(css: str, contested: frozenset[str]) -> str:
    """Return a style sheet that is kept whole, as one for some media only, so that it still wins."""
    return "\n".join(str(_strengthened(rule, contested, frozenset())) for rule in read_rules(css))


def outlook_rules(css: str, names: frozenset[str], *, by_element: bool) -> str:
    """Return the rules, of those that are inlined, for elements with these `names` (`td`, `.x`, `#x`)."""
    found = []
    for rule in read_rules(css):
        chosen = [each for each in _inlined_selectors(rule) if _is_about(each, names, by_element=by_element)]
        if chosen and "--" not in str(rule):  # it stands in a comment
            found.append(str(StyleRule(", ".join(chosen), rule.block)))
    return " ".join(found).replace("\n", " ")


def _is_about(selector: str, names: frozenset[str], *, by_element: bool) -> bool:
    last = re.sub(r":[^.#]*|\[[^\]]*\]", "", re.split(r"[\s>+~]+", selector)[-1])
    asked = set(re.findall(r"[.#][\w-]+|^[\w-]+", last))
    named = asked if by_element else {each for each in asked if each[0] in ".#"}
    return bool(named) and {each.lower() for each in asked} <= {each.lower() for each in names}


def hides(style: str) -> bool:
    """Whether a style attribute, or a declaration, hides an element from every reader."""
    return _HIDES.search(style) is not None


def hiding_names(css: str) -> frozenset[str]:
    """Return the classes (`.x`) and ids (`#x`) that a style sheet hides, whatever the screen."""
    names = set[str]()
    for rule in read_rules(css):
        if any(map(hides, declarations(rule.block or ""))) and not rule.prelude.startswith("@"):
            names.update(
                name for each in selectors(rule) if (name := re.sub(r"^\w+(?=[.#])", "", each))[:1] in ".#"
            )
    return frozenset(name for name in names if re.fullmatch(r"[.#][\w-]+", name))


def selectors(rule: StyleRule) -> list[str]:
    """Return the selectors that stand before a block."""
    prelude = _COMMENT.sub(lambda match: match.group(1) or "", rule.prelude)
    found, position = [], 0
    while position < len(prelude):
        end = _find(prelude, position, ",")
        found.append(" ".join(prelude[position:end].split()))
        position = end + 1
    return found


def _inlined_selectors(rule: StyleRule) -> list[str]:
    if rule.block is None or rule.prelude.startswith("@"):
        return []
    return [_without_link(each) for each in selectors(rule) if _can_be_inlined(each)]


def _without_link(selector: str) -> str:
    # Every link of a mail is one that was not yet visited.
    return re.sub(r":link\b", "", selector, flags=re.IGNORECASE)


def _can_be_inlined(selector: str) -> bool:
    if _NOT_INLINED.search(selector) or FOREIGN.search(selector):
        return False
    try:
        return bool(HTMLTranslator().css_to_xpath(_without_link(selector)))
    except SelectorError:
        return False


def _kept(rule: StyleRule, contested: frozenset[str], typed: frozenset[str]) -> Iterator[StyleRule]:
    """Yield what of `rule` stays in a sheet."""
    if rule.block is None or rule.prelude.startswith("@"):
        yield _strengthened(rule, contested, typed)
        return
    staying = [each for each in selectors(rule) if not _can_be_inlined(each)]
    if staying:
        yield _strengthened(StyleRule(", ".join(staying), rule.block), contested, typed)
    important = [each for each in declarations(rule.block) if IMPORTANT.search(each)]
    going = [each for each in selectors(rule) if _can_be_inlined(each)]
    if important and going:
        # They also beat what the document's own style attributes say.
        yield StyleRule(", ".join(going), " " + "; ".join(important) + " ")


def _strengthened(rule: StyleRule, contested: frozenset[str], typed: frozenset[str]) -> StyleRule:
    if rule.block is None:
        return rule
    name = re.match(r"@([\w-]+)", rule.prelude)
    if name and name.group(1).lower() in ("media", "supports", "layer", "container", "-moz-document"):
        inner = (_strengthened(each, contested, typed) for each in read_rules(rule.block))
        return StyleRule(rule.prelude, "\n" + "\n".join(map(str, inner)) + "\n")
    if name:
        return rule
    wanted = contested - typed if _STATE.search(rule.prelude) else contested
    if _VISITED.search(rule.prelude):
        wanted = frozenset[str]()
    strong = "; ".join(_strong(each, wanted) for each in declarations(rule.block))
    return StyleRule(rule.prelude, f" {strong} ")


def _strong(declaration: str, wanted: frozenset[str]) -> str:
    wins = family(declaration) not in wanted or IMPORTANT.search(declaration)
    return declaration if wins else f"{declaration} !important"


def families(styles: Iterable[str]) -> frozenset[str]:
    """Return the families that these style attributes set."""
    return frozenset(family(each) for style in styles for each in declarations(style))
