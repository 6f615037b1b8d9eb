"""What a profiler saw is counted for what was being done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.rooms import REST, ROOMS, room, shares

MAILER = Path(__file__).parents[2] / "mailer"
SENDING = "main (mailer/cli/__init__.py:1);run (mailer/engine/stopping.py:1)"
CHANNEL = f"{SENDING};Channel.add (mailer/smtp/channel.py:1)"
SETTLED = f"{SENDING};Worker.settled (mailer/engine/worker.py:1)"
FLUSH = f"{SETTLED};Worker.flush (mailer/engine/worker.py:1)"
PROVE = f"{SENDING};prove (mailer/engine/plan.py:1)"
TAKE = f"{CHANNEL};Worker.take (mailer/engine/worker.py:1)"


@pytest.mark.parametrize(
    ("stack", "name"),
    [
        (f"{TAKE};claim (mailer/ledger/claiming.py:1);execute (sqlalchemy/engine/base.py:1)", "taking"),
        (f"{TAKE};Personaliser.names (mailer/engine/personaliser.py:1)", "filling"),
        (TAKE, "the worker"),
        (CHANNEL, "the SMTP conversation"),
        (f"{CHANNEL};Connection.write (mailer/smtp/connection.py:1)", "handing octets"),
        (f"{SETTLED};Journal.settled (mailer/ledger/journal.py:1)", "journal"),
        (f"{FLUSH};Database.begin (mailer/store/database.py:1)", "recording"),
        (f"{PROVE};place (mailer/message/filling/program.py:1)", "start: proving"),
        (f"{PROVE};_load (<frozen importlib._bootstrap>:1)", "start: imports"),
        (f"{SENDING};Runner.run (asyncio/runners.py:1)", "the event loop"),
        ("main (mailer/cli/__init__.py:1)", REST),
    ],
)
def test_a_stack_is_in_the_room_of_what_was_being_done(stack: str, name: str) -> None:
    assert room(stack).startswith(name)


def test_shares_are_of_all_that_was_seen_in_the_order_of_the_rooms() -> None:
    seen = [f"{CHANNEL} 6", "main (mailer/cli/__init__.py:1) 1", f"{TAKE} 2", f"{TAKE};x (y z.py:3) 1"]
    assert list(shares(seen).values()) == [0.3, 0.6, 0.1]


@pytest.mark.parametrize("sign", [sign for _, signs in ROOMS for sign in signs if sign.startswith("mailer/")])
def test_the_files_of_a_room_are_there(sign: str) -> None:
    assert (MAILER.parent / sign).exists()


@pytest.mark.parametrize("sign", [sign for _, signs in ROOMS for sign in signs if sign.endswith(" (")])
def test_the_methods_of_a_room_are_there(sign: str) -> None:
    owner, method = sign.removesuffix(" (").split(".")
    body = re.compile(rf"^class {owner}\b.*?(?=^\S)", re.MULTILINE | re.DOTALL)
    found = [body.search(path.read_text() + "\nend") for path in MAILER.rglob("*.py")]
    assert any(f"def {method}(" in each[0] for each in found if each)
