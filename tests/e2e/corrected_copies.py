"""Three texts of an issue, and what each recipient got of them: by their mails, and by the ledger."""

from __future__ import annotations

import email
import json
from collections import Counter
from email.message import EmailMessage
from email.policy import default

from harbour_workspace import ISSUE

RIGHT = ISSUE.replace("harbour master", "harbourmaster")
RIGHTER = RIGHT.replace("ice house", "lighthouse")


def messages(server) -> dict[str, list[EmailMessage]]:
    """Return what each recipient got, in order."""
    found: dict[str, list[EmailMessage]] = {}
    for taken in server.taken:
        message = email.message_from_bytes(taken.content, policy=default)
        assert isinstance(message, EmailMessage)
        found.setdefault(taken.recipients[0], []).append(message)
    return found


def text_of(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def version(message: EmailMessage) -> int:
    """Return which of the three texts above a message has, from 1."""
    text = text_of(message)
    return 3 if "lighthouse" in text else 2 if "harbourmaster" in text else 1


def got(server) -> Counter[tuple[int, ...]]:
    """Count the recipients by what they got."""
    return Counter(tuple(map(version, each)) for each in messages(server).values())


def ledger_says(workspace) -> dict[str, list[tuple[str, str]]]:
    """Return state and revision of each person's deliveries."""
    lines = workspace.run("deliveries", "harbour", "--json").stdout.splitlines()
    said: dict[str, list[tuple[str, str]]] = {}
    for row in map(json.loads, lines):
        said.setdefault(row["email"], []).append((row["state"], row["revision"]))
    return said


def correct(workspace, *options: str, text: str = RIGHT, expect: int = 0):
    workspace.issue(text)
    return workspace.run("send-issue", "harbour", "--corrected", "--yes", *options, expect=expect)


def assert_the_ledger_is_right(workspace, server) -> None:
    """Hold what the ledger says that everyone has against their first copy."""
    original = workspace.data("status", "harbour")[0]
    number = {each["revision"]: n for n, each in enumerate(original["revisions"], start=1)}
    copies = messages(server)
    for who, ((state, revision), *_) in ledger_says(workspace).items():
        if state == "accepted":
            assert version(copies[who][0]) == number[revision], who
