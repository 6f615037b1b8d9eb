"""The one place where a recipient's value is escaped for where it stands, and which values need no escape."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from markupsafe import escape

from mailer.message.expression.operations import MissingValue, UnfitValue
from mailer.message.filling.residual import Place

SCHEMES = frozenset({"http", "https", "mailto", "tel"})

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# RFC 5322 2.2: a field body has no bare CR or LF; the others break lines in one parser or another.
_HEADER_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_LINE_ENDS = re.compile(r"\r\n?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

# RFC 3986 2.2 and 2.3: what a whole URL is made of stays; inside one, what can't change its structure.
_WHOLE = "!#$%&'()*+,/:;=?@[]~"
_INSIDE = "/:@,~"


def escape_value(value: Any, place: Place, url_start: bool = False) -> str:
    """Return `value` as it is written in `place`.

    Raises UnfitValue for control characters, for lists and other values without a plain text form, and, where
    a URL begins with the value (`url_start`), for anything but a whole URL with one of SCHEMES (in the text
    part that may be a person's address).
    """
    text = _text(value)
    if not text.isprintable():  # what is, has neither controls nor line ends
        controls = _HEADER_CONTROLS if place is Place.HEADER else _CONTROLS
        text = _LINE_ENDS.sub("\n", _refuse(text, controls))
    return _STARTS[place](text) if url_start else _ESCAPES[place](text)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        raise MissingValue("a value")
    if isinstance(value, (list, tuple, Mapping, set, frozenset)):
        raise UnfitValue(
            f"a {type(value).__name__} can't be printed", next_step="Print its items: |join(', ')"
        )
    return str(value)


def _refuse(text: str, characters: re.Pattern[str]) -> str:
    if found := characters.search(text):
        raise UnfitValue(f"the value {text!r} has the control character U+{ord(found.group()):04X} in it")
    return text


def _markup(text: str) -> str:
    return str(escape(text))


def _conditional(text: str) -> str:
    # `>` is escaped, so no value ends the comment; two hyphens are not well-formed in one all the same.
    return _markup(text).replace("--", "&#45;&#45;")


def _inside_url(text: str) -> str:
    return quote(text, safe=_INSIDE)


def _is_whole(text: str) -> bool:
    scheme = _SCHEME.match(text)
    return scheme is not None and scheme.group(1).lower() in SCHEMES


def _whole_url(text: str) -> str:
    if not _is_whole(text):
        raise UnfitValue(
            f"{text!r} is no address to link to",
            next_step=f"Links begin with {', '.join(f'{name}:' for name in sorted(SCHEMES))}",
        )
    return _markup(_quoted(text))


def _whole_address(text: str) -> str:
    return _quoted(text) if _is_whole(text) else text


def _quoted(url: str) -> str:
    return quote(_STRAY_PERCENT.sub("%25", url), safe=_WHOLE)


_ESCAPES: dict[Place, Callable[[str], str]] = {
    Place.TEXT: _markup,
    Place.ATTRIBUTE: _markup,
    Place.URL: _inside_url,
    Place.CONDITIONAL: _conditional,
    Place.PLAIN: str,
    Place.ADDRESS: _inside_url,
    Place.HEADER: str,
}
_STARTS = {Place.URL: _whole_url, Place.ADDRESS: _whole_address}


# Plain values, as most are: no escape touches them and no transfer encoding quotes them, so that one look at
# a value is enough for all the places where it stands. What isn't plain goes the long way, to the same end.
# Nothing that HTML, a comment, a URL or quoted-printable would write differently. At most 75, for a line.
_INNER = "A-Za-z0-9@._,/:-"
_FIRST = "A-Za-z0-9@_,/:-"  # a dot at the beginning of a line is quoted
_WORD = re.compile(rf"(?!.*--)[{_FIRST}][{_INNER}]{{0,74}}")
_WORDS = re.compile(rf"(?!From |.*--)[{_FIRST}](?:[ {_INNER}]{{0,73}}[{_INNER}])?")
_WHOLE_URL = re.compile(rf"(?!.*--)(?:https?://|mailto:)[{_INNER}]{{1,67}}")


def plain_in(forms: Iterable[tuple[Place, bool]]) -> Callable[[Any], object]:
    """Return what tells whether a text is plain in all of these places; the flag is `Hole.url_start`."""
    forms = list(forms)
    if any(url_start for _, url_start in forms):
        return _WHOLE_URL.fullmatch
    addresses = {Place.URL, Place.ADDRESS}
    return (_WORD if any(place in addresses for place, _ in forms) else _WORDS).fullmatch
