"""People are imported while a send is under way: both finish, and nobody is left out or mailed twice."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import pytest

from mailer.domain.subscriber import Status
from mailer.people.lists import Lists
from mailer.services.import_people import BATCH
from mailer.store.database import open_database

SENT_TO, IMPORTED = 2000, 20_000


@pytest.mark.peers
def test_a_send_and_an_import_go_on_beside_each_other(workspace, server, tmp_path: Path) -> None:
    workspace.people(SENT_TO)
    workspace.run("lists", "create", "tides")
    file = tmp_path / "many.csv"
    rows = (f"other{n}@quay.example,Other {n}\n" for n in range(IMPORTED))
    file.write_text("email,name\n" + "".join(rows))
    importing = workspace.start("subscribers", "import", file, "--list", "tides", "--json")
    try:
        # Not before it writes: from then on the two ask for the same lock.
        while importing.poll() is None and imported(workspace) < BATCH:
            time.sleep(0.01)
        report = workspace.data("send-issue", "harbour", "--yes", "--limit", SENT_TO)
        _, said = importing.communicate(timeout=300)
    finally:
        importing.kill()
    assert importing.returncode == 0, said
    assert report["states"]["accepted"] == SENT_TO
    copies = Counter(message.recipients[0] for message in server.taken)
    assert copies == Counter({f"reader{n}@inbox.example": 1 for n in range(SENT_TO)})
    assert imported(workspace) == IMPORTED
    workspace.run("verify", "harbour")


def imported(workspace) -> int:
    """Return how many are on the list that the file is imported to."""
    database = open_database("sqlite:///subscribers/mailer.db", workspace.root)
    found = Lists(database).named("tides").counts.get(Status.SUBSCRIBED, 0)
    database.dispose()
    return found
