"""Bounces in prose: who failed, and in which words, by what servers write round it (`marks.bounces`)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain.failures.classify import code_in
from mailer.domain.fold import plain
from mailer.feedback.fields import addresses_in
from mailer.feedback.marks import folded as _folded
from mailer.feedback.marks.bounces import ANSWERS, CONTACTS, COPY_FIELDS, ENDINGS, OPENINGS

_ANSWERS, _ENDINGS, _OPENINGS = _folded(ANSWERS), _folded(ENDINGS), _folded(OPENINGS)
LINES = 400  # of a bounce, before the copy of what was sent
MORE = 200  # of the copy
LONGEST = 1000  # characters of a line
RECIPIENTS = 50
SAID = 800  # characters of what is said of one
_REASON_LINES = 14  # below an address
# What may stand in a line before the address that it is about: brackets, dashes, a word or two for it.
_LABEL = re.compile(
    r"\W*(?:(?:to|an|a|para|user|recipients?|addresse?s?|e-?mail|mailbox|rcpt|unknown|host|final-recipient|failed"
    r"|invalid|your|the|following|message|undeliverable|intended|bad|destinataire|empfanger|destinatario|odbiorca|ontvanger|адрес"
    r"|получатель|宛先|收件人)\b[^\w@]{0,20}){0,5}(?:rfc822;)?\W*"
)


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """Someone whom a bounce names, and what it says of them."""

    address: str
    said: str


@dataclass(frozen=True, slots=True)
class BounceText:
    """A bounce in prose: what stands before the phrase that opens it, what behind, and the copy."""

    before: list[str]
    lines: list[str]
    opening: str
    copy: list[str]

    @property
    def replies(self) -> str:
        """The lines in which a server's reply stands, by its code, and what follows each."""
        codes = [place for place, line in enumerate(self.lines) if code_in(line)]
        return _joined([line for place in codes for line in self.lines[place : place + 2]])

    @property
    def text(self) -> str:
        """All of it in one, or the words of another server that it introduces."""
        return _joined(self.lines)


def read_bounce_text(text: str) -> BounceText:
    """Return what a bounce says, from the phrase on after which the addresses come."""
    lines = [line[:LONGEST] for line in text.split("\n", LINES + MORE)[: LINES + MORE]]
    folded = _folded_lines(lines[: min(_copy_begins(lines), LINES)])
    end = _line_of(folded, _ENDINGS)[0]
    place, opening = _line_of(folded[:end], _OPENINGS)
    place = min(place, end) if opening else 0
    return BounceText(lines[:place], lines[place:end], opening, lines[end:])


def _folded_lines(lines: list[str]) -> list[str]:
    folded = plain("\n".join(lines)).split("\n")
    if len(folded) != len(lines):  # what some letter became breaks lines, too
        folded = [plain(line).replace("\n", " ") for line in lines]
    return [line.strip() for line in folded]


def _line_of(folded: list[str], phrases: tuple[str, ...]) -> tuple[int, str]:
    """Return the first line in which a phrase begins, and the phrase; it may go over several."""
    text = " ".join(folded)
    found = [(place, phrase) for phrase in phrases if (place := text.find(phrase)) >= 0]
    if not found:
        return len(folded), ""
    place, phrase = min(found)
    line = 0
    while place > len(folded[line]):
        place -= len(folded[line]) + 1
        line += 1
    return line, phrase


def _copy_begins(lines: list[str]) -> int:
    found = (place for place, line in enumerate(lines) if line.lower().lstrip().startswith(COPY_FIELDS))
    return next(found, len(lines))


def told(bounce: BounceText, ours: set[str]) -> list[FailedRecipient]:
    """Return who failed by the lines that begin with an address; `ours` are addresses that didn't."""
    return _told(bounce, bounce.lines, ours) or _told(bounce, [*bounce.before, *bounce.lines], ours)


def _told(bounce: BounceText, lines: list[str], ours: set[str]) -> list[FailedRecipient]:
    found: dict[str, list[str]] = {}
    latest: list[str] = []
    for line in lines:
        named = [address for address in addresses_in(line) if address.lower() not in ours]
        known = [address for address in named if address in found]
        if named and not known and len(found) < RECIPIENTS and _begins_with(line, named[0]):
            for address in named if _is_a_list(line, named) else named[:1]:
                latest = found.setdefault(address, [line.partition(address)[2]])
        elif known:
            latest = found[known[0]]
            latest.append(line)
        elif found and len(latest) < _REASON_LINES:
            latest.append(line)
    everything = bounce.text
    return [FailedRecipient(address, _joined(lines) or everything) for address, lines in found.items()]


def told_anywhere(bounce: BounceText, ours: set[str]) -> list[FailedRecipient]:
    """Return the first address that stands anywhere in a bounce."""
    for line in bounce.lines:
        for address in addresses_in(line):
            if address.lower() not in ours and not address.lower().startswith(CONTACTS):
                return [FailedRecipient(address, said_of(bounce, address))]
    return []


def said_of(bounce: BounceText, address: str) -> str:
    """Return what stands in a bounce from the first line on that names `address`; all of it if none does."""
    for place, line in enumerate(bounce.lines):
        if address and address in line:
            said = [line.partition(address)[2]]
            for below in bounce.lines[place + 1 : place + _REASON_LINES]:
                if _begins_another(below, address):
                    break
                said.append(below)
            return _joined(said)
    return bounce.text


def led_up_to(bounce: BounceText, address: str) -> str:
    """Return what stands before `address` in the first line that names it."""
    return next((line.partition(address)[0] for line in bounce.lines if address and address in line), "")


def _begins_another(line: str, address: str) -> bool:
    named = addresses_in(line)
    return bool(named) and address not in named and _begins_with(line, named[0])


def _begins_with(line: str, address: str) -> bool:
    before = plain(line.partition(address)[0])
    return len(before) <= 60 and _LABEL.fullmatch(before) is not None


def _is_a_list(line: str, named: list[str]) -> bool:
    """Whether a line holds nothing but addresses."""
    for address in named:
        line = line.replace(address, "")
    return not any(character.isalnum() for character in line)


def _joined(lines: list[str]) -> str:
    """Return lines as one; where a server introduces the words of another, only those."""
    text = " ".join(" ".join(lines).split())
    lower = plain(text)
    behind = max((lower.rfind(each) + len(each) for each in _ANSWERS if each in lower), default=0)
    if len(lower) == len(text):
        text = text[behind:]
    text = text.strip(" <>()[]{}:;,.\"'-=*")
    return text[:SAID] if any(character.isalnum() for character in text) else ""
