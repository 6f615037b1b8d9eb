"""The text part of HTML: blocks for what a reader sees, nothing for what only styles it."""

from __future__ import annotations

import re
from collections import Counter

from mailer.compose.html.open_elements import IMPLIED_ENDS
from mailer.compose.html.tokens import HTMLToken, TokenKind, read_html
from mailer.compose.text.inline import InlineText, TextTags, add_inline_tag
from mailer.compose.text.part import (
    QUOTE,
    Block,
    Control,
    Group,
    Heading,
    Paragraph,
    ThematicBreak,
    Verbatim,
    component_blocks,
)

SILENT = frozenset({"head", "style", "script", "title", "template"})
INLINE = re.compile(
    "a|abbr|acronym|area|b|bdi|bdo|big|br|cite|code|data|del|dfn|em|font|i|img|ins|kbd|mark|nobr|q|rb|rp|rt"
    "|rtc|ruby|s|samp|small|span|strike|strong|sub|sup|time|tt|u|var|wbr"
)
# What only keeps a cell open, or pads a preheader out: spaces of any kind, joiners, soft hyphens.
BLANK = re.compile(r"[\s\u00ad\u034f\u061c\u115f\u180e\u200b-\u200f\u2060-\u2064\ufeff]+")
_SPACE = re.compile(r"[ \t\n\r\f]+")


def markup_blocks(html: str, tags: TextTags) -> list[Block]:
    """Return the blocks of an HTML fragment's text part. Elements may be left open or closed twice."""
    reader = _MarkupReader(tags)
    for token in read_html(html):
        reader.step(token)
    return reader.finish()


class _Frame:
    """One open block element: what it is, and the blocks in it."""

    def __init__(self, tag: str, first: str = "", rest: str = "") -> None:
        self.tag = tag
        self.first = first
        self.rest = rest
        self.blocks: list[Block] = []
        self.items = 0


class _MarkupReader:
    def __init__(self, tags: TextTags) -> None:
        self._tags = tags
        self._text = InlineText(tags)
        self._frames = [_Frame("")]
        self._open = Counter[str]()
        self._silent = 0

    def step(self, token: HTMLToken) -> None:
        """Take in the next token."""
        match token.kind:
            case TokenKind.START:
                self._start(token)
                if token.ended:
                    self._end(token.name)
            case TokenKind.END:
                self._end(token.name)
            case TokenKind.TEXT | TokenKind.RAW if not self._silent:
                self._text.add(token.text if self._in_pre() else _SPACE.sub(" ", token.text))

    def _start(self, token: HTMLToken) -> None:
        if token.name in SILENT:
            self._silent += 1
        elif INLINE.fullmatch(token.name):
            add_inline_tag(self._text, token)
        elif token.name == "hr":
            self._flush()
            self._frames[-1].blocks.append(ThematicBreak())
        else:
            self._flush()
            self._end_implied(token.name)
            self._frames.append(self._frame(token.name))
            self._open[token.name] += 1

    def _end(self, tag: str) -> None:
        if tag in SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag == "a":
            self._text.close_link()
        elif self._open[tag]:
            while self._close() != tag:
                pass

    def finish(self) -> list[Block]:
        """Close what is still open and return the blocks."""
        while len(self._frames) > 1:
            self._close()
        self._flush()
        return self._frames[0].blocks

    def _in_pre(self) -> bool:
        return self._open["pre"] > 0

    def _end_implied(self, tag: str) -> None:
        ended, limit = IMPLIED_ENDS.get(tag, (("p",), ()))
        for depth, frame in enumerate(reversed(self._frames[1:]), 1):
            if frame.tag in ended:
                for _ in range(depth):
                    self._close()
                return
            if not limit or frame.tag in limit:
                return

    def _frame(self, tag: str) -> _Frame:
        if tag == "blockquote":
            return _Frame(tag, QUOTE, QUOTE)
        if tag == "li":
            parent = self._frames[-1]
            parent.items += 1
            first = f"{parent.items}. " if parent.tag == "ol" else "- "
            return _Frame(tag, first, " " * len(first))
        return _Frame(tag)

    def _close(self) -> str:
        """Close the innermost block element and return its tag."""
        self._flush()
        frame = self._frames.pop()
        self._open[frame.tag] -= 1
        outer = self._frames[-1].blocks
        if frame.first:
            outer.append(Group(frame.first, frame.rest, tuple(frame.blocks), tight=frame.tag == "li"))
        elif frame.tag in ("ul", "ol"):
            outer.append(Group("", "", tuple(frame.blocks), tight=True))
        else:
            outer += component_blocks(frame.tag, frame.blocks)
        return frame.tag

    def _flush(self) -> None:
        """Make a block of the text collected so far."""
        text, self._text = self._text.text(), InlineText(self._tags)
        if not BLANK.sub("", text):
            return
        frame = self._frames[-1]
        for piece in self._unmatched(text):
            frame.blocks.append(piece if isinstance(piece, Control) else self._block(piece, frame.tag))

    def _block(self, text: str, tag: str) -> Block:
        if self._in_pre():
            return Verbatim(text)
        tidy = "\n".join(_SPACE.sub(" ", line).strip(" ") for line in text.split("\n"))
        if re.fullmatch("h[1-6]", tag):
            return Heading(tidy, int(tag[1]))
        return Paragraph(tidy)

    def _unmatched(self, text: str) -> list[str | Control]:
        """Divide `text` at the control tags whose other half stands in another block."""
        found = [
            (match, self._tags.marked.candidates[int(match.group(1))].keyword)
            for match in self._tags.marked.pattern.finditer(text)
        ]
        matched, stack = set[int](), list[list[int]]()
        for position, (match, keyword) in enumerate(found):
            change = self._tags.opens(int(match.group(1)))
            if change > 0:
                stack.append([position])
            elif keyword in ("elif", "else") and stack:
                stack[-1].append(position)
            elif change < 0 and stack:
                matched |= {*stack.pop(), position}
            elif keyword in ("", "set"):
                matched.add(position)
        pieces, start = list[str | Control](), 0
        for position, (match, _) in enumerate(found):
            if position not in matched:
                pieces += [text[start : match.start()], self._tags.control(match)]
                start = match.end()
        pieces.append(text[start:])
        return [piece for piece in pieces if not isinstance(piece, str) or piece.strip(" \t\n")]
