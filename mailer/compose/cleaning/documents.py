"""The policy for a whole document: what runs, embeds, submits or loads by itself goes, all else stays,
byte for byte where every reader understands it in the same way.

Mail programs remove these themselves, or refuse the mail. The editor is told of each, once.
"""

from __future__ import annotations

import re

from mailer.compose.cleaning.cleaner import DRAWINGS, Cleaner
from mailer.compose.html.allowed import ELEMENTS, MEDIA
from mailer.compose.html.tokens import RAW_ELEMENTS, Attribute, HTMLToken, TokenKind, kept_tag
from mailer.domain.issue import Notices

# With all that is in them.
_REMOVED = frozenset({"script", "select", "template"})
# The tag goes, what is in the element stays. Some browsers read noscript otherwise, and plaintext for ever.
_UNWRAPPED = (
    DRAWINGS
    | frozenset(MEDIA)
    | {"applet", "form", "frameset", "noembed", "noframes", "noscript", "plaintext", "portal", "textarea"}
)
# Their content is markup, though browsers read it as one text.
_FALLBACKS = frozenset({"iframe", "noembed", "noframes"})
# Without a form they submit nothing; menus that unfold are made of them.
_INPUTS_KEPT = frozenset({"checkbox", "radio"})
_VERBATIM = frozenset({"xmp"})
_URL_ATTRIBUTES = frozenset(
    {"background", "cite", "classid", "codebase", "data", "dynsrc", "href", "longdesc", "lowsrc", "poster"}
    | {"profile", "src", "srcset", "usemap", "xlink:href"}
)
_REFUSED_ATTRIBUTES = frozenset({"action", "formaction", "ping", "srcdoc"})
_META_KEPT = frozenset({"content-language", "content-type", "x-ua-compatible"})
_LINKS_KEPT = frozenset({"stylesheet"})

_RUNS = "no mail program runs it"
_EMBEDS = "mail programs don't show it"
_FORMS = "mail programs warn of forms or block them; link to a page with the form"

