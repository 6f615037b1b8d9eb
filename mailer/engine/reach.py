"""Whether a ledger that others share can be reached: its server may be restarted, or the way to it be cut."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mailer.errors import StorageBusy

AWAY = 0.5  # seconds at least until one is asked again that could not be reached
PATIENCE = 600.0  # seconds that it may be away


@dataclass(slots=True)
class Reach:
    """Asks only now and then while there is no answer: whoever asks can read no reply meanwhile.

    One that is not `shared` is on this machine, where an error is an error at once.
    """

    shared: bool
    _reached_at: float = field(default_factory=time.monotonic)
    _away_until: float = 0.0

    @property
    def away(self) -> bool:
        """Whether it could not be reached a moment ago, and is not to be asked yet."""
        return self.pause > 0

    @property
    def pause(self) -> float:
        """Return the seconds until it is to be asked again."""
        return max(0.0, self._away_until - time.monotonic())

    @contextmanager
    def trying(self) -> Iterator[None]:
        """Let the block ask; it is `away` afterwards if no answer came. StorageBusy if that lasts long."""
        began = time.monotonic()
        try:
            yield
        except StorageBusy:
            now = time.monotonic()
            if not self.shared or now - self._reached_at > PATIENCE:
                raise
            # As long as it took to learn nothing the replies have their turn.
            self._away_until = now + max(AWAY, now - began)
        else:
            self._reached_at, self._away_until = time.monotonic(), 0.0

    def anew(self) -> None:
        """Let it be asked now, whatever was before."""
        self._away_until = 0.0
