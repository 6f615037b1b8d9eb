"""Where a command writes that takes a FILE or none."""

from __future__ import annotations

from pathlib import Path

import click


def or_standard_output(_ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
    """Return the file that was named; None for `-`, which is standard output, as it is without one."""
    return None if file == Path("-") else file
