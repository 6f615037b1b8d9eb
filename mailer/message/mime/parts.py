"""MIME parts (RFC 2045, 2046, 2387) as pieces of a message: header fields, an empty line, content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

from mailer.message.encoding.header import literal
from mailer.message.encoding.parameters import ascii_name, parametrised
from mailer.message.encoding.transfer import base64_lines
from mailer.message.filling.canonical import canonical_json, dump_tree
from mailer.message.filling.residual import Static
from mailer.message.mime.enclosure import Enclosure
from mailer.message.mime.pieces import Encoding, PartContent, Piece

Part = Sequence[Piece]


def alternative(
    text: PartContent,
    html: PartContent,
    images: Sequence[Enclosure],
    attachments: Sequence[Enclosure],
    domain: str,
) -> Part:
    """Return the whole content: text first, then HTML with its images (RFC 2046 5.1.4), attachments around.

    `domain` is for the HTML's own Content-ID, which only a message with images needs.
    """
    seed = digest([text, html])
    page = _related(html, images, seed, domain) if images else _body(html)
    whole = _multipart("alternative", [_body(text), page], seed)
    if attachments:
        files = [_enclosed(each, "attachment") for each in attachments]
        return _multipart("mixed", [whole, *files], _derived(seed, "mixed", attachments))
    return whole


def digest(bodies: Sequence[PartContent]) -> str:
    """Return 32 hex digits that stand for these contents."""
    contents = canonical_json([dump_tree(body.tree) for body in bodies])
    return sha256(contents.encode()).hexdigest()[:32]


def _derived(seed: str, role: str, enclosures: Sequence[Enclosure]) -> str:
    text = canonical_json([seed, role, *(each.digest for each in enclosures)])
    return sha256(text.encode()).hexdigest()[:32]


def _related(html: PartContent, images: Sequence[Enclosure], seed: str, domain: str) -> Part:
    """Return the HTML with its images (RFC 2387 3)."""
    root = f"<{seed}@{domain}>"
    parts = [_body(html, root), *(_enclosed(image, "inline") for image in images)]
    return _multipart(
        "related", parts, _derived(seed, "related", images), {"type": html.content_type, "start": root}
    )


def _multipart(
    subtype: str, parts: Sequence[Part], mark: str, parameters: Mapping[str, str] | None = None
) -> Part:
    # No content holds a boundary: base64 has no `_`, and after `=` quoted-printable has two digits or a line
    # end. None is the beginning of another, because all are of one length.
    boundary = f"=_{mark}"
    pieces: list[Piece] = [f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"'.encode("ascii")]
    pieces += [f';\r\n {name}="{value}"'.encode("ascii") for name, value in (parameters or {}).items()]
    pieces.append(b"\r\n")
    for part in parts:
        pieces.append(f"\r\n--{boundary}\r\n".encode("ascii"))
        pieces += part
    pieces.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    return pieces


def _body(body: PartContent, content_id: str = "") -> Part:
    fields = (
        f"Content-Type: {body.content_type}; charset=utf-8\r\nContent-Transfer-Encoding: {body.encoding}\r\n"
    )
    named = f"Content-ID: {content_id}\r\n" if content_id else ""
    return [f"{fields}{named}\r\n".encode("ascii"), body, b"" if _ends_its_line(body) else b"\r\n"]


def _enclosed(file: Enclosure, disposition: str) -> Part:
    kind = {"charset": file.charset} if file.charset else {}
    # A program that knows no RFC 2231 takes the name from Content-Type: beside `filename*` a `filename` would
    # be a doubled parameter to strict ones.
    fields = [
        parametrised("Content-Type", file.content_type, kind | {"name": ascii_name(file.name)}),
        literal("Content-Transfer-Encoding", "base64"),
        literal("Content-ID", f"<{file.content_id}>") if file.content_id else b"",
        parametrised("Content-Disposition", disposition, {"filename": file.name}),
    ]
    return [b"".join([*fields, b"\r\n"]), base64_lines(file.content)]


def _ends_its_line(body: PartContent) -> bool:
    """Whether the content surely ends in a hard line break, so that no soft one is left before a boundary."""
    match body.tree[-1:]:
        case (Static(text),) if body.encoding is Encoding.QUOTED_PRINTABLE:
            return not text.endswith("=\r\n")
    return body.encoding is Encoding.BASE64
