"""From an element of the mail back to the line of the issue file that it was written on."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from html import escape
from urllib.parse import unquote

import lxml.html
from lxml.etree import ParserError
from lxml.html import HtmlElement

from mailer.compose.body import Body
from mailer.compose.tags.tag import literal_text

_FRAME = ("html", "head", "body")


class Lines:
    """The elements of a mail that come from the issue's body, and their lines.

    Both documents are walked side by side: what the layout or a partial adds stands on one side only. An
    element's row in the body's HTML tells its line, good to the block; in that the file itself is searched.
    `page` is the body with every branch of its tags, `written` are its elements.
    """

    def __init__(self, source: str, body: Body, mail: HtmlElement) -> None:
        self._source = source.split("\n")
        self._numbers = body.html_lines
        self._known = sorted(set(self._numbers))
        self.page = read_html(literal_text(body.html))
        self.written = list(_elements(self.page))
        shown = list(_elements(mail))
        self._found: dict[tuple[str, int], list[int]] = {}
        self._rows = {there: here.sourceline or 1 for here, there in _pairs(self.written, shown)}
        self._place = _places(self._rows)

    def of(self, element: HtmlElement, written: str | None = None) -> int | None:
        """Return the line of `element`; where `written` stands in it (an address, words), that one's.

        None if the element is the layout's.
        """
        row = self._rows.get(element)
        if row is None or written is None:
            return None if row is None else self.of_row(row)
        return self.near(row, written, self._place[element])

    def near(self, row: int, written: str, place: int = 0) -> int | None:
        """Return the line where `written` stands near a row of the body's HTML; `place` counts from 0."""
        line = self.of_row(row)
        if line is None:
            return None
        key = (written, line)
        if key not in self._found:
            self._found[key] = self._search(written, line)
        found = self._found[key]
        return found[min(place, len(found) - 1)] if found else line

    def of_row(self, row: int) -> int | None:
        """Return the issue's line for a row of the body's HTML (from 1)."""
        return self._numbers[min(row, len(self._numbers)) - 1] if self._numbers else None

    def _search(self, written: str, line: int) -> list[int]:
        """Return the lines where `written` stands: in the block that `line` is of, else the only one."""
        before = self._known[max(bisect_left(self._known, line) - 1, 0)]
        after = bisect_right(self._known, line)
        end = self._known[after] if after < len(self._known) else len(self._source) + 1
        pattern = _pattern(written)
        for lines in (range(line, end), range(before, line)):
            if found := self._hits(pattern, lines):
                return found
        everywhere = self._hits(pattern, range(1, len(self._source) + 1))
        return everywhere if len(set(everywhere)) == 1 else []

    def _hits(self, pattern: re.Pattern[str], lines: Sequence[int]) -> list[int]:
        return [line for line in lines for _ in pattern.finditer(self._source[line - 1])]

    def key(self, *names: str) -> int | None:
        """Return the line of the first of these keys that front matter has, or None."""
        return next(filter(None, map(self._key, names)), None)

    def _key(self, name: str) -> int | None:
        pattern = re.compile(rf"[ \t]*{name.replace('_', '[-_ ]')}[ \t]*[:=]", re.IGNORECASE)
        start = self._numbers[0] if self._numbers else len(self._source)
        return next((n for n, line in enumerate(self._source[:start], 1) if pattern.match(line)), None)

    def first(self, pattern: str) -> int | None:
        """Return the first line of the file that has what `pattern` (a regular expression) finds, or None."""
        return next((n for n, line in enumerate(self._source, 1) if re.search(pattern, line)), None)


def read_html(html: str) -> HtmlElement:
    """Return the document; what has no element gets an empty body."""
    # lxml refuses text that names an encoding, as XHTML does.
    html = re.sub(r"\A\s*<\?xml[^>]*\?>", "", html)
    try:
        return lxml.html.document_fromstring(html)
    except ParserError:  # nothing but white space or comments
        return lxml.html.document_fromstring("<body></body>")


def _elements(root: HtmlElement) -> Iterator[HtmlElement]:
    return (each for each in root.iter() if isinstance(each.tag, str) and each.tag not in _FRAME)


def _pairs(written: list[HtmlElement], shown: list[HtmlElement]) -> Iterator[tuple[HtmlElement, HtmlElement]]:
    matcher = SequenceMatcher(None, [_key(each) for each in written], [_key(each) for each in shown])
    for kind, start, end, from_, to in matcher.get_opcodes():
        if kind == "equal":
            yield from zip(written[start:end], shown[from_:to], strict=True)
        elif kind == "replace":
            # The same elements, in which a recipient's values stand.
            rest = iter(shown[from_:to])
            for element in written[start:end]:
                if (other := next((each for each in rest if each.tag == element.tag), None)) is not None:
                    yield element, other


def _places(rows: dict[HtmlElement, int]) -> dict[HtmlElement, int]:
    """Return for each element how many before it in its row have its address."""
    counted: Counter[tuple[int, str | None]] = Counter()
    places = {}
    for element, row in rows.items():
        key = (row, _address(element))
        places[element] = counted[key]
        counted[key] += 1
    return places


def _key(element: HtmlElement) -> tuple[str, str, str]:
    words = next((text.strip() for text in element.itertext() if text.strip()), "")
    return element.tag, _address(element) or "", words[:60]


def _address(element: HtmlElement) -> str | None:
    address: str | None = element.get("href", element.get("src"))
    return address


def _pattern(written: str) -> re.Pattern[str]:
    if not written.strip():
        return re.compile(r"""\]\(\s*(?:<>)?\s*\)|(?:href|src)\s*=\s*(?:""|'')""", re.IGNORECASE)
    forms = {written, unquote(written), escape(written, quote=False), escape(unquote(written), quote=False)}
    forms |= {form.removeprefix(scheme) for form in forms for scheme in ("http://", "mailto:")}
    words = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True) if form)
    return re.compile(rf"(?<![\w/.-])(?:{words})(?![\w/-])")
