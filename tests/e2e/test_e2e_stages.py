"""A send in stages that is killed: each stage opens once, and nobody is skipped or gets two."""

from __future__ import annotations

import signal
import time
from collections import Counter

PEOPLE = 300
STAGES = ("--stages", "10%,50%,100%", "--hold", "0s", "--stop-if", "never")


def test_killed_in_any_stage_it_goes_on_where_it_was(workspace, server):
    workspace.settings |= {"SMTP_CONNECTIONS": "2", "SMTP_WINDOW": "1"}
    workspace.people(PEOPLE)
    for moment in (10, 90):  # of 30, 150 and 300 who have it after each
        process = workspace.start("send-issue", "harbour", "--yes", "-q", *STAGES)
        while process.poll() is None and len(server.taken) < moment:
            time.sleep(0.001)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    last = workspace.start("send-issue", "harbour", "--yes", "-q")
    last.communicate()
    assert last.returncode in (0, 5)
    (verified,) = workspace.data("verify", "harbour", expect=last.returncode)
    assert verified["clean"]
    assert verified["states"]["accepted"] + verified["states"]["uncertain"] == PEOPLE
    copies = Counter(each.recipients[0] for each in server.taken)
    assert max(copies.values()) == 1
    assert len(copies) >= PEOPLE - verified["states"]["uncertain"]
    (status,) = workspace.data("status", "harbour")
    assert [each["people"] for each in status["stages"]] == [30, 120, 150]
    opened = [each["opened_at"] for each in status["stages"]]
    assert None not in opened
    assert opened == sorted(opened)
