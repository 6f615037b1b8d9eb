"""The features of a selector, as caniemail names them."""

from __future__ import annotations

import re
from collections.abc import Iterator

_ATTRIBUTE = re.compile(r"\[[^\]]*\]")
_ARGUMENT = re.compile(r"\([^()]*\)")
_SIMPLE = (
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


def selector_features(selector: str) -> Iterator[str]:
    """Yield the features that one selector (no list) uses."""
    if _ATTRIBUTE.search(selector):
        yield "css-selector-attribute"
    bare = _ARGUMENT.sub("", _ATTRIBUTE.sub("[x]", selector))
    yield from (f"css-pseudo-element-{name}" for name in re.findall(r"::([a-z-]+)", bare.lower()))
    yield from (f"css-pseudo-class-{name}" for name in re.findall(r"(?<!:):([a-z-]+)", bare.lower()))
    plain = re.sub(r"::?[\w-]+", "", bare).replace("[x]", "")
    yield from (feature for pattern, feature in _SIMPLE if pattern.search(plain))
    if re.search(r"\S\[x\]", bare):
        yield "css-selector-chaining"
