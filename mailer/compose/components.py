"""Elements `<mail-…>` as calls of the macros that the partials of the layouts define.

`<mail-button>` is `{% call mail_button() %}` of `button` in `email/partials/button.html`, and so on: a
workspace replaces one by a file of that name. The elements nest, because HTML was cleaned before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

PARTIALS = {
    "button": "button",
    "figure": "figure",
    "quote": "quote",
    "columns": "columns",
    "column": "columns",
    "callout": "callout",
    "divider": "divider",
}
_TAG = re.compile(
    r'(</?mail-(?:button|figure|quote|columns|column|callout|divider)(?:\s+\w+="[^"<>]*")*\s*>)'
)
_NAME = re.compile(r"<(/?)mail-(\w+)")
_KIND = re.compile(r'\skind="([a-z]+)"')
_SHARE = re.compile(r'\sshare="(?:([0-9]{1,2})/([0-9]{1,2})|([0-9]{1,3})%)"')


def split_components(html: str) -> Iterator[tuple[str, str | None]]:
    """Yield the pieces of clean HTML, each with the template source for it, None where that is itself."""
    for position, piece in enumerate(_TAG.split(html)):
        yield piece, _call(piece) if position % 2 else None


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
    elif name == "column" and (share := _SHARE.search(tag)) and _is_part(share):
        argument = share.group().strip()
    return f"{{% call mail_{name}({argument}) %}}"


def _is_part(share: re.Match[str]) -> bool:
    part, whole, percent = (int(number or 0) for number in share.groups())
    return 0 < part < whole or 0 < percent <= 100
