"""A worker's connections to a server that allows few: learned from its refusals, heeded, and remembered."""

from __future__ import annotations

import asyncio
import time

import pytest
from begun_send import NOW, begin, worker_of

from mailer.domain.audience import Audience
from mailer.domain.learned import ACCOUNT, Learned
from mailer.domain.outcome import Stage
from mailer.engine.pacing.pace import Pace
from mailer.ledger.journal import Journal
from mailer.ledger.ledger import Ledger
from mailer.sandbox.scripted_server import Act, ScriptedServer
from mailer.smtp.account import Account
from mailer.smtp.pool import deliver
from mailer.store.database import open_database

pytestmark = pytest.mark.peers

PEOPLE = 200
CONNECTIONS = 6


@pytest.fixture
def database(tmp_path):
    engine = open_database("sqlite:///people.db", tmp_path)
    yield engine
    engine.dispose()


def crowded(most: int, stage: Stage, words: str | Act) -> tuple[ScriptedServer, list[int]]:
    """A server that allows `most` connections and says `words` at this `stage` to each one more; and whom."""
    refusals: list[int] = []

    def script(at: Stage, count: int) -> str | Act | None:
        if at is not stage or server.present <= most:
            return None
        refusals.append(count)
        return words

    server = ScriptedServer(script, ("PIPELINING", "AUTH PLAIN"), drip=True)
    return server, refusals


def work_off(database, tmp_path, send, pace: Pace, server: ScriptedServer) -> None:
    worker = worker_of(Ledger(database), send, Journal(tmp_path / "journals", NOW), pace)

    async def main() -> None:
        async with server, asyncio.timeout(30):
            account = Account("127.0.0.1", server.port, "none", "editor", "secret", connections=CONNECTIONS)
            await deliver(worker, account)

    try:
        asyncio.run(main())
    finally:
        worker.close()


REFUSALS: dict[str, tuple[Stage, str]] = {
    "greeting": (Stage.CONNECT, "421 4.7.0 relay.example Error: too many connections from 192.0.2.1"),
    "EHLO": (Stage.EHLO, "421 too many concurrent SMTP connections; please try again later"),
    "login": (Stage.AUTH, "432 4.3.2 Concurrent connections limit exceeded"),
    "too many logins": (Stage.AUTH, "454 4.7.0 Too many login attempts, please try again later"),
}


@pytest.mark.parametrize("stage, words", REFUSALS.values(), ids=REFUSALS)
@pytest.mark.parametrize("most", [1, 2, 4])
def test_a_limit_on_connections_is_learned_and_spares_the_next_run(
    database, tmp_path, most: int, stage: Stage, words: str
):
    send = begin(database, (f"reader{number}@inbox.example" for number in range(PEOPLE)))[1]
    server, refusals = crowded(most, stage, words)
    pace = Pace(connections=CONNECTIONS)
    work_off(database, tmp_path, send, pace, server)
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == PEOPLE
    assert 1 <= len(refusals) <= most, "as many as were opened at once, and none after"
    assert list(pace.learned()) == [Learned(ACCOUNT, connections=most)]
    assert pace.connections(time.time()) == most
    again = Ledger(database).freeze(
        "tide", Audience(("weekly",)), subject="s", revision="r", template=b"t", now=NOW
    )
    Ledger(database).proved(again, NOW)
    server, refusals = crowded(most, stage, words)
    work_off(database, tmp_path, again, Pace(connections=CONNECTIONS, learned=pace.learned()), server)
    assert len(server.taken) == PEOPLE
    assert (refusals, server.connections) == ([], most)


def test_a_server_that_lets_everyone_in_and_then_complains_to_all_is_heeded(database, tmp_path):
    send = begin(database, (f"reader{number}@inbox.example" for number in range(PEOPLE)))[1]
    server, refusals = crowded(2, Stage.MAIL, "432 4.3.2 Concurrent connections limit exceeded")
    pace = Pace(connections=CONNECTIONS)
    work_off(database, tmp_path, send, pace, server)
    assert len({message.recipients[0] for message in server.taken}) == len(server.taken) == PEOPLE
    assert len(refusals) <= CONNECTIONS
    (learned,) = pace.learned()
    assert learned.connections in (1, 2, 3)


def test_a_server_that_hangs_up_on_one_too_many_is_heeded_but_its_reason_is_a_guess(database, tmp_path):
    send = begin(database, (f"reader{number}@inbox.example" for number in range(PEOPLE)))[1]
    server, refusals = crowded(2, Stage.CONNECT, Act.CLOSE)
    pace = Pace(connections=CONNECTIONS)
    work_off(database, tmp_path, send, pace, server)
    assert len(server.taken) == PEOPLE
    assert 1 <= len(refusals) <= 2
    assert list(pace.learned()) == []
