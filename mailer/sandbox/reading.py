"""A message taken apart for showing. Whatever was sent is shown as well as it can be; nothing raises."""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser

# The older policy, on purpose: it takes header fields as they come, where the newer one's parsers can raise.
PARSER = BytesParser()
HEAD = re.compile(r"<head\b[^>]*>|<html\b[^>]*>|<!doctype[^>]*>", re.IGNORECASE)
CID = re.compile(r"cid:([^\"'\s)>]+)", re.IGNORECASE)
ASKED = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)", re.IGNORECASE)
OFFERED = re.compile(r"(color-schemes?[\"'\s:=a-z]{1,30}?)(?:light\s+dark|dark\s+light)", re.IGNORECASE)
LINK = re.compile(r"<(?=link\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message: `name` of the file if it has one, `cid` without its angle brackets."""

    type: str
    name: str
    cid: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message shows: its HTML and its text, if it has them, and every other leaf."""

    html: str | None
    text: str | None
    others: tuple[Part, ...]


def read(content: bytes) -> Reading:
    """Return the parts of the message in `content`: the first HTML, the first plain text, and the others."""
    html = text = None
    others = []
    for leaf in PARSER.parsebytes(content).walk():
        if leaf.is_multipart():
            continue
        part = _part(leaf)
        if html is None and part.type == "text/html" and not part.name:
            html = _decoded(leaf, part)
        elif text is None and part.type == "text/plain" and not part.name:
            text = _decoded(leaf, part)
        else:
            others.append(part)
    return Reading(html, text, tuple(others))


def framed(reading: Reading, *, remote: bool, scheme: str) -> str:
    """Return the HTML as it is put into a frame: own images inside, links for a new tab,
    and what it asks of the reader's colour scheme answered with `scheme` ("light" or "dark").

    Scripts, forms and requests are the business of the frame's sandbox and of its CSP.
    """
    html = CID.sub(lambda found: _data_url(reading.others, found), reading.html or "")
    # The page around a frame can't say which scheme the frame is to see: each browser asks its own settings.
    html = ASKED.sub(lambda found: f"({'min' if found[1].lower() == scheme else 'max'}-width: 0)", html)
    html = OFFERED.sub(lambda found: found[1] + scheme, html)
    if not remote:
        # A CSP does not stop <link rel=preconnect>, which would tell a stranger that the mail is being read.
        html = LINK.sub("<x-", html)
    # After the doctype at least, or the page would be laid out in quirks mode.
    tags = list(HEAD.finditer(html, 0, 10_000))
    place = tags[-1].end() if tags else 0
    return f'{html[:place]}<base target="_blank">{html[place:]}'


def _part(leaf: Message) -> Part:
    payload = leaf.get_payload(decode=True)
    return Part(
        leaf.get_content_type(),
        leaf.get_filename() or "",
        str(leaf.get("Content-ID", "")).strip(" <>"),
        payload if isinstance(payload, bytes) else b"",
    )


def _decoded(leaf: Message, part: Part) -> str:
    try:
        return part.content.decode(leaf.get_content_charset("utf-8"), "replace")
    except (LookupError, ValueError):
        return part.content.decode("utf-8", "replace")


def _data_url(parts: tuple[Part, ...], found: re.Match[str]) -> str:
    for part in parts:
        if part.cid == found[1] and re.fullmatch(r"image/[\w.+-]+", part.type):
            return f"data:{part.type};base64,{b64encode(part.content).decode('ascii')}"
    return found[0]
