"""What a compiled message is made of, how it is put together, and how it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from mailer.message.encoding.header import unstructured
from mailer.message.encoding.transfer import base64_lines
from mailer.message.filling.canonical import dump_tree, load_tree
from mailer.message.filling.evaluate import Names
from mailer.message.filling.program import OCTETS, TEXT, WIRE, Program
from mailer.message.filling.residual import Tree
from mailer.message.mime.fields import RecipientField, identity_fields, to_field, unsubscribe_field

# Ends the header (RFC 5322 2.1).
EMPTY_LINE = b"\r\n\r\n"


class Encoding(StrEnum):
    """A body's Content-Transfer-Encoding."""

    QUOTED_PRINTABLE = "quoted-printable"
    BASE64 = "base64"


class Slot(StrEnum):
    """Where header fields stand that differ between recipients."""

    TO = "to"
    SUBJECT = "subject"
    IDENTITY = "identity"  # Date and Message-ID
    UNSUBSCRIBE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class PartContent:
    """A part's content. In quoted-printable the Static texts of its tree are encoded already."""

    content_type: str
    encoding: Encoding
    tree: Tree


# What of a message's header and of its body is one recipient's own, encoded.
Fillings = tuple[list[bytes], list[bytes]]

# Octets that all recipients share, header fields, and contents.
Piece = bytes | Slot | PartContent


@dataclass(frozen=True, slots=True)
class Base64Content:
    """A content that is filled, then encoded as a whole: base64 knows no column to begin at."""

    program: Program[bytes]

    def fill(self, names: Names) -> bytes:
        return base64_lines(self.program.fill(names))


@dataclass(frozen=True, slots=True)
class Assembly:
    """A recipient's message as two functions; what they write has an empty line between.

    Every piece is whole lines or nothing, so that pieces can be looked at one by one.
    """

    header: Program[bytes]
    body: Program[bytes]

    def written(self, names: Names) -> Fillings:
        return self.header.written(names), self.body.written(names)

    def placed(self, fillings: Fillings) -> tuple[Sequence[bytes], Sequence[bytes]]:
        header, body = fillings
        return self.header.placed(header), self.body.placed(body)


def assemble(pieces: tuple[Piece, ...], subject: Tree, mailto: str) -> Assembly:
    """Return the functions that make a recipient's message of `pieces`."""
    subject_text = Program(TEXT, subject)
    fields = {
        Slot.TO: RecipientField(to_field),
        Slot.SUBJECT: RecipientField(lambda names: unstructured("Subject", subject_text.fill(names))),
        Slot.IDENTITY: RecipientField(identity_fields),
        Slot.UNSUBSCRIBE: RecipientField(unsubscribe_field(mailto)),
    }
    program = header = Program(WIRE)
    body = Program(WIRE)
    for piece in pieces:
        match piece:
            case Slot():
                program.add_part(fields[piece])
            case bytes() if program is header and EMPTY_LINE in piece:
                last_fields, _, beginning = piece.partition(EMPTY_LINE)
                header.add_stretch(last_fields + b"\r\n")
                body.add_stretch(beginning)
                program = body
            case bytes():
                program.add_stretch(piece)
            case PartContent(_, Encoding.QUOTED_PRINTABLE, tree):
                program.add_tree(tree)
            case PartContent(_, Encoding.BASE64, tree):
                program.add_part(Base64Content(Program(OCTETS, tree)))
    return Assembly(header, body)


def dump_piece(piece: Piece) -> Any:
    """Return `piece` as JSON data."""
    match piece:
        case Slot():
            return {"slot": piece.value}
        case bytes():
            return piece.decode("ascii")
        case PartContent(content_type, encoding, tree):
            return {"content": content_type, "encoding": encoding.value, "tree": dump_tree(tree)}


def load_piece(data: Any) -> Piece:
    """Return the piece that `dump_piece` wrote; raises KeyError, TypeError or ValueError on anything else."""
    match data:
        case str(octets):
            return octets.encode("ascii")
        case {"slot": slot}:
            return Slot(slot)
        case {"content": str(content_type), "encoding": encoding, "tree": tree}:
            return PartContent(content_type, Encoding(encoding), load_tree(tree))
    raise ValueError(f"not a piece of a message: {data!r}")
