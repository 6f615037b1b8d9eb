"""Where layouts and partials come from: a workspace's own file wins, and can still build on the bundled one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, FileSystemLoader, PrefixLoader

BUNDLED = "bundled"


def layout_loader(folders: Sequence[Path]) -> BaseLoader:
    """Return what finds `email/newsletter.html` in the first of `folders` that has it.

    `bundled/email/newsletter.html` is the one in the last folder, which is the program's own: so a
    workspace's file of the same name can extend or include it.
    """
    return ChoiceLoader(
        [PrefixLoader({BUNDLED: FileSystemLoader(folders[-1])}), FileSystemLoader(list(folders))]
    )
