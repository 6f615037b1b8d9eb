"""Several `mailer send-issue` at once over one account: together they keep to its rate and to its day."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable

import pytest
from harbour_workspace import ISSUE, Workspace
from sqlalchemy import select

from mailer.domain.outcome import Stage
from mailer.engine.pacing.dealing import SharedAccount
from mailer.store.database import open_database
from mailer.store.schema import accounts

pytestmark = pytest.mark.peers

RATE = 120
LISTS = ("weekly", "pilots", "ferries")
# However late the server comes to read: over each of the four connections one message is on its way, and the
# next one behind it.
ON_THE_WAY = 8


@pytest.fixture(params=["sqlite", "postgresql"])
def shared(request, workspace, server) -> Workspace:
    """A workspace with a list and an issue for each of three sends, and the moments that the server noted."""
    if request.param == "postgresql":
        workspace.settings["DATABASE_URL"] = request.getfixturevalue("postgresql").database()
        workspace.run("lists", "create", "weekly", "--title", "Harbour Gazette")
    for name in LISTS[1:]:
        workspace.run("lists", "create", name, "--title", name)
    for name in LISTS:
        workspace.issue(ISSUE.replace("list: weekly", f"list: {name}"), f"{name}.md")
    return workspace


def people(shared: Workspace, number: int) -> None:
    for name in LISTS:
        file = shared.root / f"{name}.csv"
        file.write_text("email\n" + "".join(f"{name}{n}@inbox.example\n" for n in range(number)))
        shared.run("subscribers", "import", file, "--list", name)


def noted(server) -> list[float]:
    """Have the server note when each message came."""
    moments: list[float] = []

    def script(stage: Stage, count: int) -> None:
        if stage is Stage.CONTENT:
            moments.append(time.monotonic())

    server.script = script
    return moments


def most_in(seconds: float, moments: list[float]) -> int:
    """Return how many came in the busiest time of so many seconds, wherever it began."""
    return max(
        sum(begin <= moment < begin + seconds for moment in moments[place:])
        for place, begin in enumerate(moments)
    )


def parts(shared: Workspace) -> list[float]:
    """Return which parts of the account its members have, as they agreed."""
    url = shared.settings.get("DATABASE_URL", "sqlite:///subscribers/mailer.db")
    database = open_database(url, shared.root)
    with database.connect() as connection:
        state = connection.scalar(select(accounts.c.state)) or ""
    database.dispose()
    return sorted(member.part for member in SharedAccount.load(state).members.values())


def wait_for(condition: Callable[[], bool], sends: list[subprocess.Popen[str]]) -> bool:
    """Return whether it came true before all was sent."""
    while not (met := condition()) and any(each.poll() is None for each in sends):
        time.sleep(0.02)
    return met


def test_three_sends_keep_to_the_rate_of_the_account_and_go_on_without_the_one_that_is_killed(shared, server):
    people(shared, 600)
    shared.settings["MAIL_RATE"] = str(RATE)
    moments = noted(server)
    sends = [shared.start("send-issue", name, "--yes", "-q") for name in LISTS]
    assert wait_for(lambda: parts(shared) == pytest.approx([1 / 3] * 3), sends)
    sends[0].send_signal(signal.SIGKILL)
    assert wait_for(lambda: parts(shared) == [0.5, 0.5], sends)
    for each in sends:
        each.communicate()
    assert [each.returncode for each in sends] == [-signal.SIGKILL, 0, 0]
    for seconds in (1.0, 3.0):
        assert most_in(seconds, moments) <= RATE * seconds * 1.01 + ON_THE_WAY
    copies = Counter(message.recipients[0] for message in server.taken)
    assert max(copies.values()) == 1
    assert sum(who.startswith(LISTS[1:]) for who in copies) == 1200


def test_a_warm_up_lets_so_many_go_a_day_whoever_sends(shared, server):
    people(shared, 60)
    shared.settings["MAIL_WARMUP"] = "100x2"
    sends = [shared.start("send-issue", name, "--yes", "-q") for name in LISTS]
    said = [each.communicate()[1] for each in sends]
    assert len(server.taken) == 100
    assert sorted({each.returncode for each in sends}) in ([75], [0, 75])
    for each, words in zip(sends, said, strict=True):
        assert each.returncode == 0 or "the warm-up of" in words
