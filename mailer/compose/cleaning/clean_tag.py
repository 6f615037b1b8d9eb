"""One opening HTML tag, as nh3 leaves it: only the attributes, addresses and styles of the allow-list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape, unescape

from nh3 import Cleaner

from mailer.compose.html.addresses import tidy
from mailer.compose.html.allowed import ADDRESSES, ATTRIBUTES, ELEMENTS, SCHEMES, STYLES, TABLE_PARTS

Attributes = Sequence[tuple[str, str | None]]

_NAME = re.compile(r"[a-z][a-z0-9:_.-]*")
_ADDRESS_SPACE = re.compile(r"[\t\n\r]")
_SCHEME = re.compile(r"[\x00-\x20]*([A-Za-z][A-Za-z0-9+.-]*):")
_ATTRIBUTE = re.compile(r' ([^\s="]+)="([^"]*)"')
_WEIGHT = re.compile(r" ?! ?important")
_PROPERTY = re.compile(r"(?:^|;)\s*[A-Za-z-]+\s*:")
_RUNS_CODE = re.compile(r"[\x00-\x20]*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_UNFIT_STYLE = re.compile(r"expression\s*\(|(?:javascript|vbscript|data)\s*:|\\", re.IGNORECASE)
# A parser of fragments drops them without these around.
_AROUND = {
    "caption": "<table>",
    "col": "<table><colgroup>",
    "colgroup": "<table>",
    "tbody": "<table>",
    "tfoot": "<table>",
    "thead": "<table>",
    "tr": "<table><tbody>",
    "td": "<table><tbody><tr>",
    "th": "<table><tbody><tr>",
}
assert _AROUND.keys() == TABLE_PARTS


def clean_attributes(tag: str, attributes: Attributes) -> list[tuple[str, str]]:
    """Return what may stay of the attributes of an allowed element `tag`."""
    fit = {
        name: value or ""
        for name, value in reversed(attributes)
        if _NAME.fullmatch(name) and _fits(tag, name, value)
    }
    # An image's address has a reader of its own (`images`), who says what is wrong with it.
    pictures = {name: value for name, value in fit.items() if (tag, name) == ("img", "src")}
    rest = tuple((name, value) for name, value in fit.items() if name not in pictures)
    kept = pictures | dict(_cleaned(tag, rest) if rest else ())
    # nh3 gives them in any order, but a mail is the same whenever it is compiled.
    return [(name, kept[name]) for name in dict.fromkeys(name for name, _ in attributes) if name in kept]


def written(tag: str, attributes: Attributes, breaks: int = 0) -> str:
    """Return an opening tag with `breaks` line feeds in it, no angle bracket but its own."""
    pairs = [f' {name}="{escape(value or "", quote=True)}"' for name, value in attributes]
    return f"<{tag}{chr(10) * breaks}{''.join(pairs)}>"


def _fits(tag: str, name: str, value: str | None) -> bool:
    """Whether nh3 is to see this, which does not look at `background`."""
    address = _ADDRESS_SPACE.sub("", value or "")
    scheme = _SCHEME.match(address)
    if name in ADDRESSES and scheme:
        is_picture = (tag, name) == ("img", "src")
        return scheme.group(1).lower() in SCHEMES or (is_picture and not _RUNS_CODE.match(address))
    return name != "style" or not _UNFIT_STYLE.search(value or "")


@lru_cache(maxsize=4096)
def _cleaned(tag: str, attributes: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    before = _AROUND.get(tag, "")
    lowered = [(name, _lowered(value) if name == "style" else value) for name, value in attributes]
    html = _cleaner().clean(before + written(tag, lowered))
    found = re.search(f"<{tag}((?: [^>]*)?)>", html)
    pairs = _ATTRIBUTE.findall(found.group(1)) if found else []
    return [(name, _tidy(name, unescape(value))) for name, value in pairs if value or name != "style"]


def _lowered(style: str) -> str:
    """Return `style` with the names of its properties as nh3 knows them."""
    return _PROPERTY.sub(lambda found: found.group().lower(), style)


def _tidy(name: str, value: str) -> str:
    if name in ADDRESSES:
        return tidy(value)
    if name != "style":
        return value
    # In a style attribute !important would beat the layout's own for small screens and the dark.
    return _WEIGHT.sub("", value).replace('"', "'").replace(" ,", ",")


@lru_cache(maxsize=1)
def _cleaner() -> Cleaner:
    return Cleaner(
        tags=set(ELEMENTS),
        attributes=ATTRIBUTES,
        generic_attribute_prefixes={"aria-"},
        url_schemes=set(SCHEMES),
        filter_style_properties=set(STYLES),
        link_rel=None,
    )
