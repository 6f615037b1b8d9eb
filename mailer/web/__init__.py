"""The pages that readers reach, and the server that pages run in.

`mailer.web:app` is all of them as an ASGI application, for servers other than `mailer serve`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mailer.web.entry import EntryPoint

    app: EntryPoint


def __getattr__(name: str) -> EntryPoint:
    """Return `app`: what it takes is imported when a server asks for it."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from mailer.web import entry

    return entry.app
