"""A whole document without what runs, embeds or submits: all else stays, byte for byte where it can.

Mail programs remove these themselves, or refuse the mail. The editor is told of each, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from mailer.compose.html_tokens import Attribute, HTMLToken, Kind, read_html, write_tag

# With all that is in them. In svg and math the rules of HTML change, which is how filters are fooled.
REMOVED = frozenset(
    {"applet", "embed", "frame", "frameset", "iframe", "math", "noembed", "noframes", "object", "portal"}
    | {"script", "select", "svg", "template", "textarea"}
)
# The tag goes, what is in the element stays. With scripts, browsers read what is in noscript otherwise.
UNWRAPPED = frozenset({"form", "noscript"})
EMPTY = frozenset({"embed", "frame"})
# Without a form they submit nothing; menus that unfold are made of them.
INPUTS_KEPT = frozenset({"checkbox", "radio"})
VERBATIM = frozenset({"plaintext", "xmp"})
# What was embedded is linked to.
SOURCES = {"iframe": "src", "embed": "src", "object": "data", "frame": "src"}
REFUSED_ATTRIBUTES = frozenset({"action", "formaction", "ping", "srcdoc"})
META_KEPT = frozenset({"content-language", "content-type", "x-ua-compatible"})
LINKS_KEPT = frozenset({"stylesheet"})

RUNS = "no mail program runs it"
EMBEDS = "no mail program shows it"
FORMS = "mail programs warn of forms or block them; link to a page with the form"

_REASONS = {"script": RUNS, "select": FORMS, "textarea": FORMS}
_PLAIN_END = re.compile(r"</[A-Za-z][A-Za-z0-9:-]*[ \t\n]*>")
_ACTIVE_URL = re.compile(r"(?:javascript|vbscript|livescript|mocha|data:(?!image/(?:png|jpeg|gif|webp)[;,]))")
_ACTIVE_CSS = re.compile(
    r"expression\(|javascript:|vbscript:|-moz-binding|behaviou?r:|data:text", re.IGNORECASE
)
_CSS_ESCAPE = re.compile(r"/\*.*?\*/|\\([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\\", re.DOTALL)
_CONDITIONAL = re.compile(r"(<!--\[if [^\]]*\]>)(.*)(<!\[endif\]-->)", re.DOTALL)
_NOT_A_LETTER = re.compile(r"[\x00-\x20\x7f-\xa0\xad\u200b-\u200f\u2028-\u202e\ufeff]")


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, in words, and the line (from 0) it stood on."""

    line: int
    text: str


@dataclass(slots=True)
class _Disarming:
    removals: list[Removal] = field(default_factory=list)
    line: int = 0
    unwrapped: frozenset[str] = UNWRAPPED

    def remove(self, what: str, why: str) -> None:
        self.removals.append(Removal(self.line, f"{what} was removed: {why}"))

    def clean(self, html: str) -> str:
        tokens, parts = list(read_html(html)), []
        position = 0
        while position < len(tokens):
            token = tokens[position]
            end = position + 1
            if token.kind is Kind.START and token.name in REMOVED:
                end = _after(tokens, position)
                parts.append(self._removed(token, tokens[position:end]))
            else:
                parts.append(self._kept(token))
            self.line += sum(each.source.count("\n") for each in tokens[position:end])
            position = end
        return "".join(parts)

    def _removed(self, token: HTMLToken, tokens: list[HTMLToken]) -> str:
        linked = (token.get(SOURCES.get(token.name, "")) or "").strip()
        link = escape(linked) if re.match(r"https?://", linked, re.IGNORECASE) else ""
        instead = "; a link to it stands there instead" if link else ""
        self.remove(f"<{token.name}>", _REASONS.get(token.name, EMBEDS) + instead)
        lines = "\n" * sum(each.source.count("\n") for each in tokens)
        return (f'<a href="{link}">{link}</a>' if link else "") + lines

    def _kept(self, token: HTMLToken) -> str:
        match token.kind:
            case Kind.START:
                return self._start(token)
            case Kind.END if token.name in self.unwrapped | REMOVED | VERBATIM:
                return "</pre>" if token.name in VERBATIM else _lines(token)
            case Kind.END if _PLAIN_END.fullmatch(token.source):
                return token.source
            case Kind.END:
                return f"</{re.sub(r'[^a-z0-9:-]', '-', token.name)}{_lines(token)}>"
            case Kind.COMMENT:
                return self._comment(token)
            case Kind.DECLARATION:
                return (
                    token.source
                    if re.match(r"<!doctype\b|<!\[(if|endif)\b", token.source, re.I)
                    else _lines(token)
                )
            case Kind.RAW:
                return self._raw(token)
            case _:
                return token.source.replace("<", "&lt;")

    def _start(self, token: HTMLToken) -> str:
        if token.name in self.unwrapped:
            if token.name == "form":
                self.remove("<form>", FORMS)
            return _lines(token)
        if token.name in VERBATIM:
            return f"<pre>{_lines(token)}"
        if reason := _refused_element(token):
            self.remove(f"<{token.name}>", reason)
            return _lines(token)
        written = write_tag(token, tuple(self._attributes(token)))
        # A tag that was written anew still has its line ends, so that lines keep their numbers.
        missing = token.source.count("\n") - written.count("\n")
        return written + "\n" * missing if missing > 0 else written

    def _attributes(self, token: HTMLToken) -> Iterator[Attribute]:
        seen = set[str]()
        for attribute in token.attributes:
            if attribute.name in seen:  # of two the first counts (HTML 13.2.5.33)
                continue
            seen.add(attribute.name)
            reason = _refused_attribute(token.name, attribute)
            if reason:
                self.remove(f"{attribute.name}= of <{token.name}>", reason)
            else:
                yield attribute

    def _comment(self, token: HTMLToken) -> str:
        if conditional := _CONDITIONAL.fullmatch(token.source):
            before, inside, after = conditional.groups()
            # Only old versions of Outlook read it, and they know no noscript.
            inner = _Disarming(self.removals, self.line, frozenset({"form"}))
            return before + inner.clean(inside) + after
        return canonical_comment(token.source)

    def _raw(self, token: HTMLToken) -> str:
        if token.name == "style":
            return self._style(token.source)
        return re.sub(r"<", "&lt;", token.source)

    def _style(self, css: str) -> str:
        if not _runs_in_css(css):
            return css.replace("<!--", "    ").replace("-->", "   ")
        self.remove("a part of <style>", RUNS)
        declaration = re.compile(r"[^{};]*[;}]|[^{};]*$")
        return declaration.sub(
            lambda found: (
                found.group()[-1:].replace(";", "") + _lines_in(found.group())
                if _runs_in_css(found.group())
                else found.group()
            ),
            css,
        )


