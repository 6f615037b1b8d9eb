"""What mail that came back would be taken for, and on which evidence: nothing is changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mailer.bootstrap import App
from mailer.domain.return_path import ReturnTokens
from mailer.domain.returned import RecipientVerdict, Returned, Verdict
from mailer.domain.signed_links import Purpose, link_url
from mailer.domain.signed_links import read_token as read_link
from mailer.feedback.reading import Circumstances, read
from mailer.services.returned_files import STDIN, read_all

_END = r"([A-Za-z0-9_-]{26,128})(?![A-Za-z0-9_-])"
_LINK = re.compile(re.escape(link_url("", Purpose.UNSUBSCRIBE, "")) + _END)


@dataclass(frozen=True, slots=True)
class ExplainedReturn:
    """A message by its place, and its verdict."""

    file: str
    verdict: Verdict

    def data(self) -> dict[str, object]:
        """Return it for programs."""
        v = self.verdict
        return {
            "file": self.file,
            "verdict": v.kind,
            "recipients": [_recipient(each) for each in v.recipients],
            "trusted": v.trusted,
            "evidence": list(v.evidence),
            "notes": list(v.notes),
        }


def explain(app: App, names: Iterable[str], envelope: str = "") -> Iterator[ExplainedReturn]:
    """Yield the verdict of every message in what is named (`returned_files.read_all`).

    `envelope` is the address that standard input was delivered to.
    """
    files, piped = circumstances(app), circumstances(app, envelope)
    for each in read_all(names):
        yield ExplainedReturn(each.file, read(each.octets, piped if each.file == STDIN else files))


def circumstances(app: App, envelope: str = "") -> Circumstances:
    """Return what is known of a message beside its octets; `envelope` is the address it was delivered to."""
    key = app.settings.secret_key.get_secret_value().encode()
    tokens, now = ReturnTokens(key), app.now()

    def read_token(text: str) -> Returned | None:
        return tokens.find(text, now) or _by_link(key, text)

    return Circumstances(read_token, envelope, app.settings.trusted_hosts)


def _by_link(key: bytes, text: str) -> Returned | None:
    """Return what the link says by which a mail is unsubscribed from: relays that write another return path
    leave it as it is, and so do many who redact a complaint."""
    link = _LINK.search(text) if key else None
    token = read_link(key, link[1]) if link else None
    return Returned(token.send_id, token.subscriber_id) if token else None


def _recipient(each: RecipientVerdict) -> dict[str, str]:
    return {
        "address": each.address,
        "verdict": each.kind,
        "status": each.status,
        "reason": each.reason,
        "said": each.said,
    }
