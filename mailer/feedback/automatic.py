"""Mail that programs send because ours came, and in which nothing failed; what is said of a new address."""

from __future__ import annotations

import re

from mailer.domain.fold import plain
from mailer.domain.returned import moved_to
from mailer.feedback.fields import addresses_in, decoded, first
from mailer.feedback.mail import Mail
from mailer.feedback.marks import automatic, folded

_SUBJECTS = folded(automatic.SUBJECTS)
_BEGINNINGS = folded((*automatic.BEGINNINGS, *automatic.REPORTS))
_CHALLENGES, _MOVES, _DEPARTURES = map(folded, (automatic.CHALLENGES, automatic.MOVES, automatic.DEPARTURES))
READ = 3000  # characters of a text in which words are looked for
_PREFIX = re.compile(r"^(?:(?:re|aw|antw|sv|fw|fwd|wg|tr|rif|odp|回复|答复)\s?[:：]\s{0,5}){1,10}")
_NEAR = 200  # characters behind the words of a move in which the new address stands


def plain_subject(mail: Mail) -> str:
    """Return the subject in small letters, without accents and `Re:`."""
    return _PREFIX.sub("", plain(decoded(first(mail.fields, "subject"))).strip())


def sign_of_a_program(mail: Mail) -> str:
    """Return by which field or subject a program is known to have sent this, or nothing."""
    if mail.report_type == "disposition-notification":
        return "a receipt (RFC 8098)"
    for name, beginnings in automatic.FIELDS.items():
        for value in mail.fields.get(name, ()):
            if not beginnings or value.lower().strip().startswith(beginnings):
                return f"{'-'.join(map(str.capitalize, name.split('-')))}: {value[:60]}".strip()
    subject = plain_subject(mail)
    if subject.startswith(_BEGINNINGS) or any(each in subject for each in _SUBJECTS):
        return f'the subject "{subject[:60]}"'
    return ""


def asks_to_confirm(mail: Mail) -> str:
    """Return the words of a program that keeps mail back until somebody answers it, or nothing."""
    if "x-boxtrapper" in mail.fields or "tmda" in first(mail.fields, "x-delivery-agent").lower():
        return "challenge"
    text = f"{plain_subject(mail)} {plain(mail.text[:READ])}"
    return next((phrase for phrase in _CHALLENGES if phrase in text), "")


def notes_of(mail: Mail) -> tuple[str, ...]:
    """Return what a person should know of this: a new address, that somebody left."""
    # What is quoted below is ours.
    lines = [line for line in mail.text[:READ].split("\n") if not line.lstrip().startswith((">", "|"))]
    shown = " ".join(" ".join([decoded(first(mail.fields, "subject")), *lines]).split())
    text = plain(shown)
    notes = []
    if phrase := next((each for each in _MOVES if each in text), ""):
        behind = text[text.find(phrase) : text.find(phrase) + len(phrase) + _NEAR]
        sender = first(mail.fields, "from").lower()
        new = next((each for each in addresses_in(behind) if each not in sender), "")
        notes.append(moved_to(new))
    if phrase := next((each for each in _DEPARTURES if each in text), ""):
        notes.append(f'says that nobody is there any more ("{phrase}")')
    return tuple(notes)
