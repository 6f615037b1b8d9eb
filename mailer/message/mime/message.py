"""An edition becomes a message template: MIME parts, encoded once, with holes for what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from mailer.message.encoding.header import literal, unstructured
from mailer.message.encoding.transfer import encode_quoted_printable, is_smaller_in_base64
from mailer.message.filling.residual import Branch, Edition, Hole, Loop, Node, Static, Tree
from mailer.message.mime.enclosure import Enclosure
from mailer.message.mime.fields import Head, author_fields, list_fields, mailto_uri
from mailer.message.mime.parts import alternative
from mailer.message.mime.pieces import Encoding, PartContent, Piece, Slot
from mailer.message.mime.template import MessageTemplate


def compile_message(
    edition: Edition, head: Head, images: Sequence[Enclosure] = (), attachments: Sequence[Enclosure] = ()
) -> MessageTemplate:
    """Return the template of `edition`'s message: text, HTML, the `images` in it, `attachments`."""
    mailto = mailto_uri(head.unsubscribe_mailto)
    text, html = _body("text/plain", edition.text), _body("text/html", edition.html)
    content = alternative(text, html, images, attachments, head.list_domain)
    pieces = [*_header(edition.subject, head, mailto), *content]
    return MessageTemplate(edition.slug, _merged(edition.subject), mailto, tuple(_joined(pieces)))


def _header(subject: Tree, head: Head, mailto: str) -> Iterator[Piece]:
    yield author_fields(head)
    yield Slot.TO
    yield _subject(_merged(subject))
    yield Slot.IDENTITY
    if head.of_list:
        yield Slot.UNSUBSCRIBE if head.one_click else literal("List-Unsubscribe", mailto)
    yield list_fields(head)
    yield literal("MIME-Version", "1.0")


def _subject(subject: Tree) -> Piece:
    """Return the Subject field, encoded now if all recipients get the same."""
    match subject:
        case ():
            return unstructured("Subject", "")
        case (Static(text),):
            return unstructured("Subject", text)
    return Slot.SUBJECT


def _body(content_type: str, tree: Tree) -> PartContent:
    tree = _merged(tree)
    if is_smaller_in_base64("".join(_static_texts(tree))):
        return PartContent(content_type, Encoding.BASE64, tree)
    return PartContent(content_type, Encoding.QUOTED_PRINTABLE, _quoted(tree))


def _joined(pieces: list[Piece]) -> Iterator[Piece]:
    """Yield `pieces` with neighbouring octets put together."""
    for shared, run in groupby(pieces, key=lambda piece: isinstance(piece, bytes)):
        if shared:
            yield b"".join(piece for piece in run if isinstance(piece, bytes))
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
