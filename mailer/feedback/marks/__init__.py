"""By which words the mail of programs is known, by mail server and language. Small letters, no accents."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.domain.fold import plain


def folded(phrases: Iterable[str]) -> tuple[str, ...]:
    """Return phrases as they stand in texts that were folded (`plain`): some letters have accents within."""
    return tuple(map(plain, phrases))
