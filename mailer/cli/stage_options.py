"""`--stages`, `--hold` and `--stop-if`, for every command by which a send begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.domain.rollout import Rollout

F = TypeVar("F", bound=Callable[..., Any])


def stage_options(command: F) -> F:
    """Give a command the options, as `stages`, `hold` and `stop_if`, None where they aren't used."""
    for option in (
        click.option(
            "--stop-if",
            metavar="CONDITION",
            help='With --stages: "failed > 3% or complaints > 0.1%", which is the default; or never.',
        ),
        click.option("--hold", metavar="TIME", help="With --stages: how long between two; default 30m."),
        click.option("--stages", metavar="SHARES", help="To some first: 1%,10%,100%."),
    ):
        command = option(command)
    return command


def rollout_of(stages: str | None, hold: str | None, stop_if: str | None) -> Rollout | None:
    """Return the rollout that was asked for; UsageError for what is none."""
    if stages is None:
        if hold is not None or stop_if is not None:
            named = "--hold" if hold is not None else "--stop-if"
            raise UsageError(f"{named} is for a send in stages", next_step="Add: --stages 1%,10%,100%")
        return None
    from mailer.domain.rollout import HOLD, STOP_IF, Rollout

    for option, value in (("--stages", stages), ("--hold", hold), ("--stop-if", stop_if)):
        asked = {"--stages": "100%", "--hold": HOLD, "--stop-if": STOP_IF}
        try:
            Rollout.parse(*(asked | {option: value if value is not None else asked[option]}).values())
        except ValueError as error:
            raise UsageError(f"{option}: {error}") from None
    return Rollout.parse(stages, hold if hold is not None else HOLD, STOP_IF if stop_if is None else stop_if)
