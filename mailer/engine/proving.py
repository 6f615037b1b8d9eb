"""A large audience is proved by whoever is free, on whatever machine; who began the send waits, and helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from logging import getLogger

from mailer.domain.send import Send
from mailer.engine.dispatch import Dispatcher
from mailer.engine.personaliser import Personaliser
from mailer.engine.plan import Refusals, refusals_of
from mailer.engine.worker import Progress
from mailer.ledger.proofs import ProofParts
from mailer.message.mime.template import MessageTemplate

log = getLogger(__name__)

LOOK_EVERY = 0.3  # seconds between looks at what others do


@dataclass(frozen=True, slots=True)
class SharedProof:
    """The proof of a send that was frozen."""

    dispatcher: Dispatcher
    send: Send
    template: MessageTemplate
    personaliser: Personaliser

    def whole(self, now: datetime, progress: Progress) -> Refusals:
        """Call others to it, help, and return what all found once everybody was looked at."""
        proofs, told, done = self._proofs, 0, False
        proofs.begin(partial(self.dispatcher.call_to_prove, self.send))
        while not done:
            helped = self.help(now, lambda: False, once=True)
            looked, done = proofs.standing()
            progress(looked - told)
            told = looked
            if not (helped or done):
                time.sleep(LOOK_EVERY)  # until others are done, or lost
        return _together(map(Refusals.read, proofs.end()))

    def help(self, now: datetime, stopped: Callable[[], bool], *, once: bool = False) -> bool:
        """Look at one part after the other until none is left or it is `stopped`; return whether at any."""
        proofs, helped = self._proofs, False
        while not stopped() and not (once and helped) and (part := proofs.take()):
            pages = self.dispatcher.ledger.frozen_pages(self.send, (part.first, part.last))
            refusals = refusals_of(self.template, self.personaliser, pages)
            proofs.settle(part, refusals.data(), now, partial(self.dispatcher.call, self.send, now))
            log.info("%s: proved those from %d to %d", self.send.label, part.first, part.last)
            helped = True
        return helped

    @property
    def _proofs(self) -> ProofParts:
        return ProofParts(self.dispatcher.database, self.send)


def _together(found: Iterable[Refusals]) -> Refusals:
    whole = Refusals()
    for each in found:
        whole.take_in(each)
    return whole
