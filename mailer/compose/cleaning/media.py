"""Links to what a mail can't show: films, sounds, pages in a frame."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from urllib.parse import urlsplit

from mailer.compose.html.allowed import MEDIA

_NAMES = ("title", "aria-label", "alt")


def named_address(tag: str, attributes: Sequence[tuple[str, str | None]]) -> tuple[str, str]:
    """Return the address of what a `tag` shows and its name, empty if there is none.

    Without a `tag`, of an element that nobody knows: then only a whole address is one.
    """
    given = {name: (value or "").strip() for name, value in reversed(attributes)}
    label = next((given[name] for name in _NAMES if given.get(name)), "")
    if not tag:
        return next((value for value in given.values() if _is_whole(value)), ""), label
    address = given.get(MEDIA.get(tag, "src"), "")
    if address.startswith("//"):
        address = f"https:{address}"
    is_relative = ":" not in address.partition("/")[0]
    return (address if _is_whole(address) or is_relative else ""), label


def _is_whole(address: str) -> bool:
    return address.lower().startswith(("http://", "https://"))


def link_to(address: str, label: str) -> str:
    """Return a link as HTML; without a `label` it says its host, or the address if that is a person's."""
    is_mail = "@" in address.partition("/")[0]
    target = f"mailto:{address}" if is_mail and not address.lower().startswith("mailto:") else address
    shown = label or (address if is_mail else _host(address))
    return f'<a href="{escape(target)}">{escape(shown, quote=False)}</a>'


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or address
    except ValueError:
        return address
