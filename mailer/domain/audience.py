"""Whom a send is for: which lists, less whom. The people themselves are frozen by the ledger."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Audience:
    """Names of lists whose subscribers get the issue, and of lists whose subscribers do not."""

    lists: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def canonical(self) -> str:
        """Return the one way to write this audience: what a send is bound to."""
        parts = {"exclude": sorted(set(self.exclude)), "lists": sorted(set(self.lists))}
        return json.dumps(parts, separators=(",", ":"), ensure_ascii=False)

    def text(self) -> str:
        """Return the audience as it was put: the mail names the first list, so that their order counts."""
        return json.dumps({"exclude": self.exclude, "lists": self.lists}, ensure_ascii=False)

    @classmethod
    def parse(cls, written: str) -> Audience:
        """Return the audience that `canonical` or `text` wrote."""
        parts = json.loads(written)
        return cls(tuple(parts["lists"]), tuple(parts["exclude"]))

    def __str__(self) -> str:
        lists = f"list{'s' if len(self.lists) > 1 else ''} {', '.join(self.lists)}"
        return f"{lists} without {', '.join(self.exclude)}" if self.exclude else lists
