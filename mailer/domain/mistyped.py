"""Domains that are typed wrong: `gmial.com` is meant to be `gmail.com`.

Only the big mailbox providers' are known, and only what nobody else has: a slip in a name that is long enough
not to be another one's, or an ending that is none of theirs.
"""

from __future__ import annotations

from functools import lru_cache

from mailer.domain.mailbox_providers import PROVIDERS

# The names of which a slip is told, each the first label of some of `PROVIDERS`. Shorter ones (gmx, live,
# aol) and ordinary words (mail, orange, libero) are one letter away from other people's.
_LONG = (
    "gmail googlemail hotmail outlook yahoo icloud protonmail rocketmail windowslive comcast verizon yandex "
    "t-online wanadoo"
)
# Domains of others that are one slip away. What is in `PROVIDERS` needs no mention.
_OTHERS = frozenset(["gail.com", "grail.com"])
# How `com` is mistyped: the first are no endings at all; the others are of countries in which none of these
# names has a mailbox.
_NO_ENDINGS = (
    "c0m ccom cim cin ckm clm cmo cok coml comm comn comt con coom cop cor cot cox cpm cpom ocm vom xom"
)
_ENDINGS = frozenset([*_NO_ENDINGS.split(), "cm", "co", "om"])
_NAMES = frozenset(_LONG.split())
_DOMAINS = tuple(domain for domain in PROVIDERS if domain.partition(".")[0] in _NAMES)


@lru_cache(maxsize=100_000)
def meant(domain: str) -> str | None:
    """Return the domain that was meant by a mistyped one; None where nothing is wrong or nothing is sure."""
    if domain in PROVIDERS or domain in _OTHERS:
        return None
    name, _, ending = domain.partition(".")
    if ending in _NO_ENDINGS.split() and f"{name}.com" in PROVIDERS:
        return f"{name}.com"
    found = {known for known in _DOMAINS if _is_slip(name, ending, *known.split(".", 1))}
    return found.pop() if len(found) == 1 else None


def _is_slip(name: str, ending: str, known_name: str, known_ending: str) -> bool:
    if ending == known_ending:
        return is_one_slip(name, known_name)
    if known_ending != "com" or ending not in _ENDINGS:
        return False
    return name == known_name or is_one_slip(name, known_name)


def is_one_slip(typed: str, word: str) -> bool:
    """Whether one letter is left out, added, doubled, another or in its neighbour's place.

    The first one is right, unless it is the neighbours that changed places: who leaves out or mistakes the
    first letter often means another word.
    """
    if typed == word or not typed:
        return False
    at = next((place for place, (a, b) in enumerate(zip(typed, word, strict=False)) if a != b), None)
    at = min(len(typed), len(word)) if at is None else at
    rest, known = typed[at:], word[at:]
    if rest[:2] == known[1::-1] and rest[2:] == known[2:]:
        return len(known) > 1
    return at > 0 and (rest[1:] == known[1:] or rest == known[1:] or rest[1:] == known)
