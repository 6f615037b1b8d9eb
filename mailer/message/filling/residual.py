"""What is left of a rendered issue once all that recipients share is done: static text and deferred parts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mailer.message.expression.expression import Expression


class Place(StrEnum):
    """Where a hole stands, which decides how its value is escaped."""

    TEXT = "text"  # HTML character data
    ATTRIBUTE = "attribute"  # a quoted HTML attribute
    URL = "url"  # href or src: allow-listed schemes when the hole begins it, percent-encoded inside
    CONDITIONAL = "conditional"  # inside an [if mso] comment: as TEXT, and never `-->`
    PLAIN = "plain"  # the text part
    ADDRESS = "address"  # an address in the text part: as URL, but that it is no HTML
    HEADER = "header"  # Subject and other unstructured fields


@dataclass(frozen=True, slots=True)
class Static:
    """Text that every recipient gets alike."""

    text: str


@dataclass(frozen=True, slots=True)
class Hole:
    """A recipient's value. `url_start`: a URL hole that begins its attribute, and so decides the scheme."""

    expression: Expression
    place: Place
    url_start: bool = False


@dataclass(frozen=True, slots=True)
class Branch:
    """A recipient's `if`; elif is a Branch in `otherwise`."""

    condition: Expression
    then: Tree
    otherwise: Tree = ()


@dataclass(frozen=True, slots=True)
class Loop:
    """A recipient's `for`: `body` has `names` bound (one, or several to unpack); `otherwise` if empty."""

    names: tuple[str, ...]
    iterable: Expression
    body: Tree
    otherwise: Tree = ()


Node = Static | Hole | Branch | Loop
Tree = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Edition:
    """A rendered issue: subject, HTML and text, each with its deferred parts; `slug` names it."""

    slug: str
    subject: Tree
    html: Tree
    text: Tree
