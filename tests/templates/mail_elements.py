"""Custom elements of a body as calls of the partials, until the body's own writer does it."""

from __future__ import annotations

import re
from dataclasses import replace

from mailer.compose.body import Body

NAMES = ("button", "figure", "quote", "columns", "column", "callout", "divider")
IMPORTS = "".join(
    f'{{% from "email/partials/{name}.html" import {names} with context %}}'
    for name, names in {
        **{n: n for n in NAMES if n not in ("columns", "column")},
        "columns": "columns, column",
    }.items()
)


def called(body: Body) -> Body:
    """Return the body with `<mail-button>` and its kin as calls."""
    html = re.sub(r"<mail-divider>\s*</mail-divider>", "{{ divider() }}", body.html)
    html = re.sub(r"<mail-(\w+)((?: \w+=\"[^\"]*\")*)>\s*", _call, html)
    html = re.sub(r"\s*</mail-\w+>", "{% endcall %}", html)
    return replace(body, html=IMPORTS + html)


def _call(found: re.Match[str]) -> str:
    arguments = ", ".join(found.group(2).split())
    return f"{{% call {found.group(1)}({arguments}) %}}"
