"""What a template is refused, and where it is at: the file and line that a person wrote."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from types import FrameType, SimpleNamespace, TracebackType
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateNotFound, TemplateSyntaxError
from jinja2.utils import missing

from mailer.compose.tags.offered import OFFERED
from mailer.errors import IssueError, MailerError
from mailer.message.expression.bounds import TooMuch

LAYOUT_NAMES = OFFERED | {"content", "web"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in a template or in the issue something was printed."""

    path: str
    line: int | None


class Refusal(Exception):
    """A template asks for what can't be deferred to the recipients; `origin` tells where, if known."""

    def __init__(self, problem: str, *, next_step: str | None = None, origin: Origin | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step
        self.origin = origin


class Suggesting(StrictUndefined):
    """A name or attribute that isn't there. Any use raises; `default` and `is defined` may catch it."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        near = self._near()
        return super()._undefined_message + (f"; did you mean {near!r}?" if near else "")

    def refuse_near_miss(self) -> None:
        """Raise Refusal for a near miss of an offered name: not even `default` may hide a typo."""
        if self._near():
            raise Refusal(self._undefined_message)

    def _near(self) -> str | None:
        if not isinstance(self._undefined_name, str):
            return None
        found = get_close_matches(self._undefined_name, _candidates(self._undefined_obj), n=1, cutoff=0.8)
        return found[0] if found else None


def _candidates(obj: Any) -> frozenset[str]:
    if obj is missing:
        return LAYOUT_NAMES
    if isinstance(obj, SimpleNamespace):
        return frozenset(vars(obj))
    if dataclasses.is_dataclass(obj):
        return frozenset(field.name for field in dataclasses.fields(obj))
    return frozenset()


def current_origin() -> Origin | None:
    """Return where the innermost running template is at."""
    frame: FrameType | None = sys._getframe(1)
    frames = []
    while frame:
        frames.append((frame, frame.f_lineno))
        frame = frame.f_back
    return _first_origin(frames)


def error_origin(error: BaseException) -> Origin | None:
    """Return where the innermost template was at when `error` was raised."""
    return _first_origin(reversed(list(_walk(error.__traceback__))))


def _walk(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _first_origin(frames: Iterable[tuple[FrameType, int]]) -> Origin | None:
    for frame, line in frames:
        # Jinja2 leaves the template in the globals of its code, for its own tracebacks.
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            return Origin(template.filename or template.name or "", template.get_corresponding_lineno(line))
    return None


class Sources:
    """What the templates of the issue at `path` are made of, so that an error in them finds its line.

    `page` is the layout that the page is made with, once it is.
    """

    def __init__(self, path: str) -> None:
        self.page = ""
        self._path = path
        self._lines: dict[str, tuple[int | None, ...]] = {}

    def add(self, name: str, lines: tuple[int | None, ...]) -> str:
        """Return a file name for a source that is no file; `lines` are the issue's for each of its lines."""
        filename = f"{self._path} ({name})"
        self._lines[filename] = lines
        return filename

    @contextmanager
    def located(self) -> Iterator[None]:
        """Turn what goes wrong in a template into an IssueError that names its file and line."""
        try:
            yield
        except MailerError:
            raise
        except Refusal as error:
            page = Origin(self.page, None) if self.page else None
            origin = error.origin or error_origin(error) or page
            raise self._error(origin, error.problem, error.next_step) from error
        except TemplateSyntaxError as error:
            origin = Origin(error.filename or error.name or "", error.lineno)
            raise self._error(origin, error.message or "a tag can't be read") from error
        except Exception as error:
            origin = error_origin(error)
            if origin is None and not isinstance(error, (RecursionError, TooMuch)):
                raise
            raise self._error(origin, _in_words(error)) from error

    def _error(self, origin: Origin | None, problem: str, next_step: str | None = None) -> IssueError:
        if origin is None:
            return IssueError(self._path, None, problem, next_step=next_step)
        lines = self._lines.get(origin.path)
        if not lines:
            return IssueError(origin.path, origin.line, problem, next_step=next_step)
        return IssueError(
            self._path, lines[min(origin.line or 1, len(lines)) - 1], problem, next_step=next_step
        )


def _in_words(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name!r}"
    if isinstance(error, RecursionError):
        return (
            "recursion without end: a template extends or includes itself, or a macro calls itself;"
            " the program's own file of the same name is bundled/email/…"
        )
    return str(error) or type(error).__name__
