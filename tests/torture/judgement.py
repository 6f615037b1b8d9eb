"""Holds a ledger against what the server logged: every recipient, every attempt, every word."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.engine.feeder import MARKS
from mailer.ledger.reclaim import ANSWER_LOST
from torture.ordeal import STANDINGS, WINDOW, Ordeal

WITHHELD = {
    "CUT",
    "CLOSE",
    "LOSE",
    "HUSH",
    "STALL",
    "garbage",
}  # at the content: no answer that says anything
BREAKS = WITHHELD | {"421", "451", "BALK"}  # whatever ends a connection, at one stage or another
LOSS = "its sender ("
NUMBER = re.compile(r"^(\d{3}) .*\bno\. (\d+)")
REPEATED = "(3 times in a row)"
STOPPED = "stopped"
BAFFLED = "502 5.5.2 what?"
CLOSED = re.compile(r"closed the connection|reset by peer|broken pipe|Connection lost", re.IGNORECASE)
NONSENSE = re.compile(r"not an SMTP reply|unexpected at|a reply that nothing asked for|unasked|two codes")


@dataclass(frozen=True, slots=True)
class Deed:
    """What the server did, by its own log."""

    number: int
    connection: int
    stage: str
    recipient: str
    kind: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the ledger says an attempt led to, and why."""

    email: str
    state: str
    stage: str
    words: str


