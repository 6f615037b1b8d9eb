"""The body of an issue as template source: HTML and text, with the recipient's tags still in place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Body:
    """Two Jinja2 sources. Everything but the recognised tags is protected, so Jinja2 prints it as it is.

    Render `html` with autoescape on and `text` with it off; trim_blocks and lstrip_blocks off for both.
    `html_lines[i]` is the line of the issue file that line i + 1 of `html` comes from; `text_lines` alike.
    """

    html: str
    text: str
    html_lines: tuple[int, ...]
    text_lines: tuple[int, ...]
