"""HTML cut into tokens as a browser cuts it (HTML 13.2.5), with nothing lost or rearranged.

Only what never ends (a tag, a comment, a title, a quoted value) doesn't swallow all that follows.

This is the one reader of HTML for all that is done to tags. Python's html.parser differs from browsers, and
from one version to the next, where it matters most: comments, titles, broken tags, addresses. Whoever removes
what runs has to see the same tags as the reader's program does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from html import escape, unescape
from html.entities import html5

SPACE = "\t\n\f\r "
# Elements whose content is one text, up to their end tag; in the last two with character references.
RAW_ELEMENTS = frozenset({"script", "style", "xmp", "iframe", "noembed", "noframes", "title", "textarea"})
_ESCAPABLE = frozenset({"title", "textarea"})

_COMMENT = "<!--"
_OPENING = re.compile(r"<(?=[A-Za-z/!?])")
_TAG_NAME = re.compile(rf"</?([A-Za-z][^{SPACE}/>]*)")
_ATTRIBUTE = re.compile(
    rf"[{SPACE}/]*([^{SPACE}/>][^{SPACE}/>=]*)"
    rf"(?:[{SPACE}]*=[{SPACE}]*(?:\"([^\"]*)\"|'([^']*)'|((?![\"'])[^{SPACE}>]*)|(\Z|[\"'].*)))?",
    re.DOTALL,
)
_UNQUOTED = re.compile(rf"[{SPACE}/]*([^{SPACE}/>][^{SPACE}/>=]*)[{SPACE}]*=[{SPACE}]*[\"']([^>]*)(?=>)")
_TAG_END = re.compile(rf"[{SPACE}/]*>")
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|([A-Za-z][A-Za-z0-9]*(?:;|(?![A-Za-z0-9=]))))")
_WRITABLE = re.compile(r"[a-z_:@][\w:.@-]*")
_COMMENT_END = re.compile(r"--!?>")
# What every reader understands in the same way, and so may stay as it was typed.
_CANONICAL = re.compile(
    rf"<[A-Za-z][A-Za-z0-9:-]*(?:[{SPACE}]+[A-Za-z_:@][\w:.@-]*(?:=(?:\"[^\"<>]*\"|'[^'<>]*'|[\w#%.,:;-]+))?)*[{SPACE}]*/?>"
)


class TokenKind(StrEnum):
    """What a token is."""

    START = "start tag"
    END = "end tag"
    TEXT = "text"
    RAW = "raw text"  # the content of an element of RAW_ELEMENTS
    COMMENT = "comment"
    DECLARATION = "declaration"  # <!doctype …>, <![if …]>, <?xml …>: all that begins with <! or <? or </


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of a start tag. `name` is in lower case; `value` is decoded, None where there is none.

    `start` and `end` are where it stands in the tag's source, without white space before it.
    """

    name: str
    value: str | None
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class HTMLToken:
    """`source` as typed, from `start` in the text; `name` (lower case) and `attributes` of a tag.

    Of raw text `name` is the element it is in.
    """

    kind: TokenKind
    source: str
    start: int
    name: str = ""
    attributes: tuple[Attribute, ...] = ()

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.start + len(self.source)

    @property
    def ended(self) -> bool:
        """Whether a tag has the slash that ends an element at once, as in `<a />`."""
        return "/" in self.source[self.attributes[-1].end if self.attributes else len(self.name) + 1 :]

    @property
    def text(self) -> str:
        """What a reader sees of text, with its character references resolved."""
        return (
            self.source
            if self.kind is TokenKind.RAW and self.name not in _ESCAPABLE
            else unescape(self.source)
        )

    @property
    def comment(self) -> str:
        """What stands in a comment."""
        return re.sub(r"-?-?!?>\Z", "", self.source[len(_COMMENT) :])

    def get(self, name: str) -> str | None:
        """Return the value of an attribute, "" if it has none; None if there is no such attribute."""
        return next((each.value or "" for each in self.attributes if each.name == name), None)


def read_html(text: str, raw: frozenset[str] = RAW_ELEMENTS) -> Iterator[HTMLToken]:
    """Yield the tokens of `text`; their sources, joined, are `text` again.

    The content of the elements `raw` is one text each.
    """
    position, endless = 0, set[str]()
    while position < len(text):
        opening = _OPENING.search(text, position)
        start = opening.start() if opening else len(text)
        if start > position:
            yield HTMLToken(TokenKind.TEXT, text[position:start], position)
        if not opening:
            return
        token = _read_markup(text, start, endless)
        yield token
        position = token.end
        if token.kind is TokenKind.START and token.name in raw and token.name not in endless:
            end = _raw_end(text, position, token.name, endless)
            if end > position:
                yield HTMLToken(TokenKind.RAW, text[position:end], position, token.name)
            position = end


