"""What of HTML runs, embeds, submits or loads by itself, and why none of it can be mailed."""

from __future__ import annotations

import re

from mailer.compose.html.allowed import MEDIA
from mailer.compose.html.tokens import Attribute, HTMLToken

# In them the rules of HTML change, which is how filters are fooled: only their text and links stay.
DRAWINGS = frozenset({"math", "svg"})
# With all that is in them.
REMOVED = frozenset({"script", "select", "template"})
# The tag goes, what is in the element stays. Some browsers read noscript otherwise, and plaintext for ever.
UNWRAPPED = (
    DRAWINGS
    | frozenset(MEDIA)
    | {"applet", "form", "frameset", "noembed", "noframes", "noscript", "plaintext", "portal", "textarea"}
)
# Their content is markup, though browsers read it as one text.
FALLBACKS = frozenset({"iframe", "noembed", "noframes"})
# Without a form they submit nothing; menus that unfold are made of them.
INPUTS_KEPT = frozenset({"checkbox", "radio"})
VERBATIM = frozenset({"xmp"})
URL_ATTRIBUTES = frozenset(
    {"background", "cite", "classid", "codebase", "data", "dynsrc", "href", "longdesc", "lowsrc", "poster"}
    | {"profile", "src", "srcset", "usemap", "xlink:href"}
)
REFUSED_ATTRIBUTES = frozenset({"action", "formaction", "ping", "srcdoc"})
META_KEPT = frozenset({"content-language", "content-type", "x-ua-compatible"})
LINKS_KEPT = frozenset({"stylesheet"})

RUNS = "no mail program runs it"
EMBEDS = "mail programs don't show it"
FORMS = "mail programs warn of forms or block them; link to a page with the form"

REASONS = {"script": RUNS, "form": FORMS, "select": FORMS, "textarea": FORMS} | dict.fromkeys(
    (*DRAWINGS, *MEDIA, "applet", "frameset", "portal"), EMBEDS
)
_ACTIVE_URL = re.compile(
    r"(?:javascript|vbscript|livescript|mocha):|data:(?!image/(?:png|jpeg|gif|webp)[;,])", re.IGNORECASE
)
_ACTIVE_CSS = re.compile(
    r"expression\(|javascript:|vbscript:|-moz-binding|behaviou?r:|data:text",
    re.IGNORECASE,
)
_CSS_ESCAPE = re.compile(r"/\*.*?(?:\*/|\Z)|\\([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\\", re.DOTALL)
_NOT_A_LETTER = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\ufeff]")


def refused_element(token: HTMLToken) -> str:
    """Return why the tag of an element that is not among those above is removed; "" if it isn't."""
    if token.name == "meta":
        equivalent = token.get("http-equiv")
        return "" if equivalent is None or equivalent.strip().lower() in META_KEPT else RUNS
    if token.name == "input":
        return "" if (token.get("type") or "").strip().lower() in INPUTS_KEPT else FORMS
    if token.name == "link":
        kept = (token.get("rel") or "").strip().lower() in LINKS_KEPT
        return "" if kept and re.match(r"https://", token.get("href") or "") else "it would load something"
    return ""


def refused_attribute(tag: str, attribute: Attribute) -> str:
    """Return why an attribute is removed; "" if it isn't."""
    name, value = attribute.name, attribute.value or ""
    if name.startswith("on"):
        return RUNS
    if name in REFUSED_ATTRIBUTES:
        return "mail has no use for it"
    if tag == "base" and name == "href":
        return "it would change where every other link leads"
    if name == "style":
        return RUNS if runs_in_css(value) else ""
    leads = name in URL_ATTRIBUTES and _ACTIVE_URL.match(_NOT_A_LETTER.sub("", value))
    return RUNS if leads else ""


def runs_in_css(css: str) -> bool:
    """Whether a style does more than to style, however it is escaped."""
    plain = _CSS_ESCAPE.sub(_unescape, css)
    return bool(_ACTIVE_CSS.search(_NOT_A_LETTER.sub("", plain)))


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found.group(1), 16) % 0x110000) if found.group(1) else ""
