"""Every provider whose webhooks are understood, by the last part of the address that it is given."""

from __future__ import annotations

from mailer.feedback.webhooks import (
    brevo,
    mailersend,
    mailgun,
    mailjet,
    postmark,
    resend,
    sendgrid,
    ses,
    sparkpost,
)
from mailer.feedback.webhooks.notice import HookProvider


def hook_providers(fetch: ses.Fetch) -> dict[str, HookProvider]:
    """Return them; `fetch` gets the certificate that Amazon signs with."""
    return {
        "ses": ses.provider(fetch),
        "sendgrid": sendgrid.PROVIDER,
        "mailgun": mailgun.PROVIDER,
        "postmark": postmark.PROVIDER,
        "brevo": brevo.PROVIDER,
        "mailjet": mailjet.PROVIDER,
        "mailersend": mailersend.PROVIDER,
        "sparkpost": sparkpost.PROVIDER,
        "resend": resend.PROVIDER,
    }
