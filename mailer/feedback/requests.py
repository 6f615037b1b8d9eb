"""Requests to be taken off that come by mail: what says so, and whether the sender is who the mail says."""

from __future__ import annotations

import re
from collections.abc import Collection

from mailer.domain.fold import plain
from mailer.feedback.automatic import plain_subject
from mailer.feedback.fields import decoded, first, mailbox_in
from mailer.feedback.mail import Mail
from mailer.feedback.marks import folded
from mailer.feedback.marks.requests import MORE, UNSUBSCRIBE

_UNSUBSCRIBE = folded(UNSUBSCRIBE)
READ = 2000  # characters of a text whose first line is looked at
_AUTHSERV = re.compile(r"\s*([^\s;()]{1,255})(?:\s+\d+)?\s*;")
_DMARC = re.compile(r"(?:^|;)\s*dmarc\s*=\s*(\w{1,20})\b([^;]{0,500})", re.IGNORECASE)
_FROM = re.compile(r"\bheader\.from\s*=\s*\"?([^\s;\"()]{1,255})", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_WORDS = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")


def asks_to_leave(mail: Mail) -> str:
    """Return where a mail asks to be taken off: its subject or its first line; nothing if it doesn't."""
    if _is_request(plain_subject(mail)):
        return "the subject"
    line = next((line for line in mail.text[:READ].split("\n") if line.strip()), "")
    return "the first line" if _is_request(plain(line)) else ""


def is_bare_request(mail: Mail) -> bool:
    """Whether the whole subject is a request: no program that answers a mail writes one."""
    subject = plain(decoded(first(mail.fields, "subject")))
    return _is_request(subject)


def proved_sender(mail: Mail, trusted: Collection[str]) -> str:
    """Return the address in From if a trusted host says that it passes DMARC (RFC 8601); nothing otherwise.

    Only the first field with the name of such a host is believed: it is its own, on top of what came along.
    """
    if len(mail.fields.get("from", ())) != 1:
        return ""
    sender = mailbox_in(first(mail.fields, "from"))
    domain = sender.rpartition("@")[2].lower()
    for field in mail.fields.get("authentication-results", ()):
        value = _COMMENT.sub(" ", field)
        host = _AUTHSERV.match(value)
        if host is None or host[1].lower() not in trusted:
            continue
        verdict = _DMARC.search(value, host.end() - 1)
        said = _FROM.search(verdict[2]) if verdict else None
        passes = verdict is not None and verdict[1].lower() == "pass" and said is not None
        return sender if passes and said and said[1].rpartition("@")[2].lower() == domain else ""
    return ""


def _is_request(line: str) -> bool:
    words = _WORDS.findall(line[:200])
    text = " ".join(words)
    said = [each for each in _UNSUBSCRIBE if text.startswith(each) and _ends(text, each)]
    return any(len(words) <= len(phrase.split()) + MORE for phrase in said)


def _ends(text: str, phrase: str) -> bool:
    """Whether a word of `text` ends where `phrase` does; where no blanks are written it always may."""
    return not phrase.isascii() or text[len(phrase) :][:1] in ("", " ")
