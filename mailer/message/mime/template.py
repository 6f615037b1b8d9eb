"""The compiled message: wire octets with holes. A send keeps it, and every later run fills the same one."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

from mailer.domain import recipient_names
from mailer.errors import ExitCode, MailerError
from mailer.message.encoding.transfer import HARD_BREAK, decode_quoted_printable
from mailer.message.expression.expression import Name
from mailer.message.filling.canonical import canonical_json, dump_tree, load_tree, walk_expressions
from mailer.message.filling.conditions import compares, decides
from mailer.message.filling.evaluate import Names
from mailer.message.filling.fields import may_use_any, requires, uses
from mailer.message.filling.program import TEXT, WIRE, Program
from mailer.message.filling.residual import Static, Tree
from mailer.message.filling.screen import Screen, screen_of
from mailer.message.mime.pieces import (
    Assembly,
    Encoding,
    Fillings,
    PartContent,
    Piece,
    assemble,
    dump_piece,
    load_piece,
)

VERSION = 3
READABLE = (1, 2, VERSION)
HTML_LANGUAGE = re.compile(r"<html\b[^>]*\slang=[\"']?([A-Za-z0-9-]+)", re.IGNORECASE)


class TemplateError(MailerError):
    """A stored message template can't be read."""

    exit_code = ExitCode.REFUSED


@dataclass(frozen=True)
class MessageTemplate:
    """One issue's message, ready to be filled for each recipient.

    `names` are the recipient's: `subscriber` (a mapping of fields), `unsubscribe_url`, whatever else the
    issue uses, and `header` (a `RecipientHeader`). `version` is of the program that compiled it: 1 where the
    send keeps every field of its recipients, not only those that the issue uses; up to 2 its mails may have
    links to view them by the token that unsubscribes.
    """

    slug: str
    subject_tree: Tree
    mailto: str
    pieces: tuple[Piece, ...]
    version: int = VERSION

    def fill(self, names: Names) -> bytes:
        """Return the whole message: 7-bit lines that end in CRLF, none of a body beginning with a dot."""
        return self.join(self.fillings(names))

    def fillings(self, names: Names) -> Fillings:
        """Return all that is one recipient's own, ready to be put in place; raises CannotFill."""
        return self._message.written(names)

    def join(self, fillings: Fillings) -> bytes:
        """Return the whole message with these in place. Nothing can be wrong with it any more."""
        header, body = self._message.placed(fillings)
        return b"".join([*header, HARD_BREAK, *body])

    def parts(self, fillings: Fillings) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """Return the message as pieces of its header and of its body, whole lines each.

        Joined, with an empty line between, they are what `join` returns.
        """
        return self._message.placed(fillings)

    def subject(self, names: Names) -> str:
        """Return the subject as a person reads it."""
        return Program(TEXT, self.subject_tree).fill(names)

    def html(self, names: Names) -> str:
        """Return the HTML part as a mail client sees it."""
        return self._read("text/html", names)

    def text(self, names: Names) -> str:
        """Return the text part as a mail client sees it."""
        return self._read("text/plain", names)

    @property
    def language(self) -> str:
        """The language that the HTML part says it is in, as BCP 47 has it; empty if it says none."""
        for piece in self.pieces:
            if isinstance(piece, PartContent) and piece.content_type == "text/html":
                text = "".join(node.text for node in piece.tree[:1] if isinstance(node, Static))
                plain = text if piece.encoding is Encoding.BASE64 else decode_quoted_printable(text.encode())
                return found[1] if (found := HTML_LANGUAGE.search(plain)) else ""
        return ""

    def html_size(self, names: Names) -> int:
        """Return the octets of the HTML part once decoded: what Gmail clips at 102,400."""
        return len(self.html(names).replace("\n", "\r\n").encode())

    @cached_property
    def uses(self) -> frozenset[str]:
        """The subscriber's fields that the issue names."""
        return frozenset().union(*map(uses, self._trees))

    @cached_property
    def fields(self) -> frozenset[str] | None:
        """The subscriber's fields that a send has to keep for its messages; None: all of them."""
        if self.version == 1 or any(map(may_use_any, self._trees)):
            return None
        return self.uses | {"email", "name"}  # the To field's

    @cached_property
    def requires(self) -> frozenset[str]:
        """The subscriber's fields that nobody may be without."""
        return frozenset().union(*map(requires, self._trees))

    @cached_property
    def decides(self) -> Mapping[str, bool]:
        """The subscriber's fields that are taken for true or false, as `conditions.decides` has them."""
        found: dict[str, bool] = {}
        for tree in self._trees:
            for name, asked in decides(tree).items():
                found[name] = found.get(name, False) or asked
        return found

    @cached_property
    def compares(self) -> Mapping[str, str]:
        """The subscriber's fields that are compared with a text, as `conditions.compares` has them."""
        return {name: text for tree in self._trees for name, text in compares(tree).items()}

    @cached_property
    def screen(self) -> Screen | None:
        """What proves many recipients at once; None if each has to be filled."""
        return screen_of(self._trees)

    @cached_property
    def pages(self) -> frozenset[str]:
        """The links to pages of the recipient's that the issue names, beside that to unsubscribe."""
        asked = (each for tree in self._trees for each in walk_expressions(tree))
        return recipient_names.PAGES.intersection(each.name for each in asked if isinstance(each, Name))

    @property
    def _trees(self) -> list[Tree]:
        return [self.subject_tree, *(piece.tree for piece in self.pieces if isinstance(piece, PartContent))]

    @cached_property
    def revision(self) -> str:
        """The SHA-256 of what is sent, in hex: the same wherever and whenever this issue is compiled."""
        return sha256(self._written(1).encode()).hexdigest()  # what was compiled of the same is the same

    def dump(self) -> bytes:
        """Return the template as compressed JSON that `load` reads."""
        return zlib.compress(self._written(self.version).encode())

    @classmethod
    def load(cls, data: bytes) -> MessageTemplate:
        """Return the template that `dump` wrote, or raise TemplateError."""
        try:
            content = json.loads(zlib.decompress(data))
            version = content["version"]
            if version in READABLE:
                pieces = tuple(load_piece(piece) for piece in content["pieces"])
                return cls(content["slug"], load_tree(content["subject"]), content["mailto"], pieces, version)
        except (zlib.error, ValueError, KeyError, TypeError) as error:
            raise TemplateError(f"the stored message template is damaged: {error}") from error
        raise TemplateError(
            f"the stored message template is of version {version}, this program reads up to {VERSION}",
            next_step="finish the send with the version of mailer that began it",
        )

    def _written(self, version: int) -> str:
        pieces = [dump_piece(piece) for piece in self.pieces]
        subject = dump_tree(self.subject_tree)
        return canonical_json(
            {
                "version": version,
                "slug": self.slug,
                "subject": subject,
                "mailto": self.mailto,
                "pieces": pieces,
            }
        )

    @cached_property
    def _message(self) -> Assembly:
        return assemble(self.pieces, self.subject_tree, self.mailto)

    def _read(self, content_type: str, names: Names) -> str:
        (body,) = (
            piece
            for piece in self.pieces
            if isinstance(piece, PartContent) and piece.content_type == content_type
        )
        if body.encoding is Encoding.BASE64:
            return Program(TEXT, body.tree).fill(names)
        return decode_quoted_printable(Program(WIRE, body.tree).fill(names))
