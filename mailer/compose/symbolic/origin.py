"""Where a template is at: the file and line that a person wrote, found in the frames of its Python code."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType

from jinja2 import Template

from mailer.compose.symbolic.tokens import Origin


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
