"""`--segment` and `--exclude-segment`, for every command that is about a part of the people."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.domain.segment.named import KeptSegment

F = TypeVar("F", bound=Callable[..., Any])


def segment_options(command: F) -> F:
    """Give a command the options, as `segment` (None without it) and `excluded_segments`, a tuple."""
    for option in (
        click.option(
            "--exclude-segment",
            "excluded_segments",
            metavar="S",
            multiple=True,
            help="Not who is in this segment; repeatable.",
        ),
        click.option("--segment", metavar="S", help="Only who is in this segment: a name or a definition."),
    ):
        command = option(command)
    return command


def chosen(app: App, segment: str | None, excluded: tuple[str, ...]) -> tuple[KeptSegment, ...]:
    """Return the segments that were asked for, as they stand; UsageError for one that isn't there."""
    if not (segment or excluded):
        return ()
    from mailer.services.segments import kept

    asked = ((segment, False),) if segment else ()
    return kept(app, (*asked, *((each, True) for each in excluded)))
