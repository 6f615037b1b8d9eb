"""What others wrote, made fit for a mail: HTML by an allow-list (nh3), text on one line, addresses whole."""

from __future__ import annotations

import re
import unicodedata
from html import escape, unescape
from urllib.parse import urljoin, urlsplit

import nh3

MOST_TITLE, MOST_SUMMARY = 300, 500  # characters
MOST_URL = 2_000
_TAGS = set(
    """a abbr b blockquote br caption cite code dd del dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6
    hr i img ins kbd li mark ol p pre q s samp small span strike strong sub sup table tbody td tfoot th thead
    tr u ul var""".split()  # noqa: SIM905 - else sixty lines
)
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
}
# What stands in them is nothing to read.
_NO_TEXT = {"script", "style", "template", "title", "noscript", "svg", "math", "object", "iframe", "form"}
_SCHEMES = {"http", "https", "mailto"}
_TALL = re.compile(r"<(/?)h[12]>")
# Images of one pixel tell their owner who opens the mail.
_PIXEL = re.compile(r"""<img\b(?=[^>]*\s(?:width|height)="[01]")[^>]*>""")
_NO_SOURCE = re.compile(r'<img\b(?![^>]*\ssrc=")[^>]*>')
_NO_WORDS = re.compile(r'<img\b(?![^>]*\salt=")')
_BLOCK = re.compile(r"<(?:p|div|ul|ol|dl|table|blockquote|pre|h\d|figure|hr)\b")
_BREAK = re.compile(r"</?(?:br|hr|p|div|li|tr|td|h\d|blockquote|pre|figcaption|dd|dt|ul|ol|table)\b[^>]*>")
# What nobody sees, and what turns the direction of all that follows.
_UNPRINTED = r"\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069"
_CONTROLS = re.compile(rf"[{_UNPRINTED}]+")
_NOT_IN_HTML = re.compile(rf"(?:(?![\t\n])[{_UNPRINTED}])+")


def clean_html(html: str, base: str) -> str:
    """Return `html` without what runs, frames, or follows readers; addresses in it absolute, by `base`."""

    def fit(tag: str, name: str, value: str) -> str | None:
        if name in ("href", "src"):
            return web_address(value, base, mail=tag == "a") or None
        return value

    # Text first: a parser may hand on what no mail may hold.
    cleaned = nh3.clean(
        _NOT_IN_HTML.sub("", html.replace("\r\n", "\n").replace("\r", "\n")),
        tags=_TAGS,
        clean_content_tags=_NO_TEXT,
        attributes=_ATTRIBUTES,
        attribute_filter=fit,
        url_schemes=_SCHEMES,
        link_rel=None,
    )
    cleaned = _NO_SOURCE.sub("", _PIXEL.sub("", cleaned))
    # The entry's own title stands a level above; a picture that says nothing decorates.
    cleaned = _TALL.sub(r"<\1h3>", _NO_WORDS.sub('<img alt=""', cleaned)).strip()
    return f"<p>{cleaned}</p>" if cleaned and not _BLOCK.search(cleaned) else cleaned


def plain(html: str, most: int) -> str:
    """Return the text of `html` on one line, cut between words to so many characters."""
    spaced = _BREAK.sub(" ", html)
    return one_line(unescape(nh3.clean(spaced, tags=set(), clean_content_tags=_NO_TEXT)), most)


def text_as_html(text: str) -> str:
    """Return `text` as HTML: what is parted by empty lines as paragraphs, where there are several."""
    parts = [escape(each.strip(), quote=False).replace("\n", "<br>") for each in text.split("\n\n")]
    return "".join(f"<p>{each}</p>" for each in parts if each) if len(parts) > 1 else parts[0]


def one_line(text: str, most: int) -> str:
    """Return `text` on one line without controls, cut between words to so many characters."""
    line = " ".join(_CONTROLS.sub(" ", unicodedata.normalize("NFC", text)).split())
    if len(line) <= most:
        return line
    cut = line[:most]
    return f"{cut.rpartition(' ')[0] or cut}…"


def web_address(written: str, base: str, *, mail: bool = False) -> str:
    """Return what `written` means at the address `base`; "" if that is nothing on the web."""
    try:
        address = urljoin(base, "".join(written.split()))
        parts = urlsplit(address)
        _ = parts.port  # ValueError for one that is none
    except ValueError:
        return ""
    if len(address) > MOST_URL or _CONTROLS.search(address):
        return ""
    if mail and parts.scheme == "mailto":
        return address
    return address if parts.scheme in ("http", "https") and parts.hostname and not parts.username else ""


def first_image(html: str) -> str:
    """Return the address of the first picture in HTML that was cleaned; "" if there is none."""
    found = re.search(r'<img\b[^>]*\ssrc="([^"]+)"', html)
    return unescape(found[1]) if found else ""