_REASONS = {"script": _RUNS, "form": _FORMS, "select": _FORMS, "textarea": _FORMS} | dict.fromkeys(
    (*DRAWINGS, *MEDIA, "applet", "frameset", "portal"), _EMBEDS
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
_PLAIN_END = re.compile(r"</[A-Za-z][A-Za-z0-9:-]*[ \t\n]*>")
# Python's html.parser takes a declaration with a tag in it for longer than a browser does.
_DECLARATION = re.compile(r"<!doctype\b[^<]*|<!\[(?:if\s[^<\]]*|endif)\]>", re.IGNORECASE)
_STYLE_PIECE = re.compile(r"[^{};]*[;}]|[^{};]*$")
_CONDITIONAL = re.compile(
    r"(?P<before><!--\[if\b[^\]<>]*\]>)(?P<inside>.*?)(?P<after>(?:<!\[endif\]\s*)?--!?>)",
    re.DOTALL | re.IGNORECASE,
)
# In Python's html.parser white space may stand in the end of a comment.
_COMMENT_ENDS = re.compile(r"--(?=\s*!?>)")
_REVEALED = "<!--<![endif]-->"


def clean_document(html: str, first_line: int, notices: Notices) -> str:
    """Return `html`, which begins on `first_line`, without what runs; every line keeps its number.

    The result is cut into tags alike by browsers and by Python's html.parser.
    """
    return _DocumentCleaner(notices).clean(html, first_line)


class _DocumentCleaner(Cleaner):
    """The policy; of the elements `unwrapped` only the tags go."""

    raw = (RAW_ELEMENTS - _FALLBACKS) | _REMOVED
    beyond = 0

    def __init__(
        self, notices: Notices, unwrapped: frozenset[str] = _UNWRAPPED, *, linked: bool = False
    ) -> None:
        super().__init__(notices)
        self._unwrapped = unwrapped
        self._linked = linked
        self._playing = False

    def _start(self, token: HTMLToken) -> str:
        name = token.name
        if name == "a":
            self._linked = True
        if self._is_removed(name):  # of one that is never closed only the tag goes
            return self._refuse(f"<{name}>", _REASONS.get(name, _EMBEDS))
        # A browser would take all that follows one that never ends for its text.
        if (self._endless and name in RAW_ELEMENTS) or self._is_drawn(name):
            return ""
        if name in self._unwrapped:
            return self._unwrap(token)
        if self._playing and name in ("source", "track"):
            return self._film_link(token) if name == "source" and self._film is not None else ""
        if name in _VERBATIM:
            return "<pre>"
        if reason := _refused_element(token):
            return self._refuse(f"<{name}>", reason)
        return kept_tag(token, self._kept(token))

    def _end(self, token: HTMLToken) -> str:
        name = token.name
        if name == "a":
            self._linked = False
        if name in MEDIA:
            self._playing = False
        if name in _VERBATIM:
            return "</pre>"
        if name in self._unwrapped or self._is_removed(name) or self._is_drawn(name):
            return ""
        return token.source if _PLAIN_END.fullmatch(token.source) else _end_tag(token)

    def _text(self, token: HTMLToken) -> str:
        if self._is_removed(token.name):
            return ""
        if token.name == "style":
            return self._style(token.source)
        return token.source.replace("<", "&lt;")

    def _aside(self, token: HTMLToken) -> str:
        if token.kind is TokenKind.COMMENT:
            return self._comment(token)
        if token.source.lower() == "<![endif]-->":  # Outlook needs it, html.parser would look for another end
            return _REVEALED
        return token.source if _DECLARATION.fullmatch(token.source) else ""

    def _in_link(self) -> bool:
        return self._linked

    def _refuse(self, what: str, why: str) -> str:
        self._tell(f"{what} was taken out: {why}")
        return ""

    def _is_removed(self, name: str) -> bool:
        """Whether an element goes with all that is in it."""
        return name in _REMOVED or (self._drawing and name == "style")

    def _is_drawn(self, name: str) -> bool:
        """Whether a tag only draws."""
        return self._drawing and name not in ELEMENTS | self._unwrapped | _VERBATIM

    def _unwrap(self, token: HTMLToken) -> str:
        """Return what stands for a tag whose element is not shown: a link to what it would show."""
        link = ""
        if token.name in MEDIA:
            link = self._film_link(token)
            self._playing = token.name in ("audio", "video")
        if reason := _REASONS.get(token.name):
            self._refuse(f"<{token.name}>", reason + ("; a link to it stands there instead" if link else ""))
        return link

    def _kept(self, token: HTMLToken) -> list[Attribute]:
        kept, firsts = [], dict[str, Attribute]()
        for attribute in token.attributes:
            firsts.setdefault(attribute.name, attribute)  # of two the first counts (HTML 13.2.5.33)
        for name, attribute in firsts.items():
            if reason := _refused_attribute(token.name, attribute):
                self._refuse(f"{name}= of <{token.name}>", reason)
            else:
                kept.append(attribute)
        return kept

    def _comment(self, token: HTMLToken) -> str:
        if not (conditional := _CONDITIONAL.fullmatch(token.source)):
            return token.source if token.source == _REVEALED else _unconditional(token)
        before, inside, after = conditional.groups()
        if inside not in ("", "<!"):  # of `[if !mso]><!-->` the end comes before what it is about
            # Only old versions of Outlook read it, and they know no noscript.
            cleaner = _DocumentCleaner(self._notices, _UNWRAPPED - {"noscript"}, linked=self._linked)
            inside = _COMMENT_ENDS.sub("- -", cleaner.clean(inside, self._line))
        return before + inside + ("<![endif]-->" if after.startswith("<") else "-->")

    def _style(self, css: str) -> str:
        if not _runs_in_css(css):
            return css.replace("<!--", "    ").replace("-->", "   ")
        self._refuse("a part of <style>", _RUNS)
        return _STYLE_PIECE.sub(_harmless, css)


def _end_tag(token: HTMLToken) -> str:
    """Return an end tag as every reader understands it."""
    breaks = "\n" * token.source.count("\n")
    return f"</{re.sub(r'[^a-z0-9:-]', '-', token.name)}{breaks}>"


def _unconditional(token: HTMLToken) -> str:
    """Return a comment that ends where it seems to, for every reader, and holds no condition for any."""
    inside = re.sub(r"\A(?=\[if)|\A-?>", " ", token.comment, flags=re.IGNORECASE)
    inside = re.sub(r"--(?=\s*!?>)|<!--", "- -", inside)
    return f"<!--{inside.removesuffix('-')}-->"


def _harmless(found: re.Match[str]) -> str:
    """Return a declaration, or the end of a block, without what runs."""
    piece = found.group()
    if not _runs_in_css(piece):
        return piece
    return "\n" * piece.count("\n") + ("}" if piece.endswith("}") else "")


def _refused_element(token: HTMLToken) -> str:
    """Return why the tag of an element that is not among those above is removed; "" if it isn't."""
    if token.name == "meta":
        equivalent = token.get("http-equiv")
        return "" if equivalent is None or equivalent.strip().lower() in _META_KEPT else _RUNS
    if token.name == "input":
        return "" if (token.get("type") or "").strip().lower() in _INPUTS_KEPT else _FORMS
    if token.name == "link":
        kept = (token.get("rel") or "").strip().lower() in _LINKS_KEPT
        return "" if kept and re.match(r"https://", token.get("href") or "") else "it would load something"
    return ""


def _refused_attribute(tag: str, attribute: Attribute) -> str:
    """Return why an attribute is removed; "" if it isn't."""
    name, value = attribute.name, attribute.value or ""
    if name.startswith("on"):
        return _RUNS
    if name in _REFUSED_ATTRIBUTES:
        return "mail has no use for it"
    if tag == "base" and name == "href":
        return "it would change where every other link leads"
    if name == "style":
        return _RUNS if _runs_in_css(value) else ""
    leads = name in _URL_ATTRIBUTES and _ACTIVE_URL.match(_NOT_A_LETTER.sub("", value))
    return _RUNS if leads else ""


def _runs_in_css(css: str) -> bool:
    """Whether a style does more than to style, however it is escaped."""
    plain = _CSS_ESCAPE.sub(_unescape, css)
    return bool(_ACTIVE_CSS.search(_NOT_A_LETTER.sub("", plain)))


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found.group(1), 16) % 0x110000) if found.group(1) else ""
