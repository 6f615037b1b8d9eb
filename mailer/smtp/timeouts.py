"""How long to wait for what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds. RFC 5321 4.5.3.2 asks for minutes; no server that works needs as many for commands.

    `connect` covers DNS, TCP and each TLS handshake; `greeting` each reply until the first message may go,
    since a server that is none shows here; `content` runs from the first octet of a message to the reply
    after its end; `idle` is how long an unused connection is kept; `quit` how long a farewell may take.
    After `silence` without an answer a connection is waited for no less, but others are tried meanwhile.
    After `doubt` without a greeting it is looked at what is there: it may wait for TLS.
    """

    connect: float = 30
    greeting: float = 30
    command: float = 120
    content: float = 600
    idle: float = 5
    quit: float = 5
    silence: float = 30
    doubt: float = 5

    @property
    def tick(self) -> float:
        """How often to look at the clock: late by half of the shortest, and by two seconds, at most."""
        shortest = min(self.greeting, self.command, self.content, self.idle, self.quit, self.silence)
        return min(1.0, max(0.01, shortest / 4))
