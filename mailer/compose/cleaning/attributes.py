"""A typed tag's attributes: those of the allow-list, as nh3 leaves them, and what to tell of the others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from html import unescape

import nh3

from mailer.compose.css.reading import read_style
from mailer.compose.html.addresses import tidy
from mailer.compose.html.allowed import ADDRESSES, ATTRIBUTES, ELEMENTS, SCHEMES, STYLES
from mailer.compose.html.tokens import Attribute, write_tag

_NAME = re.compile(r"[a-z][a-z0-9:_.-]*")
_SCHEME = re.compile(r"[\x00-\x20]*([A-Za-z][A-Za-z0-9+.-]*):")
_ATTRIBUTE = re.compile(r' ([^\s="]+)="([^"]*)"')
_RUNS_CODE = re.compile(r"[\x00-\x20]*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_UNFIT_STYLE = re.compile(r"expression\s*\(|(?:javascript|vbscript|data)\s*:|\\", re.IGNORECASE)


def fit_attributes(tag: str, given: tuple[Attribute, ...]) -> list[Attribute]:
    """Return what may stay of the attributes of an allowed element `tag`."""
    fit = {
        each.name: each.value or ""
        for each in reversed(given)
        if _NAME.fullmatch(each.name) and _fits(tag, each)
    }
    # An image's address has a reader of its own (`images`), who says what is wrong with it.
    pictures = {"src": fit.pop("src")} if tag == "img" and "src" in fit else {}
    kept = pictures | _judged(tag, tuple(fit.items()))
    # nh3 gives them in any order, but a mail is the same whenever it is compiled.
    return [
        Attribute(name, kept[name]) for name in dict.fromkeys(each.name for each in given) if name in kept
    ]


def lost_attributes(tag: str, given: tuple[Attribute, ...], kept: list[Attribute]) -> Iterator[str]:
    """Yield what is lost of the attributes `given` to a `tag` and worth a word."""
    left = {each.name: each.value or "" for each in kept}
    for name, value in ((each.name, each.value or "") for each in given):
        if name.startswith("on") and name not in left:
            yield f"{name}= of <{tag}> was taken out: no mail program runs it"
        elif name in ADDRESSES and value and name not in left:
            shown = repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:56]}…'"
            yield f"{name}={shown} of <{tag}> was taken out: mails can't lead there"
        elif name == "style" and (gone := _properties(value).keys() - _properties(left.get("style", ""))):
            named = ", ".join(each for each in _properties(value) if each in gone)
            yield f"{named} was taken out of the style of <{tag}>"


def _properties(style: str) -> dict[str, None]:
    return dict.fromkeys(each.name for each in read_style(style))


def _fits(tag: str, attribute: Attribute) -> bool:
    """Whether nh3 is to see this, which does not look at `background`."""
    value = attribute.value or ""
    address = re.sub(r"[\t\n\r]", "", value)
    if attribute.name in ADDRESSES and (scheme := _SCHEME.match(address)):
        is_picture = (tag, attribute.name) == ("img", "src")
        return scheme.group(1).lower() in SCHEMES or (is_picture and not _RUNS_CODE.match(address))
    return attribute.name != "style" or not _UNFIT_STYLE.search(value)


@lru_cache(maxsize=4096)
def _judged(tag: str, given: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Return what nh3 leaves of attributes, by name."""
    attributes = [Attribute(name, _weightless(value) if name == "style" else value) for name, value in given]
    kept = _ATTRIBUTE.findall(_cleaner().clean(write_tag(_alone(tag), attributes)))
    return {name: _tidy(name, unescape(value)) for name, value in kept if value or name != "style"}


def _weightless(style: str) -> str:
    """Return `style` with its properties as nh3 knows them, in lower case, and nothing !important.

    In a style attribute that would beat the layout's own rules for small screens and the dark.
    """
    return "; ".join(f"{each.name}: {each.value}" for each in read_style(style))


def _tidy(name: str, value: str) -> str:
    if name in ADDRESSES:
        return tidy(value)
    return value.replace('"', "'").replace(" ,", ",") if name == "style" else value


def _alone(tag: str) -> str:
    """Return another name for an element: a parser drops a cell without a table around it."""
    return tag if tag == "*" else f"e-{tag}"


@lru_cache(maxsize=1)
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags={_alone(tag) for tag in ELEMENTS},
        attributes={_alone(tag): names for tag, names in ATTRIBUTES.items()},
        generic_attribute_prefixes={"aria-"},
        url_schemes=set(SCHEMES),
        filter_style_properties=set(STYLES),
        link_rel=None,
    )
