"""A residual tree as a function: static stretches stand ready, what differs is put between.

Every expression outside branches and loops is evaluated once for a recipient, however often it is used;
branches and loops run only when they are reached. To fill is two steps: `written` makes what is this
recipient's own, each piece once; `placed` puts it where it belongs, however often. To prove is the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import Any, Generic, Protocol, TypeVar

from mailer.message.encoding.transfer import encode_quoted_printable, one_line, utf8_lines
from mailer.message.filling.canonical import expression_key
from mailer.message.filling.escape import escape_value, plain_in
from mailer.message.filling.evaluate import Names, Reader, reader
from mailer.message.filling.residual import Branch, Hole, Loop, Place, Static, Tree

Written = TypeVar("Written")  # str or bytes
Made = TypeVar("Made", covariant=True)


class ProgramPart(Protocol[Made]):
    """Something that is different for each recipient."""

    def fill(self, names: Names) -> Made: ...


@dataclass(frozen=True, slots=True)
class Notation(Generic[Written]):
    """How a program writes: its static stretches (once) and its escaped values (for each recipient)."""

    join: Callable[[Iterable[Written]], Written]
    stretch: Callable[[str], Written]
    value: Callable[[str], Written]
    plain: Callable[[str], Written]  # the same for `plain` values


TEXT: Notation[str] = Notation("".join, str, str, str)
# The stretches of a tree that goes out in quoted-printable are encoded already.
WIRE: Notation[bytes] = Notation(
    b"".join, lambda stretch: stretch.encode("ascii"), encode_quoted_printable, one_line
)
# A content that goes out in base64, which is encoded as a whole.
OCTETS: Notation[bytes] = Notation(b"".join, utf8_lines, utf8_lines, str.encode)


class Program(Generic[Written]):
    """Pieces in order, some of which are filled in for each recipient."""

    def __init__(self, notation: Notation[Written], tree: Tree = ()) -> None:
        self._notation = notation
        self._pieces: list[Written] = []
        self._holes: dict[str, tuple[Reader, dict[tuple[Place, bool], list[int]]]] = {}
        self._parts: list[tuple[ProgramPart[Written], list[int]]] = []
        self.add_tree(tree)

    def fill(self, names: Names) -> Written:
        """Return the pieces joined, with the recipient's values; raises CannotFill."""
        if self._shared is not None:
            return self._shared
        return self._notation.join(self.placed(self.written(names)))

    def written(self, names: Names) -> list[Written]:
        """Return what is the recipient's own, each piece once; raises CannotFill."""
        write, write_plain = self._notation.value, self._notation.plain
        written = []
        for read, is_plain, forms in self._readers:
            value = read(names)
            if type(value) is str and is_plain(value):
                written += [write_plain(value)] * len(forms)
            else:
                texts = [escape_value(value, place, url_start) for place, url_start in forms]
                encoded = {text: write(text) for text in set(texts)}  # most are the same in every place
                written += [encoded[text] for text in texts]
        for part, _ in self._parts:
            written.append(part.fill(names))
        return written

    def placed(self, written: Sequence[Written]) -> Sequence[Written]:
        """Return the pieces in order, with what `written` returned where it belongs."""
        pieces = [*self._pieces, *written]
        return self._order(pieces) if self._order else pieces

    @cached_property
    def _shared(self) -> Written | None:
        """The pieces joined, where all recipients share them: as one side of an `if` often is."""
        return None if self._holes or self._parts else self._notation.join(self._pieces)

    @cached_property
    def _readers(self) -> list[tuple[Reader, Callable[[Any], object], list[tuple[Place, bool]]]]:
        """Each expression, with all the forms that its value is written in."""
        return [(read, plain_in(forms), list(forms)) for read, forms in self._holes.values()]

    @cached_property
    def _order(self) -> Callable[[list[Written]], Sequence[Written]] | None:
        """What puts the pieces and, behind them, the written ones in order; None where nothing is to do."""
        order = list(range(len(self._pieces)))
        forms = [slots for _, forms in self._holes.values() for slots in forms.values()]
        for place, slots in enumerate([*forms, *(slots for _, slots in self._parts)], len(order)):
            for slot in slots:
                order[slot] = place
        return itemgetter(*order) if len(order) > 1 else (lambda pieces: pieces[-1:]) if order else None

    def add_tree(self, tree: Tree) -> None:
        """Put `tree` at the end; its Static texts are as the notation wants them."""
        for node in tree:
            match node:
                case Static(text):
                    self.add_stretch(self._notation.stretch(text))
                case Hole():
                    self._add_hole(node)
                case Branch():
                    self.add_part(Alternative(node, self._notation))
                case Loop():
                    self.add_part(Repetition(node, self._notation))

    def add_stretch(self, stretch: Written) -> None:
        """Put what is the same for all at the end."""
        self._pieces.append(stretch)

    def add_part(self, part: ProgramPart[Written]) -> None:
        """Put `part` at the end."""
        self._parts.append((part, [self._add_slot()]))

    def _add_hole(self, hole: Hole) -> None:
        key = expression_key(hole.expression)
        if key not in self._holes:
            self._holes[key] = reader(hole.expression), {}
        _, forms = self._holes[key]
        forms.setdefault((hole.place, hole.url_start), []).append(self._add_slot())

    def _add_slot(self) -> int:
        self._pieces.append(self._notation.join(()))
        return len(self._pieces) - 1


class Alternative(Generic[Written]):
    """A recipient's `if`."""

    def __init__(self, branch: Branch, notation: Notation[Written]) -> None:
        self._holds = reader(branch.condition)
        self._then = Program(notation, branch.then)
        self._otherwise = Program(notation, branch.otherwise)

    def fill(self, names: Names) -> Written:
        return self._taken(names).fill(names)

    def _taken(self, names: Names) -> Program[Written]:
        return self._then if self._holds(names) else self._otherwise


class Repetition(Generic[Written]):
    """A recipient's `for`."""

    def __init__(self, loop: Loop, notation: Notation[Written]) -> None:
        self._names = loop.names
        self._items = reader(loop.iterable)
        self._body = Program(notation, loop.body)
        self._otherwise = Program(notation, loop.otherwise)
        self._join = notation.join

    def fill(self, names: Names) -> Written:
        turns = [self._body.fill({**names, **self._bound(item)}) for item in self._items(names)]
        return self._join(turns) if turns else self._otherwise.fill(names)

    def _bound(self, item: Any) -> dict[str, Any]:
        """Return the names that hold in one turn."""
        values = (item,) if len(self._names) == 1 else item
        return dict(zip(self._names, values, strict=True))