def _raw_end(text: str, position: int, name: str, endless: set[str]) -> int:
    """Return where a raw text ends. To a browser one that never ends is the rest; here it is none at all."""
    found = re.compile(rf"</{name}(?=[{SPACE}/>])", re.IGNORECASE).search(text, position)
    if not found:
        endless.add(name)
    return found.start() if found else position


def _read_markup(text: str, start: int, endless: set[str]) -> HTMLToken:
    """Return the token at `start`; of what is `endless`, no end has to be looked for any more."""
    if name := _TAG_NAME.match(text, start):
        return _read_tag(text, start, name)
    if text.startswith(_COMMENT, start):
        end = None if _COMMENT in endless else _comment_end(text, start)
        if end:
            return HTMLToken(TokenKind.COMMENT, text[start:end], start)
        # One that never ends is text, so that nothing after it is lost.
        endless.add(_COMMENT)
        return HTMLToken(TokenKind.TEXT, _COMMENT, start)
    end = text.find(">", start)
    if end < 0:
        return HTMLToken(TokenKind.TEXT, text[start:], start)
    return HTMLToken(TokenKind.DECLARATION, text[start : end + 1], start)


def _comment_end(text: str, start: int) -> int | None:
    """Return where the comment that begins at `start` ends, None if it never does (HTML 13.2.5.43 to 52)."""
    for empty in ("<!-->", "<!--->"):
        if text.startswith(empty, start):
            return start + len(empty)
    found = _COMMENT_END.search(text, start + len(_COMMENT))
    return found.end() if found else None


def _read_tag(text: str, start: int, found: re.Match[str]) -> HTMLToken:
    """Return the tag at `start`; one that never ends is text, so that nothing after it is lost."""
    attributes, position = [], found.end()
    while not (end := _TAG_END.match(text, position)):
        attribute = _ATTRIBUTE.match(text, position)
        if attribute and _swallows(attribute):
            attribute = _UNQUOTED.match(text, position)
        if not attribute:
            return HTMLToken(TokenKind.TEXT, text[start:], start)
        name, *values = attribute.groups()
        value = next((each for each in values if each is not None), None)
        span = attribute.start(1) - start, attribute.end() - start
        attributes.append(Attribute(name.lower(), None if value is None else decode(value), *span))
        position = attribute.end()
    kind = TokenKind.END if text[start + 1] == "/" else TokenKind.START
    return HTMLToken(kind, text[start : end.end()], start, found.group(1).lower(), tuple(attributes))


def _swallows(attribute: re.Match[str]) -> bool:
    """Whether a value's closing quote is missing, so that it ends nowhere, or in some later tag."""
    name, double, single, _, endless = attribute.groups()
    value = double or single or ""
    return endless is not None or (">" in value and "\n" in value and "</" in value and name != "srcdoc")


def decode(value: str) -> str:
    """Return an attribute's value with its character references resolved.

    In an attribute `&copy=1` and `&section` are none (HTML 13.2.5.73): they stand in query strings.
    """
    return _REFERENCE.sub(_decoded, value) if "&" in value else value


def _decoded(found: re.Match[str]) -> str:
    name = found.group(1)
    return found.group() if name and name not in html5 else unescape(found.group())


def kept_tag(token: HTMLToken, attributes: list[Attribute]) -> str:
    """Return a start tag with these attributes, as it was typed if it has the same and is well-formed."""
    if tuple(attributes) == token.attributes and _CANONICAL.fullmatch(token.source):
        return token.source
    return write_tag(token.name, attributes, token.source.count("\n"), ended=token.ended)


def write_tag(name: str, attributes: Iterable[Attribute], breaks: int = 0, *, ended: bool = False) -> str:
    """Return a start tag that holds at least so many line feeds; `ended` has a slash: `<a />`."""
    written = "".join(
        f" {each.name}" if each.value is None else f' {each.name}="{escape(each.value)}"'
        for each in attributes
        if _WRITABLE.fullmatch(each.name)
    )
    missing = "\n" * (breaks - written.count("\n"))
    return f"<{re.sub(r'[^a-z0-9:-]', '-', name)}{missing}{written}{' /' if ended else ''}>"