def disarm(html: str) -> tuple[str, list[Removal]]:
    """Return `html` without what runs, and what was removed; every line keeps its number.

    The result is cut into tags alike by browsers and by Python's html.parser.
    """
    disarming = _Disarming()
    return disarming.clean(html), disarming.removals


def canonical_comment(source: str) -> str:
    """Return a comment that ends where it seems to, for every reader."""
    if source.startswith("<!--[if") or source == "<!--<![endif]-->":
        return source if source.endswith("-->") else source.removesuffix("--!>") + "-->"
    inside = re.sub(r"--!?>\Z", "", source[4:])
    if source in ("<!-->", "<!--->"):
        inside = ""
    inside = re.sub(r"^-?>", " ", re.sub(r"--(?=\s*!?>)|<!--", "- -", inside))
    return f"<!--{inside.removesuffix('-')}-->"


def _after(tokens: list[HTMLToken], position: int) -> int:
    """Return the position after the element that begins at `position`."""
    opened = tokens[position]
    if opened.name in EMPTY or (opened.source.endswith("/>") and opened.name in ("svg", "math")):
        return position + 1
    depth = 0
    for number in range(position, len(tokens)):
        token = tokens[number]
        if token.name == opened.name and token.kind in (Kind.START, Kind.END):
            depth += 1 if token.kind is Kind.START else -1
            if depth == 0:
                return number + 1
    return position + 1  # never closed: only its tag goes, so that the text after it stays


def _refused_element(token: HTMLToken) -> str:
    if token.name == "meta":
        equivalent = token.get("http-equiv")
        return "" if equivalent is None or equivalent.strip().lower() in META_KEPT else RUNS
    if token.name == "input":
        return "" if (token.get("type") or "").strip().lower() in INPUTS_KEPT else FORMS
    if token.name == "link":
        kept = (token.get("rel") or "").strip().lower() in LINKS_KEPT
        return "" if kept and re.match(r"https://", token.get("href") or "") else "it would load something"
    return ""


def _refused_attribute(tag: str, attribute: Attribute) -> str:
    name, value = attribute.name, attribute.value or ""
    if name.startswith("on"):
        return RUNS
    if name in REFUSED_ATTRIBUTES:
        return "mail has no use for it"
    if tag == "base" and name == "href":
        return "it would change where every other link leads"
    if name == "style":
        return RUNS if _runs_in_css(value) else ""
    return RUNS if _ACTIVE_URL.match(_NOT_A_LETTER.sub("", value).lower()) else ""


def _runs_in_css(css: str) -> bool:
    plain = _CSS_ESCAPE.sub(
        lambda found: chr(int(found.group(1), 16) % 0x110000) if found.group(1) else "", css
    )
    return bool(_ACTIVE_CSS.search(_NOT_A_LETTER.sub("", plain)))


def _lines(token: HTMLToken) -> str:
    return _lines_in(token.source)


def _lines_in(text: str) -> str:
    return "\n" * text.count("\n")
