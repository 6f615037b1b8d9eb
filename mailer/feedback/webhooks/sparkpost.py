"""SparkPost: https://developers.sparkpost.com/api/webhooks/; the classes of bounces:
https://support.sparkpost.com/docs/deliverability/bounce-classification-codes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mailer.domain.returned import Kind
from mailer.feedback.webhooks.notice import HookProvider, Notice, each, text, under
from mailer.feedback.webhooks.proofs import by_authorization

_CLASSES = {
    "10": Kind.HARD,
    "30": Kind.HARD,
    "25": Kind.BLOCKED,
    "50": Kind.BLOCKED,
    "51": Kind.BLOCKED,
    "52": Kind.BLOCKED,
    "53": Kind.BLOCKED,
    "54": Kind.BLOCKED,
    "60": Kind.AUTO_REPLY,
    "80": Kind.AUTO_REPLY,
    "90": Kind.UNSUBSCRIBE,
    "100": Kind.AUTO_REPLY,
}
_TYPES = {
    "spam_complaint": Kind.COMPLAINT,
    "list_unsubscribe": Kind.UNSUBSCRIBE,
    "link_unsubscribe": Kind.UNSUBSCRIBE,
    "policy_rejection": Kind.BLOCKED,
    "generation_failure": Kind.BLOCKED,
    "generation_rejection": Kind.BLOCKED,
}


def read(data: Any) -> Iterator[Notice]:
    """Yield what is told in a batch; each event is in a shell by its class."""
    for batch in each(data):
        shell = under(batch, "msys")
        for event in shell.values() if isinstance(shell, Mapping) else ():
            if told := _told(event):
                yield Notice(
                    told,
                    text(under(event, "raw_rcpt_to") or under(event, "rcpt_to")),
                    text(under(event, "event_id")),
                    said=text(under(event, "raw_reason") or under(event, "reason")),
                    token=text(under(event, "rcpt_meta", "mailer")),
                    queued=text(under(event, "message_id")),
                )


def _told(event: object) -> Kind | None:
    if not isinstance(event, Mapping):
        return None
    kind = text(event.get("type"))
    if kind in ("bounce", "out_of_band"):
        return _CLASSES.get(text(event.get("bounce_class")), Kind.SOFT)
    return _TYPES.get(kind)


PROVIDER = HookProvider("WEBHOOK_SPARKPOST_SECRET", by_authorization, read)
