"""An edition becomes a message template: MIME parts, encoded once, with holes for what differs."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from itertools import groupby

from mailer.compose.canonical import canonical_json, dump_tree
from mailer.compose.encode import encode_quoted_printable, is_smaller_in_base64
from mailer.compose.head import Head, author_fields, list_fields, mailto_uri
from mailer.compose.header import literal, unstructured
from mailer.compose.pieces import Body, Encoding, Piece, Slot
from mailer.compose.residual import Branch, Edition, Hole, Loop, Node, Static, Tree
from mailer.compose.template import MessageTemplate


def compile_message(edition: Edition, head: Head) -> MessageTemplate:
    """Return the template of `edition`'s message: multipart/alternative, text first (RFC 2046 5.1.4)."""
    mailto = mailto_uri(head.unsubscribe_mailto)
    bodies = [_body("text/plain", edition.text), _body("text/html", edition.html)]
    pieces = [*_header(edition.subject, head, mailto), *_alternative(bodies)]
    return MessageTemplate(edition.slug, _merged(edition.subject), mailto, tuple(_joined(pieces)))


def _header(subject: Tree, head: Head, mailto: str) -> Iterator[Piece]:
    yield author_fields(head).decode("ascii")
    yield Slot.TO
    yield _subject(_merged(subject))
    yield Slot.IDENTITY
    yield Slot.UNSUBSCRIBE if head.one_click else literal("List-Unsubscribe", mailto).decode("ascii")
    yield list_fields(head).decode("ascii")
    yield literal("MIME-Version", "1.0").decode("ascii")


def _subject(subject: Tree) -> Piece:
    """Return the Subject field, encoded now if all recipients get the same."""
    match subject:
        case ():
            return unstructured("Subject", "").decode("ascii")
        case (Static(text),):
            return unstructured("Subject", text).decode("ascii")
    return Slot.SUBJECT


def _alternative(bodies: list[Body]) -> Iterator[Piece]:
    boundary = _boundary(bodies)
    yield f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n'
    for body in bodies:
        yield f"\r\n--{boundary}\r\n"
        yield f"Content-Type: {body.content_type}; charset=utf-8\r\n"
        yield f"Content-Transfer-Encoding: {body.encoding}\r\n\r\n"
        yield body
        yield "" if _ends_its_line(body) else "\r\n"
    yield f"\r\n--{boundary}--\r\n"


def _boundary(bodies: list[Body]) -> str:
    """Return a delimiter that no content holds: after `=` quoted-printable has two digits or a line end."""
    contents = canonical_json([dump_tree(body.tree) for body in bodies])
    return f"=_{sha256(contents.encode()).hexdigest()[:32]}"


def _body(content_type: str, tree: Tree) -> Body:
    tree = _merged(tree)
    if is_smaller_in_base64("".join(_static_texts(tree))):
        return Body(content_type, Encoding.BASE64, tree)
    return Body(content_type, Encoding.QUOTED_PRINTABLE, _quoted(tree))


def _ends_its_line(body: Body) -> bool:
    """Whether the content surely ends in a hard line break, so that no soft one is left before a boundary."""
    match body.tree[-1:]:
        case (Static(text),) if body.encoding is Encoding.QUOTED_PRINTABLE:
            return not text.endswith("=\r\n")
    return body.encoding is Encoding.BASE64


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Yield `pieces` with neighbouring octets put together."""
    for shared, run in groupby(pieces, key=lambda piece: type(piece) is str):
        if shared:
            yield "".join(str(piece) for piece in run)
        else:
            yield from run


def _static_texts(tree: Tree) -> Iterator[str]:
    for node in tree:
        match node:
            case Static(text):
                yield text
            case Branch(_, then, otherwise) | Loop(_, _, then, otherwise):
                yield from _static_texts(then + otherwise)


def _merged(tree: Tree) -> Tree:
    """Return `tree` with neighbouring Static nodes put together and empty ones left out."""
    merged: list[Node] = []
    for node in tree:
        match node:
            case Static(""):
                continue
            case Static(text) if merged and isinstance(merged[-1], Static):
                merged[-1] = Static(merged[-1].text + text)
            case Branch(condition, then, otherwise):
                merged.append(Branch(condition, _merged(then), _merged(otherwise)))
            case Loop(names, iterable, body, otherwise):
                merged.append(Loop(names, iterable, _merged(body), _merged(otherwise)))
            case _:
                merged.append(node)
    return tuple(merged)


def _quoted(tree: Tree) -> Tree:
    """Return `tree` with its Static texts in quoted-printable."""
    return tuple(_quoted_node(node) for node in tree)


def _quoted_node(node: Node) -> Node:
    match node:
        case Static(text):
            return Static(encode_quoted_printable(text).decode("ascii"))
        case Hole():
            return node
        case Branch(condition, then, otherwise):
            return Branch(condition, _quoted(then), _quoted(otherwise))
        case Loop(names, iterable, body, otherwise):
            return Loop(names, iterable, _quoted(body), _quoted(otherwise))
