"""The `if`, `for` and lazy operators that a running template is inside of.

Each is opened with a value. If that is the issue's own, one branch runs, as ever; if it is a recipient's, all
of its branches run, once, and what they print stands between tokens. The rewritten template calls these
methods.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from markupsafe import Markup

from mailer.compose.symbolic.refusal import Refusal, current_origin
from mailer.compose.symbolic.structure import read_structure
from mailer.compose.symbolic.symbol import Once, Rounds, Spoiled, Symbol, Symbolic, holds_tokens, is_deferred
from mailer.compose.symbolic.tokens import Role, Tokens
from mailer.message.expression.bounds import Budget
from mailer.message.expression.expression import Call, Const, Expression


@dataclass(slots=True)
class Opened:
    """One `if`, `for` or lazy operator: the value it was opened with, as an expression too if deferred.

    `taken` says whether its first branch ran.
    """

    value: Any
    taken: bool
    expression: Expression | None = None
    role: Role = Role.IF
    names: tuple[str, ...] = ()
    group: int = 0
    branch: int = 0


class Branches:
    """A stack of what is open; the last is the innermost."""

    def __init__(self, tokens: Tokens, budget: Budget) -> None:
        self._tokens = tokens
        self._budget = budget
        self._open: list[Opened] = []

    @property
    def place(self) -> tuple[tuple[int, int], ...]:
        """Which recipients' branches we are in: two places are alike if the same recipients pass them."""
        return tuple((id(opened), opened.branch) for opened in self._open if opened.expression)

    def begin(self, value: Any) -> bool:
        """Open an `if`; return whether its first branch is to run."""
        expression = self.condition(value)
        self._open.append(Opened(value, expression is not None or bool(value), expression))
        return self._open[-1].taken

    def begin_unless(self, value: Any) -> bool:
        """Open an `or`; return whether its right side is to be looked at."""
        return not self.begin(value) or self._open[-1].expression is not None

    def each(self, iterable: Any, targets: tuple[str, ...] | None, with_loop: bool) -> Iterable[Any]:
        """Open a `for`; return what it is to run over. `targets` is None where they are nested tuples."""
        if not isinstance(iterable, Symbol):
            self._open.append(Opened(None, False, role=Role.FOR))
            self.unpacked(iterable)
            return cast("Iterable[Any]", iterable)
        if targets is None:
            raise Refusal("a recipient's list can be unpacked into names, but not into nested ones")
        group = self._tokens.next_group()
        numbered = tuple(f"{name}.{group}" for name in targets)
        loop = f"loop.{group}"
        arguments = (iterable.expression, Const(len(targets)), Const(with_loop))
        names = (loop, *numbered) if with_loop else numbered
        self._open.append(Opened(None, False, Call("op.rounds", arguments), Role.FOR, names, group))
        return Rounds(numbered, loop)

    def enter(self) -> None:
        """Begin a round of a `for`."""
        self._budget.step()
        self._open[-1].taken = True

    def step(self) -> None:
        """Begin a round of a recursive `for`."""
        self._budget.step()

    def other(self) -> bool:
        """Go on to the second branch; return whether it is to run."""
        opened = self._open[-1]
        opened.branch = 1
        return self.is_deferred() or not opened.taken

    def is_deferred(self) -> bool:
        """Whether the innermost is a recipient's."""
        return self._open[-1].expression is not None

    def end(self) -> bool:
        """Close the innermost; return whether it was a recipient's."""
        return self._open.pop().expression is not None

    def close(self) -> Opened:
        """Close the innermost and return it."""
        return self._open.pop()

    def opening(self) -> str:
        """Return what is printed where the first branch begins."""
        opened = self._open[-1]
        if opened.expression and not opened.group:
            opened.group = self._tokens.next_group()
        return self._token(opened.role, opened.expression, opened.names)

    def middle(self) -> str:
        """Return what is printed where the second branch begins."""
        return self._token(Role.ELSE)

    def closing(self) -> str:
        """Return what is printed where the last branch ends."""
        return self._token(Role.END)

    def _token(self, role: Role, expression: Expression | None = None, names: tuple[str, ...] = ()) -> str:
        if not self.is_deferred():
            return ""
        word = self._tokens.write(role, current_origin(), expression, self._open[-1].group, names)
        return Markup(word)  # noqa: S704 (letters and digits)

    def condition(self, value: Any) -> Expression | None:
        """Return a recipient's condition as an expression, None if `value` is the issue's own."""
        if isinstance(value, Symbol):
            return Call("op.bool", (value.expression,))
        if isinstance(value, Spoiled):
            value.refuse()
        if isinstance(value, str) and is_deferred(value, self._tokens) and not self._has_static(value):
            raise holds_tokens("decide an if")
        return None

    def _has_static(self, text: str) -> bool:
        """Whether `text` is not empty, whatever the recipients' values in it are."""
        return any(isinstance(piece, str) for piece in read_structure(text, self._tokens))

    def unpacked(self, value: Any) -> Any:
        """Return `value`, which Python takes apart by itself, unless that would be a recipient's."""
        if isinstance(value, Symbolic):
            value.refuse()
        if isinstance(value, str) and is_deferred(value, self._tokens):
            raise holds_tokens("be taken apart")
        self.used_here(value)
        return value

    def used_here(self, value: Any) -> None:
        """Refuse what can be used up once only, if this is not where it was made."""
        if isinstance(value, Once) and value.place != self.place:
            raise Refusal(
                "what map, select and the like return can be used only once, and was made outside of here",
                next_step="Add |list to it",
            )

    def unchanged(self, what: str) -> None:
        """Refuse to change state where only some recipients pass."""
        if self.place:
            raise Refusal(f"{what} can't be changed in a part that only some recipients get")

    def spoil(self, name: str) -> Spoiled:
        """Return what a name set in a recipient's branch stands for after it."""
        return Spoiled(name)
