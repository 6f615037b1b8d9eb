"""A message's HTML as a frame on a page shows it, in the way one mail program or another would."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum

from mailer.viewer.reading import MailPart, MailReading

HEAD = re.compile(r"<head\b[^>]*>|<html\b[^>]*>|<!doctype[^>]*>", re.IGNORECASE)
CID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)
ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
OFFERED = re.compile(r"(color-schemes?[\"'\s:=a-z]{1,30}?)(?:light\s+dark|dark\s+light)", re.IGNORECASE)
LINK = re.compile(r"<(?=link\b)", re.IGNORECASE)
STYLE = re.compile(r"<style\b[^>]*>.*?</style\s*>", re.IGNORECASE | re.DOTALL)

POLICY = (
    "sandbox {permits}; default-src 'none'; style-src 'unsafe-inline'{remote}; img-src {images};"
    " font-src data:{remote}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
LINKS = "allow-popups allow-popups-to-escape-sandbox"


class ShownImages(StrEnum):
    """Which images are shown: those that came with the message, those from elsewhere too, or none."""

    OWN = "own"
    REMOTE = "remote"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Appearance:
    """How a frame is seen: `scheme` is "light" or "dark", `styles` whether style sheets count."""

    images: ShownImages = ShownImages.OWN
    scheme: str = "light"
    styles: bool = True

    def policy(self, permits: str = LINKS) -> str:
        """Return the Content-Security-Policy: no script, no form, and nothing fetched but what was asked for.

        `permits` are what the frame's sandbox lets it do; without `allow-same-origin` it has an origin of
        its own.
        """
        remote = " https: http:" if self.images is ShownImages.REMOTE else ""
        images = "'none'" if self.images is ShownImages.NONE else f"data:{remote}"
        return POLICY.format(permits=permits, remote=remote, images=images)


def framed(reading: MailReading, appearance: Appearance) -> str:
    """Return the HTML as it is put into a frame: own images inside, links for a new tab,
    and what it asks of the reader's colour scheme answered with that of `appearance`.

    Scripts, forms and requests are the business of the frame's sandbox and of its CSP.
    """
    html = reading.html or ""
    if appearance.images is not ShownImages.NONE:
        html = with_images(reading)
    if not appearance.styles:
        html = STYLE.sub("", html)
    # The page around a frame can't say which scheme the frame is to see: each browser asks its own settings.
    html = ASKED.sub(
        lambda found: f"({'min' if found[1].lower() == appearance.scheme else 'max'}-width: 0)", html
    )
    html = OFFERED.sub(lambda found: found[1] + appearance.scheme, html)
    if appearance.images is not ShownImages.REMOTE:
        # A CSP does not stop <link rel=preconnect>, which would tell a stranger that the mail is being read.
        html = LINK.sub("<x-", html)
    return _in_head(html, '<base target="_blank">')


def whole_page(reading: MailReading) -> str:
    """Return the HTML as a browser shows it from a file: own images inside, its encoding said."""
    return _in_head(with_images(reading), '<meta charset="utf-8">')


def _in_head(html: str, element: str) -> str:
    # After the doctype at least, or the page would be laid out in quirks mode.
    tags = list(HEAD.finditer(html, 0, 10_000))
    place = tags[-1].end() if tags else 0
    return html[:place] + element + html[place:]


def with_images(reading: MailReading) -> str:
    """Return the HTML with its own images inside, and otherwise as it is; empty if there is none."""
    return CID.sub(lambda found: _data_url(reading.others, found), reading.html or "")


def _data_url(parts: tuple[MailPart, ...], found: re.Match[str]) -> str:
    for part in parts:
        if part.cid == found[1] and re.fullmatch(r"image/[\w.+-]+", part.type):
            return f"data:{part.type};base64,{b64encode(part.content).decode('ascii')}"
    return found[0]
