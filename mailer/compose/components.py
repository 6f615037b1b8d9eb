"""Elements `<mail-…>` as calls of the macros that the partials of the layouts define.

`<mail-button>` is `{% call mail_button() %}` of `button` in `email/partials/button.html`, and so on: a
workspace replaces one by a file of that name. The elements nest, because HTML was cleaned before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

PARTIALS = {
    "button": "button",
    "figure": "figure",
    "quote": "quote",
    "columns": "columns",
    "column": "columns",
    "callout": "callout",
    "divider": "divider",
}
CALLOUT_KINDS = ("note", "tip", "warning", "important")
_TAG = re.compile(
    r'(</?mail-(?:button|figure|quote|columns|column|callout|divider)(?:\s+\w+="[^"<>]*")*\s*>)'
)
_NAME = re.compile(r"<(/?)mail-(\w+)")
_KIND = re.compile(r'\skind="([a-z]+)"')
_SHARE = re.compile(r'\sshare="(?:([0-9]{1,4})/([0-9]{1,4})|([0-9]{1,3})%)"')


def split_components(html: str) -> Iterator[tuple[str, str | None]]:
    """Yield the pieces of clean HTML, each with the template source for it, None where that is itself."""
    for position, piece in enumerate(_TAG.split(html)):
        yield piece, _call(piece) if position % 2 else None


def share_columns(html: str) -> str:
    """Return clean HTML in which each column says its share of the width.

    Those that say none share equally in what the others leave.
    """
    open_columns: list[list[re.Match[str]]] = []
    shares: dict[int, str] = {}
    for found in _TAG.finditer(html):
        end, name = _read(found.group())
        if name == "columns" and not end:
            open_columns.append([])
        elif name == "columns" and open_columns:
            shares |= _shares(open_columns.pop())
        elif name == "column" and not end and open_columns:
            open_columns[-1].append(found)
    pieces, position = [], 0
    for at, share in sorted(shares.items()):
        pieces += [html[position:at], f'<mail-column share="{share}">']
        position = html.index(">", at) + 1
    return "".join([*pieces, html[position:]])


def _shares(columns: list[re.Match[str]]) -> dict[int, str]:
    """Return the share of each column that says none, by where its tag begins."""
    said = [_part(found.group()) for found in columns]
    silent = [found.start() for found, part in zip(columns, said, strict=True) if part is None]
    left = Fraction(1) - sum(part for part in said if part is not None)
    equal = (left if left > 0 else Fraction(1)) / max(1, len(silent))
    return dict.fromkeys(silent, f"{equal.numerator}/{equal.denominator}")


def imports(html: str) -> str:
    """Return the template source that makes the macros known which `html` needs."""
    names = dict.fromkeys(_read(tag)[1] for tag in _TAG.findall(html))
    return "".join(
        f'{{% from "email/partials/{PARTIALS[name]}.html" import {name} as mail_{name} with context %}}'
        for name in names
    )


def _read(tag: str) -> tuple[str, str]:
    """Return the slash of an end tag, and the name of the component."""
    found = _NAME.match(tag)
    assert found is not None
    return found.group(1), found.group(2)


def _call(tag: str) -> str:
    end, name = _read(tag)
    if name == "divider":
        return "" if end else "{{ mail_divider() }}"
    if end:
        return "{% endcall %}"
    argument = ""
    if name == "callout" and (kind := _KIND.search(tag)):
        argument = f'"{kind.group(1)}"'
    elif name == "column" and _part(tag) and (share := _SHARE.search(tag)):
        argument = share.group().strip()
    return f"{{% call mail_{name}({argument}) %}}"


def _part(tag: str) -> Fraction | None:
    """Return what part of the width a column asks for, None if it is none."""
    if share := _SHARE.search(tag):
        part, whole, percent = (int(number or 0) for number in share.groups())
        if 0 < part <= whole:
            return Fraction(part, whole)
        if 0 < percent <= 100:
            return Fraction(percent, 100)
    return None
