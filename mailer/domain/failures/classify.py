"""Why mail failed: one table for a reply in the conversation and for what comes back days later.

Words come first, because status and code lie: `550 5.2.1 … rate that prevents` is a limit, `550 5.1.1` may
speak of spam, and `552` of a mailbox that isn't there. What no phrase is found in the status decides (RFC
3463), and then the code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import product

from mailer.domain.failures import english, families, languages
from mailer.domain.failures.reason import FailureReason, MailFailure
from mailer.domain.fold import plain
from mailer.domain.outcome import Reply
from mailer.domain.refusals import without_names

Phrase = tuple[tuple[str, int], ...]  # its parts, each with the gap before it
GAPS = {"…": 60, "‥": 12}  # characters that a gap may stand for: some words; one or two, and of a whole word
ENOUGH = 1000  # characters of what was said
_GAP = re.compile(f" ([{''.join(GAPS)}]) ")

# RFC 3463 3, RFC 7505 (5.1.10), RFC 7372 (5.7.x); the longest beginning holds. Microsoft's meanings are those
# of learn.microsoft.com/exchange/mail-flow-best-practices/non-delivery-reports-in-exchange-online.
BY_STATUS: dict[str, FailureReason] = {
    "1": FailureReason.UNSAID,
    "1.1": FailureReason.NO_MAILBOX,
    "1.2": FailureReason.NO_DOMAIN,
    "1.3": FailureReason.NO_MAILBOX,
    "1.6": FailureReason.MOVED,
    "1.7": FailureReason.POLICY,  # the sender's address, as in the next one
    "1.8": FailureReason.POLICY,
    "1.9": FailureReason.UNSAID,
    "1.10": FailureReason.NO_MAILBOX,  # Exchange: not found; elsewhere a domain that takes no mail
    "1.90": FailureReason.THROTTLED,  # Microsoft: the sender's own daily limit
    "2": FailureReason.UNSAID,
    "2.1": FailureReason.DISABLED,
    "2.2": FailureReason.FULL,
    "2.3": FailureReason.TOO_LARGE,
    "3": FailureReason.TROUBLE,
    "3.4": FailureReason.TOO_LARGE,
    "4": FailureReason.UNREACHABLE,
    "5": FailureReason.UNSAID,
    "6": FailureReason.CONTENT,
    "7": FailureReason.POLICY,
    "7.20": FailureReason.AUTHENTICATION,
    "7.21": FailureReason.AUTHENTICATION,
    "7.22": FailureReason.AUTHENTICATION,
    "7.23": FailureReason.AUTHENTICATION,
    "7.24": FailureReason.AUTHENTICATION,
    "7.25": FailureReason.REPUTATION,
    "7.26": FailureReason.AUTHENTICATION,
    "7.28": FailureReason.THROTTLED,
}
# RFC 5321 4.2.3, RFC 7504 (521, 556). 550 alone says nothing: it is what every filter answers.
BY_CODE: dict[int, FailureReason] = {
    421: FailureReason.UNREACHABLE,
    450: FailureReason.TROUBLE,
    451: FailureReason.TROUBLE,
    452: FailureReason.TROUBLE,
    521: FailureReason.NO_DOMAIN,
    551: FailureReason.NO_MAILBOX,
    552: FailureReason.FULL,
    556: FailureReason.NO_DOMAIN,
}
# Whose name tells, even in a link.
BLOCKLISTS = (
    "spamhaus",
    "spamcop",
    "barracudacentral",
    "senderscore",
    "sorbs.net",
    "abuseat.org",
    "senderbase",
)
# What a status may mean that says nothing of why somebody was rejected (Microsoft's 5.4.1 is a mailbox).
NOTHING = (None, FailureReason.UNSAID, FailureReason.UNREACHABLE)

_CODE = re.compile(r"(?<![\d.#])([45]\d\d)(?=[ \-#(]|$)")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
# Each line of a reply begins anew with both (RFC 5321 4.2.1), in the middle of a sentence; and Cisco's
# gateways call whatever is answered to RCPT an unknown address, before they say what it was.
_REPEATED = re.compile(r"(?<![\d.])[245]\d\d[ -](?:[245]\.\d{1,3}\.\d{1,3} )?|Unknown address error")


def code_in(said: str) -> int:
    """Return the reply code that stands in a server's words, or 0."""
    found = _CODE.search(said[:ENOUGH])
    return int(found[1]) if found else 0


def status_in(said: str) -> str:
    """Return the status (RFC 3463) that stands in a server's words, or nothing."""
    found = _STATUS.search(said[:ENOUGH])
    return found[1] if found else ""


def failure(code: int, status: str, said: str) -> MailFailure:
    """Return why a server refused or put off mail, by its reply code, status and words.

    `code` may be 0 and `status` empty: then what stands in `said` counts. If either of them says that it
    passes (4yz), it does. `5.0.0` says nothing.
    """
    code, status = code or code_in(said), status or status_in(said)
    permanent = not (status.startswith("4.") or 400 <= code < 500)
    reason = _by_status(status)
    told = _by_words(said)
    if told and not (told[1] in _vague() and (reason not in NOTHING or not permanent)):
        return MailFailure.of(told[0], permanent=permanent, by=f'the words "{told[1]}"')
    if reason:
        return MailFailure.of(reason, permanent=permanent, by=f"the status {status}")
    reason = BY_CODE.get(code, FailureReason.UNSAID)
    return MailFailure.of(
        reason, permanent=permanent, by=f"the code {code}" if code else "nothing that it says"
    )


