"""Mail that comes back, as a mail server writes it, with the token of a copy in the address it comes to."""

from __future__ import annotations

from datetime import datetime

from mailer.domain.return_path import ReturnSigner, Verp, return_path

KEY = "a secret of the harbour"
PATH = "bounces@news.example"

BOUNCE = """\
From: MAILER-DAEMON@mx.quay.example (Mail Delivery System)
To: {path}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.quay.example. Your message could not be delivered.

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.quay.example

Final-Recipient: rfc822; {address}
Action: failed
Status: {status}
Diagnostic-Code: smtp; {said}

--b1
Content-Type: text/rfc822-headers

From: Harbour Gazette <editor@news.example>
To: {address}
Subject: The harbour clock

--b1--
"""
HARD = ("5.1.1", "550 5.1.1 No such user here")
SOFT = ("5.2.2", "552 5.2.2 Mailbox full")
BLOCKED = ("5.7.1", "554 5.7.1 Message refused, blocked as spam")

COMPLAINT = """\
From: feedback@quay.example
To: {path}
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is an email abuse report.

--b1
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Quay/1.0
Version: 1

--b1
Content-Type: text/rfc822-headers

From: Harbour Gazette <editor@news.example>
Subject: The harbour clock

--b1--
"""
REPLY = """\
From: {address}
To: {path}
Subject: Re: The harbour clock
In-Reply-To: <1@news.example>

Thank you!
"""
NONSENSE = "From: MAILER-DAEMON@mx.quay.example\nTo: {path}\nSubject: log rotated\n\nNothing that is known.\n"


def path_of(send_id: int, subscriber_id: int, made: datetime, key: str = KEY) -> str:
    """Return the return path of a copy."""
    return return_path(
        PATH, Verp.PLUS, ReturnSigner(key.encode(), send_id).sign(subscriber_id, made.timestamp())
    )


def bounce(path: str, address: str, what: tuple[str, str] = HARD) -> bytes:
    """Return a bounce that comes to `path` and says `what` (status, words) of `address`."""
    return BOUNCE.format(path=path, address=address, status=what[0], said=what[1]).encode()


def other(form: str, path: str, address: str = "") -> bytes:
    """Return a message of another form."""
    return form.format(path=path, address=address).encode()
