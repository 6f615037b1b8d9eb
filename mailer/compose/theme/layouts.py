"""Where layouts and partials come from: a workspace's own file wins, and can build on the bundled one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os.path import realpath
from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader

from mailer.compose.html.measure import LESS, excess
from mailer.compose.html.tokens import read_html
from mailer.compose.symbolic.refusal import Origin, Refusal

BUNDLED = "bundled"
MOST_CHARACTERS = 500_000

Found = tuple[str, str, Callable[[], bool]]


class FolderLoader(FileSystemLoader):
    """A FileSystemLoader that no link leads out of its folder, and that reads no more than a template."""

    def get_source(self, environment: Environment, template: str) -> Found:
        """Return what Jinja2 asks for; raise Refusal for a file that lies elsewhere, or is too much."""
        source, filename, uptodate = super().get_source(environment, template)
        folders = [realpath(folder) for folder in self.searchpath]
        if not any(Path(realpath(filename)).is_relative_to(folder) for folder in folders):
            raise Refusal(
                f"{filename} is a link that leads out of the templates",
                next_step="Put the file itself there",
            )
        if len(source) > MOST_CHARACTERS:
            raise Refusal(f"{filename} has {len(source):,} characters; a template has {MOST_CHARACTERS:,}")
        if filename.endswith(".html") and (found := excess(read_html(source), styled=True)):
            token, problem = found
            line = source.count("\n", 0, token.start) + 1
            raise Refusal(problem, next_step=LESS, origin=Origin(filename, line))
        return source, filename, uptodate


def layout_loader(folders: Sequence[Path]) -> BaseLoader:
    """Return what finds `email/newsletter.html` in the first of `folders` that has it.

    `bundled/email/newsletter.html` is the one in the last folder, which is the program's own: so a
    workspace's file of the same name can extend or include it.
    """
    return ChoiceLoader([PrefixLoader({BUNDLED: FolderLoader(folders[-1])}), FolderLoader(list(folders))])
