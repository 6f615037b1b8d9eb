"""What an editor should know of a body, each thing once."""

from __future__ import annotations

from collections.abc import Iterator

from mailer.domain.issue import Notice


class Notices:
    """Collects notices about the issue at `path`."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lines: dict[str, list[int]] = {}

    def add(self, line: int, text: str) -> None:
        """Note `text` about a line of the issue file."""
        lines = self._lines.setdefault(text, [])
        if line not in lines[-1:]:
            lines.append(line)

    def __iter__(self) -> Iterator[Notice]:
        for text, lines in sorted(self._lines.items(), key=lambda item: item[1][0]):
            others = len(set(lines)) - 1
            more = f" (and on {others} more {'line' if others == 1 else 'lines'})" if others else ""
            yield Notice(self._path, lines[0], text + more)