class Judgement:
    """The evidence of an ordeal. `faults` is everything that breaks the promise, in words."""

    def __init__(self, ordeal: Ordeal) -> None:
        self.ordeal = ordeal
        self.deeds = {deed.number: deed for deed in _deeds(ordeal.folder / "deeds.log")}
        self.names: dict[str, list[str]] = defaultdict(list)
        for line in (ordeal.folder / "accepted.log").read_text().splitlines():
            recipient, name = line.split(" ")
            self.names[recipient].append(name)
        standings = ordeal.rows(STANDINGS)
        self.states = {email: state for email, state, _ in standings}
        self.revisions = {email: text for email, _, text in standings}
        self.attempts = [Attempt(*row) for row in ordeal.rows(ATTEMPTS)]
        self.uncertain = Counter(a.email for a in self.attempts if a.state == "uncertain")
        self.deaths = sum(a.state == "uncertain" and a.words == ANSWER_LOST for a in self.attempts)
        # Its chunk was taken over while its siblings went on.
        self.losses = sum(a.state == "uncertain" and a.words.startswith(LOSS) for a in self.attempts)

    @property
    def _baffled(self) -> str:
        """What the server says, without a number, where it takes a refused chunk for commands."""
        return BAFFLED if self.ordeal.balking else ""

    @property
    def duplicates(self) -> int:
        """Copies beyond the first."""
        return sum(len(names) - 1 for names in self.names.values())

    def faults(self) -> list[str]:
        """Go through all of it."""
        found = list(self.ordeal.complaints)
        checks = (self._everyone, self._copies, self._message_ids, self._texts, self._words)
        for check in (*checks, self._once, self._bounds):
            found += check()
        return found

    def _everyone(self) -> Iterator[str]:
        everyone = {f"reader{n}@inbox.example" for n in range(self.ordeal.size.people)}
        if everyone != self.states.keys():
            yield f"the ledger has {len(self.states)} of {len(everyone)} people"
        if strangers := self.names.keys() - everyone:
            yield f"mail to strangers: {sorted(strangers)[:5]}"
        may_rest = {"accepted", "failed"} | (set() if self.ordeal.resend else {"uncertain"})
        for email, state in self.states.items():
            if state not in may_rest:
                yield f"{email} is left {state}"

    def _copies(self) -> Iterator[str]:
        """One copy each; one more only for each time that the ledger was told to send again in doubt."""
        for email, state in self.states.items():
            copies = len(self.names.get(email, ()))
            doubts = self.uncertain[email]
            if copies > 1 + (doubts if self.ordeal.resend else 0):
                yield f"{email}: {copies} copies, {doubts} times in doubt, {state}"
            if not copies and state not in ("failed", "uncertain"):
                yield f"{email}: no copy, and yet {state}"
            if copies > doubts and state == "failed":
                yield f"{email}: failed, with {copies} copies and {doubts} times in doubt"
            if copies and state == "uncertain" and not doubts:
                yield f"{email}: uncertain without an attempt that says why"

    def _message_ids(self) -> Iterator[str]:
        owners: dict[str, str] = {}
        for email, names in self.names.items():
            if len(set(names)) > 1:
                yield f"{email}: several Message-IDs: {names}"
            if owners.setdefault(names[0], email) != email:
                yield f"{email} and {owners[names[0]]} share a Message-ID"

    def _texts(self) -> Iterator[str]:
        """Every copy has the text that the ledger says: one in doubt keeps it when it is sent again."""
        if not self.ordeal.corrects:
            return
        lines = (self.ordeal.folder / "texts.log").read_text().splitlines()
        if len({line.split(" ")[1] for line in lines}) < 2:
            yield "nobody got the corrected text, or everybody"
        for line in lines:
            email, text = line.split(" ")
            if str(self.revisions[email]) != text:
                yield f"{email} has text {text}, and the ledger says {self.revisions[email]}"

    def _words(self) -> Iterator[str]:
        for attempt in self.attempts:
            if not self._is_true(attempt):
                yield f"not what happened: {attempt}, deed {self._deed(attempt)}"

    def _is_true(self, attempt: Attempt) -> bool:
        deed, stage = self._deed(attempt), attempt.stage
        if attempt.state == "uncertain":
            died = attempt.words == ANSWER_LOST or attempt.words.startswith(LOSS)
            return died or self._was_withheld(attempt)
        if attempt.state == "queued" or (attempt.state == "deferred" and REPEATED in attempt.words):
            # Never handed over: the connection broke, or a worker was told to finish before it had one.
            return deed is not None or _broken(attempt.words) or attempt.words in (STOPPED, self._baffled)
        if deed is None or deed.stage != stage or deed.recipient not in (attempt.email, "-"):
            return False
        said = attempt.words[:3]
        if attempt.state == "accepted":
            return said == "250" and deed.kind == "taken"
        return deed.kind == said and attempt.state == ("failed" if said[0] == "5" else "deferred")

    def _was_withheld(self, attempt: Attempt) -> bool:
        """By BDAT the answers to all that is under way are lost with a connection; else to one message."""
        if self.ordeal.chunking:
            return _broken(attempt.words) or NUMBER.match(attempt.words) is not None
        kinds = {
            deed.kind
            for deed in self.deeds.values()
            if deed.recipient == attempt.email and deed.stage == "content"
        }
        nonsense = "garbage" in kinds and NONSENSE.search(attempt.words)
        return bool(nonsense or (kinds & (WITHHELD - {"garbage"}) and CLOSED.search(attempt.words)))

    def _deed(self, attempt: Attempt) -> Deed | None:
        found = NUMBER.match(attempt.words)
        return self.deeds.get(int(found[2])) if found else None

    def _once(self) -> Iterator[str]:
        """A reply is the reason of one attempt, not of two; but for one given before anybody was named."""
        told = Counter(
            deed.number
            for a in self.attempts
            if REPEATED not in a.words and a.state != "queued" and (deed := self._deed(a)) is not None
        )
        if not self.ordeal.chunking:
            yield from (
                f"told of {count} attempts: {self.deeds[n]}" for n, count in told.items() if count > 1
            )

    def _bounds(self) -> Iterator[str]:
        ordeal = self.ordeal
        may_die = (ordeal.kills + ordeal.early) * ordeal.in_flight
        if self.deaths > may_die:
            yield f"{self.deaths} uncertain by death, with {may_die} in flight at most"
        if self.losses > 2 * MARKS * (ordeal.kills + ordeal.early):
            yield f"{self.losses} uncertain by loss, with {2 * MARKS} marked at most for each kill"
        lost = sum(self.uncertain.values()) - self.deaths - self.losses
        if ordeal.chunking:
            withheld = WINDOW * sum(deed.kind in BREAKS for deed in self.deeds.values())
        else:
            withheld = sum(d.stage == "content" and d.kind in WITHHELD for d in self.deeds.values())
        if lost > withheld:
            yield f"{lost} uncertain by a lost answer, with {withheld} withheld at most"


ATTEMPTS = """
    SELECT email, state, stage, reply FROM outcomes JOIN deliveries USING (send_id, subscriber_id)
    WHERE stage IS NOT NULL
"""


def _deeds(log: Path) -> Iterator[Deed]:
    for line in log.read_text().splitlines():
        number, connection, stage, recipient, kind = line.split(" ")
        yield Deed(int(number), int(connection), stage, recipient, kind)


def _broken(words: str) -> bool:
    return bool(CLOSED.search(words) or NONSENSE.search(words))
