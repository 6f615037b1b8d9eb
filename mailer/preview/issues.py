"""The issues of a workspace, as a page lets one choose among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mailer.compose.source import KINDS


def issue_files(root: Path) -> dict[str, Path]:
    """Return the files in `issues/` by their path there, the latest date first."""
    folder = root / "issues"
    found = sorted(_issues(folder), reverse=True)
    return {str(file.relative_to(folder)): file for file in found}


def _issues(folder: Path) -> Iterator[Path]:
    for ending in KINDS:
        yield from (file for file in folder.glob(f"*{ending}") if file.is_file())
        yield from folder.glob(f"*/index{ending}")