def of_reply(reply: Reply) -> MailFailure:
    """Return why a server refused or put off mail in the conversation itself."""
    return failure(reply.code, status_in(reply.text), reply.text)


def _by_words(said: str) -> tuple[FailureReason, str] | None:
    """Return the first phrase of the tables that is found, and its reason."""
    lower = said[:ENOUGH].lower()
    if listed := next((name for name in BLOCKLISTS if name in lower), ""):
        return FailureReason.REPUTATION, listed
    return _phrase_in(plain(_REPEATED.sub("", without_names(said[:ENOUGH]))))


@lru_cache(maxsize=256)  # servers repeat themselves
def _phrase_in(words: str) -> tuple[FailureReason, str] | None:
    keys = {word[:_KEY] for word in _WORD.findall(words)}
    best, known = _NONE, _known()
    for key in keys if words.isascii() else keys | {""}:
        for first, entries in known.get(key, {}).items():
            if entries[0][0] < best[0] and first in words:
                near = (each for each in entries if each[2][-1][0] in words and _stands_in(each[2], words))
                best = min(best, next(near, _NONE))
    return (best[1], _shown(best[2])) if best is not _NONE else None


def _stands_in(phrase: Phrase, words: str) -> bool:
    """Whether each part of a phrase stands in `words`, from the beginning of a word, near the one before."""
    first = phrase[0][0]
    return any(_go_on(phrase[1:], words, place + len(first)) for place in _starts(first, words))


def _go_on(parts: Phrase, words: str, place: int) -> bool:
    for part, gap in parts:
        if gap < GAPS["…"] and words[place : place + 1].isalnum():
            return False
        found = next(_starts(part, words[place : place + gap + len(part)]), -1)
        if found < 0:
            return False
        place += found + len(part)
    return True


def _starts(part: str, words: str) -> Iterator[int]:
    place = words.find(part)
    while place >= 0:
        if place == 0 or not part[0].isalnum() or not words[place - 1].isalnum() or not part.isascii():
            yield place
        place = words.find(part, place + 1)


def _by_status(status: str) -> FailureReason | None:
    return BY_STATUS.get(status[2:]) or BY_STATUS.get(status[2:].partition(".")[0])


def _table(groups: Iterable[tuple[FailureReason, str]]) -> dict[str, dict[str, list[_Entry]]]:
    """Return the phrases by their first part, and these by how their first word begins."""
    table: dict[str, dict[str, list[_Entry]]] = {}
    phrases = ((reason, each) for reason, text in groups for each in _phrases(text))
    for number, (reason, phrase) in enumerate(phrases):
        first = phrase[0][0]
        begins = _WORD.search(first) if first.isascii() else None
        alike = table.setdefault(begins[0][:_KEY] if begins else "", {})
        alike.setdefault(first, []).append((number, reason, phrase))
    return table


def _phrases(text: str) -> Iterator[Phrase]:
    """Yield the phrases of a group, cut at their gaps: each way through the words between which | stands."""
    for line in text.split(","):
        if words := " ".join(line.split()):
            pieces = ["", *_GAP.split(words)]
            parts = zip(pieces[1::2], map(GAPS.get, pieces[::2]), strict=True)
            yield from product(
                *([(plain(each.strip()), gap or 0) for each in part.split("|")] for part, gap in parts)
            )


def _shown(phrase: Phrase) -> str:
    signs = {gap: f" {sign} " for sign, gap in GAPS.items()}
    return "".join(f"{signs.get(gap, '')}{part}" for part, gap in phrase)


def _groups() -> Iterator[tuple[FailureReason, str]]:
    """Yield the groups in their order, the other ones of a reason behind its first English one."""
    others = [dict(languages.PHRASES), dict(families.PHRASES)]
    for reason, text in english.PHRASES:
        yield reason, text
        yield from ((reason, each.pop(reason)) for each in others if reason in each)
    yield FailureReason.POLICY, families.REFUSED


_Entry = tuple[int, FailureReason, Phrase]  # the place in the order comes first
_NONE: _Entry = (1_000_000, FailureReason.UNSAID, ())
_KEY = 3  # letters by which phrases are found
_WORD = re.compile(r"[a-z0-9]+")


# Both are made when they are first asked for: it takes time, and few commands read what servers say.
@cache
def _known() -> dict[str, dict[str, list[_Entry]]]:
    return _table(_groups())


@cache
def _vague() -> frozenset[str]:
    """Return what is said of whatever a server doesn't like.

    A status that says more is believed rather, or a code by which it passes.
    """
    return frozenset(map(_shown, _phrases(f"{families.REFUSED}, {english.VAGUE}")))
