"""Plain values, as most are: a few letters and digits that look the same wherever they stand.

No escape touches them and no transfer encoding quotes them, so that one look at a value is enough for all
the places where it stands. What isn't plain goes the long way, and comes to the same where it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from mailer.message.filling.residual import Place

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
