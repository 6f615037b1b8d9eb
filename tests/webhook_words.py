"""What providers tell by webhook, after their documentation, with our token in it; and how it is meant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from webhook_samples import ADA

from mailer.domain.returned import Kind


@dataclass(frozen=True)
class Told:
    """What a provider tells, and how it is to be taken: kind, status and a word of the reason."""

    provider: str
    data: Callable[[str], Any]
    kind: Kind | None
    reason: str = ""


def _ses(kind: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "eventType": kind,
        "mail": {
            "timestamp": "2026-11-29T09:59:00.000Z",
            "messageId": "0102018f4c2d9a11-3b1a2c4d-000000",
            "source": "editor@gazette.example",
            "destination": [ADA],
            "tags": {"ses:configuration-set": ["news"], **({"mailer": [token]} if token else {})},
        },
        **more,
    }


def _ses_bounce(kind: str, sub: str, **person: str) -> Callable[[str], Any]:
    return _ses(
        "Bounce",
        bounce={
            "bounceType": kind,
            "bounceSubType": sub,
            "bouncedRecipients": [{"emailAddress": ADA, "action": "failed", **person}],
            "timestamp": "2026-11-29T09:59:58.000Z",
            "feedbackId": "0102018f-1",
        },
    )


def _grid(event: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: [
        {"email": ADA, "timestamp": 1795946400, "event": "processed", "sg_event_id": "p1", "mailer": token},
        {
            "email": ADA,
            "timestamp": 1795946400,
            "smtp-id": "<1@gazette.example>",
            "event": event,
            "sg_event_id": f"grid-{event}",
            "sg_message_id": "Lli-03HcQ5JLybO9.filter0077p1las1.21536.0",
            "mailer": token,
            **more,
        },
    ]


def _gun(event: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "event": event,
        "id": f"gun-{event}",
        "timestamp": 1795946400.1,
        "recipient": ADA,
        "user-variables": {"mailer": token} if token else {},
        "message": {"headers": {"message-id": "20261129100000.1@gazette.example", "to": ADA}},
        **more,
    }


def _mark(record: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "RecordType": record,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Metadata": {"mailer": token} if token else {},
        **more,
    }


def _brevo(event: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "event": event,
        "email": ADA,
        "id": 26224,
        "ts_epoch": 1795946400000,
        "message-id": "<202611291000.1234567890@smtp-relay.mailin.fr>",
        "X-Mailin-custom": f"mailer:{token}",
        **more,
    }


def _jet(event: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "event": event,
        "time": 1795946400,
        "email": ADA,
        "MessageID": 19421777835146490,
        "CustomID": token,
        "Payload": "",
        **more,
    }


def _send(kind: str, **morph: Any) -> Callable[[str], Any]:
    return lambda token: {
        "type": f"activity.{kind}",
        "created_at": "2026-11-29T10:00:00.000000Z",
        "data": {
            "object": "activity",
            "id": f"send-{kind}",
            "type": kind,
            "email": {
                "object": "email",
                "status": "rejected",
                "message": {"object": "message", "id": token or "63fd25194d5edba3da09e044"},
                "recipient": {"object": "recipient", "email": ADA},
            },
            "morph": morph or None,
        },
    }


def _spark(kind: str, shell: str = "message_event", **more: Any) -> Callable[[str], Any]:
    return lambda token: [
        {"msys": {}},
        {
            "msys": {
                shell: {
                    "type": kind,
                    "event_id": f"spark-{kind}",
                    "rcpt_to": ADA,
                    "raw_rcpt_to": ADA,
                    "rcpt_meta": {"mailer": token},
                    "message_id": "000443ee14578172be22",
                    **more,
                }
            }
        },
    ]


def _resend(kind: str, **more: Any) -> Callable[[str], Any]:
    return lambda token: {
        "type": kind,
        "created_at": "2026-11-29T10:00:00.000Z",
        "data": {
            "email_id": "56761188-7520-42d8-8898-ff6fc54ce618",
            "from": "editor@gazette.example",
            "to": [ADA],
            "headers": [{"name": "X-Mailer-Token", "value": token}],
            **more,
        },
    }


NOBODY = "550 5.1.1 The email account that you tried to reach does not exist"
FULL = "552 5.2.2 mailbox is over its quota"
SPAM = "554 5.7.1 message looks like spam to us"
TOLD = {
    "ses, nobody there": Told(
        "ses",
        _ses_bounce("Permanent", "General", status="5.1.1", diagnosticCode=f"smtp; {NOBODY}"),
        Kind.HARD,
        "no such mailbox",
    ),
    "ses, known to be dead": Told("ses", _ses_bounce("Permanent", "OnAccountSuppressionList"), Kind.HARD),
    "ses, full": Told(
        "ses",
        _ses_bounce("Transient", "MailboxFull", status="5.2.2", diagnosticCode=f"smtp; {FULL}"),
        Kind.SOFT,
        "mailbox full",
    ),
    "ses, permanent and yet spam": Told(
        "ses",
        _ses_bounce("Permanent", "General", status="5.7.1", diagnosticCode=f"smtp; {SPAM}"),
        Kind.BLOCKED,
        "taken for spam",
    ),
    "ses, transient and yet nobody": Told(
        "ses",
        _ses_bounce("Transient", "General", status="5.1.1", diagnosticCode=f"smtp; {NOBODY}"),
        Kind.SOFT,
        "no such mailbox",
    ),
    "ses, complaint": Told(
        "ses",
        _ses(
            "Complaint",
            complaint={"complainedRecipients": [{"emailAddress": ADA}], "complaintFeedbackType": "abuse"},
        ),
        Kind.COMPLAINT,
    ),
    "ses, delivered": Told(
        "ses", _ses("Delivery", delivery={"recipients": [ADA], "smtpResponse": "250 ok"}), None
    ),
    "sendgrid, nobody there": Told(
        "sendgrid",
        _grid("bounce", type="bounce", status="5.1.1", reason=NOBODY),
        Kind.HARD,
        "no such mailbox",
    ),
    "sendgrid, blocked": Told(
        "sendgrid",
        _grid("bounce", type="blocked", status="5.7.1", reason=SPAM),
        Kind.BLOCKED,
        "taken for spam",
    ),
    "sendgrid, known to be dead": Told(
        "sendgrid", _grid("dropped", status="5.0.0", reason="Bounced Address"), Kind.HARD
    ),
    "sendgrid, known to complain": Told(
        "sendgrid", _grid("dropped", reason="Spam Reporting Address"), Kind.COMPLAINT
    ),
    "sendgrid, complaint": Told("sendgrid", _grid("spamreport"), Kind.COMPLAINT),
    "sendgrid, left": Told("sendgrid", _grid("unsubscribe"), Kind.UNSUBSCRIBE),
    "sendgrid, opened": Told("sendgrid", _grid("open"), None),
    "mailgun, nobody there": Told(
        "mailgun",
        _gun(
            "failed",
            severity="permanent",
            reason="bounce",
            **{
                "delivery-status": {
                    "code": 550,
                    "enhanced-code": "5.1.1",
                    "message": NOBODY,
                    "description": "",
                }
            },
        ),
        Kind.HARD,
        "no such mailbox",
    ),
    "mailgun, passing": Told(
        "mailgun",
        _gun(
            "failed",
            severity="temporary",
            reason="generic",
            **{"delivery-status": {"code": 452, "message": FULL, "description": ""}},
        ),
        Kind.SOFT,
        "mailbox full",
    ),
    "mailgun, known to complain": Told(
        "mailgun",
        _gun(
            "failed",
            severity="permanent",
            reason="suppress-complaint",
            **{
                "delivery-status": {
                    "code": 607,
                    "message": "",
                    "description": "Not delivering to a user who marked your messages as spam",
                }
            },
        ),
        Kind.COMPLAINT,
    ),
    "mailgun, complaint": Told("mailgun", _gun("complained"), Kind.COMPLAINT),
    "mailgun, left": Told("mailgun", _gun("unsubscribed"), Kind.UNSUBSCRIBE),
    "mailgun, delivered": Told("mailgun", _gun("delivered"), None),
    "postmark, nobody there": Told(
        "postmark",
        _mark(
            "Bounce",
            Type="HardBounce",
            TypeCode=1,
            ID=4323372036854775807,
            Email=ADA,
            Details=f"action: failed\r\n{NOBODY}",
            Description="The server was unable to deliver your message",
        ),
        Kind.HARD,
        "no such mailbox",
    ),
    "postmark, passing": Told(
        "postmark", _mark("Bounce", Type="SoftBounce", ID=2, Email=ADA, Details=""), Kind.SOFT
    ),
    "postmark, complaint": Told(
        "postmark", _mark("SpamComplaint", Type="SpamComplaint", ID=3, Email=ADA), Kind.COMPLAINT
    ),
    "postmark, left": Told(
        "postmark",
        _mark(
            "SubscriptionChange", Recipient=ADA, SuppressSending=True, SuppressionReason="ManualSuppression"
        ),
        Kind.UNSUBSCRIBE,
    ),
    "postmark, told twice": Told(
        "postmark",
        _mark("SubscriptionChange", Recipient=ADA, SuppressSending=True, SuppressionReason="HardBounce"),
        None,
    ),
    "postmark, back again": Told(
        "postmark",
        _mark("SubscriptionChange", Recipient=ADA, SuppressSending=False, SuppressionReason=None),
        None,
    ),
    "postmark, vacation": Told(
        "postmark", _mark("Bounce", Type="AutoResponder", ID=5, Email=ADA), Kind.AUTO_REPLY
    ),
    "brevo, nobody there": Told(
        "brevo", _brevo("hard_bounce", reason=f" RecipientError: {NOBODY}"), Kind.HARD, "no such mailbox"
    ),
    "brevo, passing": Told(
        "brevo", _brevo("soft_bounce", reason="undefined Unable to find MX of domain quay.example"), Kind.SOFT
    ),
    "brevo, blocked": Told(
        "brevo", _brevo("blocked", reason="blocked : due to blacklist user"), Kind.BLOCKED
    ),
    "brevo, complaint": Told("brevo", _brevo("spam"), Kind.COMPLAINT),
    "brevo, left": Told("brevo", _brevo("unsubscribed"), Kind.UNSUBSCRIBE),
    "brevo, opened": Told("brevo", _brevo("opened"), None),
    "mailjet, nobody there": Told(
        "mailjet",
        _jet(
            "bounce",
            blocked=False,
            hard_bounce=True,
            error_related_to="recipient",
            error="user unknown",
            comment=NOBODY,
        ),
        Kind.HARD,
        "no such mailbox",
    ),
    "mailjet, passing": Told(
        "mailjet",
        _jet(
            "bounce", blocked=False, hard_bounce=False, error_related_to="recipient", error="quota exceeded"
        ),
        Kind.SOFT,
    ),
    "mailjet, blocked": Told(
        "mailjet", _jet("blocked", error_related_to="spam", error="content blocked"), Kind.BLOCKED
    ),
    "mailjet, complaint": Told("mailjet", _jet("spam", source="JMRPP"), Kind.COMPLAINT),
    "mailjet, left": Told("mailjet", _jet("unsub", mj_list_id=1), Kind.UNSUBSCRIBE),
    "mailjet, sent": Told("mailjet", _jet("sent", smtp_reply="sent (250 2.0.0 OK)"), None),
    "mailersend, nobody there": Told(
        "mailersend",
        _send("hard_bounced", object="recipient_bounce", reason="Host or domain name not found"),
        Kind.HARD,
    ),
    "mailersend, passing": Told(
        "mailersend", _send("soft_bounced", object="recipient_bounce", reason="Unknown reason"), Kind.SOFT
    ),
    "mailersend, complaint": Told(
        "mailersend", _send("spam_complaint", object="spam_complaint", reason=None), Kind.COMPLAINT
    ),
    "mailersend, left": Told(
        "mailersend", _send("unsubscribed", object="recipient_unsubscribe"), Kind.UNSUBSCRIBE
    ),
    "mailersend, delivered": Told("mailersend", _send("delivered"), None),
    "sparkpost, nobody there": Told(
        "sparkpost",
        _spark("bounce", bounce_class="10", error_code="550", raw_reason=NOBODY),
        Kind.HARD,
        "no such mailbox",
    ),
    "sparkpost, days later": Told(
        "sparkpost", _spark("out_of_band", bounce_class="22", raw_reason=FULL), Kind.SOFT, "mailbox full"
    ),
    "sparkpost, spam": Told(
        "sparkpost", _spark("bounce", bounce_class="51", raw_reason=SPAM), Kind.BLOCKED, "taken for spam"
    ),
    "sparkpost, vacation": Told("sparkpost", _spark("out_of_band", bounce_class="60"), Kind.AUTO_REPLY),
    "sparkpost, complaint": Told("sparkpost", _spark("spam_complaint", fbtype="abuse"), Kind.COMPLAINT),
    "sparkpost, left": Told("sparkpost", _spark("list_unsubscribe", "unsubscribe_event"), Kind.UNSUBSCRIBE),
    "sparkpost, delay": Told("sparkpost", _spark("delay", bounce_class="21"), None),
    "resend, nobody there": Told(
        "resend",
        _resend("email.bounced", bounce={"type": "Permanent", "subType": "General", "message": NOBODY}),
        Kind.HARD,
        "no such mailbox",
    ),
    "resend, suppressed": Told(
        "resend",
        _resend(
            "email.bounced",
            bounce={
                "type": "Permanent",
                "subType": "Suppressed",
                "message": "Resend has suppressed sending to this address",
            },
        ),
        Kind.HARD,
    ),
    "resend, passing": Told(
        "resend",
        _resend(
            "email.bounced",
            bounce={"type": "Transient", "subType": "MailboxFull", "message": "the inbox was full"},
        ),
        Kind.SOFT,
    ),
    "resend, complaint": Told("resend", _resend("email.complained"), Kind.COMPLAINT),
    "resend, delivered": Told("resend", _resend("email.delivered"), None),
}
