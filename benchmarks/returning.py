"""Mail that came back, a Maildir full of it, taken in by `mailer returns read`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.importing import Taking
from benchmarks.instruments import weigh
from benchmarks.programs import HERE_AND_NOW, bare_environment

KEY = "bench-bench-bench-bench-bench-be"  # of the workspaces of `benchmarks.letters`
DAY = "2026-11-22T08:00:00.000Z"
SEND = (
    "INSERT INTO sends (id, slug, audience, subject, revision, candidates, created_at) "
    f"VALUES (1, 'tides', '{{\"exclude\":[],\"lists\":[\"weekly\"]}}', 'Tides', 'c0ffee', 0, '{DAY}')"
)
REVISION = (
    f"INSERT INTO revisions (send_id, no, revision, subject, since) VALUES (1, 1, 'c0ffee', 'Tides', '{DAY}')"
)
DELIVERIES = "INSERT INTO deliveries (send_id, subscriber_id, email) SELECT 1, id, email FROM subscribers"
ACCEPTED = (
    "INSERT INTO outcomes (send_id, subscriber_id, number, state, stage, at, reply, revision, tried) "
    f"SELECT 1, id, 1, 'accepted', 'content', '{DAY}', '250 2.0.0 Ok', 1, 1 FROM subscribers"
)
# As much as a bounce brings along of our own message: its header, and some of its text.
OURS = (
    "Received: from mail.gazette.example (192.0.2.1) by mx.quay.example; {n}\n" * 6
    + "The ice is back.\n" * 40
)
BOUNCE = """\
From: MAILER-DAEMON@mx.quay.example (Mail Delivery System)
To: {path}
Subject: Undelivered Mail Returned to Sender
Message-ID: <{n}@mx.quay.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b{n}"

--b{n}
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.quay.example. I'm sorry to have to inform you that your message
could not be delivered to one or more recipients. It's attached below.

--b{n}
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.quay.example
Arrival-Date: Sun, 22 Nov 2026 08:00:00 +0000

Final-Recipient: rfc822; {email}
Action: failed
Status: {status}
Remote-MTA: dns; inbox.example
Diagnostic-Code: smtp; {said}

--b{n}
Content-Type: message/rfc822

From: Harbour Gazette <editor@gazette.example>
To: {email}
Subject: Tides
{ours}
--b{n}--
"""
ANSWER = """\
From: {email}
To: {path}
Subject: Automatic reply: Tides
Message-ID: <{n}@quay.example>
Auto-Submitted: auto-replied

I am away until the ice has gone.
"""
# Of ten messages: six are hard, two soft, one is blocked, one an automatic reply.
HARD, SOFT, SPAM = (
    ("5.1.1", "550 5.1.1 No such user here"),
    ("5.2.2", "552 5.2.2 The mailbox is full"),
    ("5.7.1", "554 5.7.1 Message refused as spam"),
)
SHAPES = (HARD,) * 6 + (SOFT,) * 2 + (SPAM, None)


def sent(root: Path) -> None:
    """Let everybody in a workspace have a copy of one send."""
    with closing(sqlite3.connect(root / "subscribers" / "mailer.db")) as connection, connection:
        for statement in (SEND, REVISION, DELIVERIES, ACCEPTED):
            connection.execute(statement)


def fill(folder: Path, count: int) -> Path:
    """Fill a Maildir with as many messages, each about another person's copy."""
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True)
    for n, message in enumerate(_messages(count)):
        (folder / "new" / f"{n}.harbour").write_bytes(message)
    return folder


def _messages(count: int) -> Iterator[bytes]:
    from mailer.domain.return_path import ReturnSigner, Verp, return_path

    signer, now = ReturnSigner(KEY.encode(), 1), time.time()
    for n in range(1, count + 1):
        path = return_path("bounces@gazette.example", Verp.PLUS, signer.sign(n, now))
        shape, email = SHAPES[n % len(SHAPES)], f"reader{n - 1}@inbox.example"
        if shape is None:
            yield ANSWER.format(path=path, email=email, n=n).encode()
        else:
            status, said = shape
            ours = OURS.format(n=n)
            yield BOUNCE.format(path=path, email=email, n=n, status=status, said=said, ours=ours).encode()


def returned(root: Path, folder: Path, count: int) -> Taking:
    """Take in what lies in a Maildir, in a process of its own."""
    words = [str(HERE_AND_NOW.command), "-C", str(root), "returns", "read", str(folder)]
    cost = weigh(words, bare_environment())
    return Taking(count, cost.seconds, cost.cpu, memory=cost.memory)
