"""A fragment of HTML, read tag by tag and written anew: its text escaped, its tags as somebody wants them.

What is written reads the same to every parser: no comments, no declarations, no element whose content is raw.
"""

from __future__ import annotations

import re
from html import escape
from html.parser import HTMLParser
from typing import Protocol

from mailer.compose.html.clean_tag import Attributes

_CONTROLS = re.compile(r"(?![\t\n])[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_END_TAG = re.compile(r"</[^>]{0,300}>?")


class TagReader(Protocol):
    """Says what becomes of tags; each is given as it was typed, too."""

    def start(self, tag: str, attributes: Attributes, raw: str, line: int, *, ended: bool) -> str:
        """Return HTML in place of an opening tag; `ended` if a slash ends the element at once."""

    def end(self, tag: str, raw: str) -> str:
        """Return HTML in place of an end tag."""


def read_fragment(html: str, line: int, reader: TagReader) -> str:
    """Return `html`, which begins on this `line`, with its tags as the `reader` wants them."""
    fragment = _Fragment(reader, line)
    # Tags without an end are text, and html.parser would look for that end from each one.
    end = html.rfind(">") + 1
    fragment.feed(html[:end] + html[end:].replace("<", "&lt;"))
    fragment.close()
    return "".join(fragment.parts)


class _Fragment(HTMLParser):
    """Reads one fragment; no element's content is read in another way than all other's."""

    def __init__(self, reader: TagReader, line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._reader = reader
        self._line = line
        self._end_tag = ""

    def set_cdata_mode(self, elem: str, *_: object, **__: object) -> None:
        """Stay as it is."""

    def check_for_whole_start_tag(self, i: int) -> int:
        """Return where a tag ends; one with a quote that never does swallows no paragraphs, but is text."""
        end = super().check_for_whole_start_tag(i)
        raw = self.rawdata[i : max(i, end)]
        first, rest, _ = raw.partition(">")
        broken = "\n" in raw and "</" in raw and first.count('"') % 2
        return i + len(first + rest) if broken else end

    def parse_endtag(self, i: int) -> int:
        found = _END_TAG.match(self.rawdata, i)
        self._end_tag = found.group() if found else ""
        return super().parse_endtag(i)

    def parse_html_declaration(self, i: int) -> int:
        try:
            return super().parse_html_declaration(i)
        except AssertionError:  # on a marked section of an unknown kind, as in `<![x[`
            self.handle_data("<!")
            return i + 2

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]], *, ended: bool = False) -> None:
        line = self._line + self.getpos()[0] - 1
        raw = self.get_starttag_text() or ""
        self.parts.append(self._reader.start(tag, attrs, raw, line, ended=ended))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs, ended=True)

    def handle_endtag(self, tag: str) -> None:
        self.parts.append(self._reader.end(tag, self._end_tag))

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(_CONTROLS.sub("", data), quote=False))

    def handle_comment(self, data: str) -> None:
        self.parts.append("\n" * data.count("\n"))

    def handle_decl(self, decl: str) -> None:
        self.handle_comment(decl)

    def handle_pi(self, data: str) -> None:
        self.handle_comment(data)

    def unknown_decl(self, data: str) -> None:
        text = data[6:] if data.startswith("CDATA[") else "\n" * data.count("\n")
        self.handle_data(text)
