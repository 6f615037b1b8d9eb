"""The troubles of an ordeal: those of a rehearsal, and what only a torture wants to know or to see."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.domain.outcome import Stage
from mailer.sandbox.trouble import MUCH, Shares, Trouble

CORRECTED = b"Subject: The harbour clock, corrected\r\n"
BALKS = 20  # in 10,000 messages that come by BDAT, where the server forgets that command now and then
BALKING: Shares = {**MUCH, Stage.CONTENT: {**MUCH[Stage.CONTENT], "BALK": BALKS}}


@dataclass(slots=True)
class TroubleWithTexts(Trouble):
    """It also writes down of each message that was taken whether it has the corrected text."""

    def forget_taken(self) -> None:
        if self.server.taken:
            with self.log.with_name("texts.log").open("a", encoding="utf-8") as log:
                for taken in self.server.taken:
                    log.write(f"{taken.recipients[0]} {1 + (CORRECTED in taken.content)}\n")
        self.server.taken.clear()
