"""How long it takes to count segments: `python -m benchmarks.segmenting WORKSPACE COUNT REPORT`.

Of the one person in the workspace COUNT are made, with fields, tags and an issue that almost everybody
received. Then each of QUESTIONS is counted as `mailer segments count` does it. What each took is written to
REPORT as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select

from benchmarks.instruments import HERE
from benchmarks.letters import Crowd, Letter, person
from benchmarks.programs import bare_environment
from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.field import FieldType
from mailer.people.field_types import declare_types
from mailer.people.segments.counting import count, count_people
from mailer.people.segments.stored import asked_for, known_to
from mailer.people.suppressing import Hashing
from mailer.services.segments import today
from mailer.store.dialect import learn, load
from mailer.store.schema import outcomes, sends, subscribers, subscriptions

BATCH = 50_000  # people in a transaction
TIMES = 3
TOWNS = ("Oslo", "oslo", "Bergen", "Ålesund", "Tromsø", *(f"Port {number}" for number in range(200)))
TYPES = {
    "city": FieldType.TEXT,
    "paid": FieldType.BOOLEAN,
    "donated": FieldType.NUMBER,
    "born": FieldType.DATE,
}
# What is asked, by what it is about: what people have of their own, and what the lists and the ledger know.
OWN = (
    "language in (nb, nn)",
    "tag:press",
    'city = "Oslo"',
    "city = ÅLESUND",
    "paid is true",
    "donated > 100",
    "born is today",
    "random 10%",
    'city = "Oslo" and tag:press and joined > 90d ago',
    "(paid is true or donated > 100) and not tag:press and city in (Oslo, Bergen)",
)
JOINED = (
    "list:weekly",
    'received "harbour"',
    "not received last 3",
    "bounced",
    'tag:press and list:weekly and not received "harbour"',
)


Counted = Mapping[str, tuple[int, float, float]]
"""By definition: how many people, seconds for that number alone, seconds for it by list."""


def counted_segments(crowd: Crowd, people: int) -> Counted:
    """Count segments of so many people, made of the one in `crowd`."""
    with crowd.copy(Letter("note", 0, 0)) as root:
        report = root / "counted.json"
        words = [sys.executable, "-m", "benchmarks.segmenting", str(root), str(people), str(report)]
        subprocess.run(words, cwd=HERE.parent, env=bare_environment(), check=True)
        return {definition: tuple(found) for definition, found in json.loads(report.read_text()).items()}


def main(root: Path, people: int, report: Path) -> None:
    """Make the people, count, and write how long it took in seconds: the number alone, and by list."""
    app = App(root)
    _fill(app, people)
    found = {}
    for definition in (*OWN, *JOINED):
        with app.database.connect() as connection:
            known = known_to(connection, today(app))
            condition = asked_for(definition, known)
            alone = _took(lambda c, a=condition, k=known: count_people(c, a, k), app)
            by_list = _took(lambda c, a=condition, k=known: count(c, a, k, app.now()), app)
            found[definition] = [count_people(connection, condition, known), alone, by_list]
    report.write_text(json.dumps(found))


def _took(ask: Callable[[Connection], object], app: App) -> float:
    times = []
    for _ in range(TIMES + 1):
        began = time.monotonic()
        with app.database.connect() as connection:
            ask(connection)
        times.append(time.monotonic() - began)
    # The first one fills the caches; the best of the others is what else goes on here the least.
    return min(times[1:])


def _fill(app: App, people: int) -> None:
    with app.database.begin() as connection:
        declare_types(connection, TYPES)
        someone, joined = (
            connection.execute(select(table)).mappings().one() for table in (subscribers, subscriptions)
        )
        send = {"id": 1, "slug": "harbour", "audience": "{}", "subject": "s", "revision": "r"}
        connection.execute(insert(sends), send | {"created_at": app.now(), "proved_at": app.now()})
        hashing = Hashing.made(connection)
    for begin in range(1, people, BATCH):
        numbers = range(begin, min(begin + BATCH, people))
        with app.database.begin() as connection:
            rows = [_other(someone, number, hashing) for number in numbers]
            load(connection, subscribers, [tuple(row.values()) for row in rows])
            on = [tuple({**joined, "subscriber_id": row["id"]}.values()) for row in rows]
            load(connection, subscriptions, on)
            load(connection, outcomes, [_outcome(row["id"], app) for row in rows])
    with app.database.begin() as connection:
        learn(connection, subscribers, subscriptions, outcomes)


def _other(someone: Any, number: int, hashing: Hashing) -> dict[str, Any]:
    email, name, *_ = person(number, varied=True)
    key = Address.parse(email).key
    fields = {
        "city": TOWNS[number * 7 % len(TOWNS)],
        "paid": number % 3 == 0,
        "donated": number * 13 % 5000,
        "born": f"19{number % 60 + 40}-{number % 12 + 1:02}-{number % 28 + 1:02}",
    }
    return {
        **someone,
        "id": someone["id"] + number,
        "email": email,
        "email_key": key,
        "address_hash": hashing.of(key),
        "name": name,
        "language": ("nb", "nn", "en", "de")[number % 4],
        "tags": [tag for place, tag in enumerate(("press", "crew", "board")) if number % (place + 5) == 0],
        "fields": fields,
        "created_at": someone["created_at"] - timedelta(days=number % 1000),
    }


def _outcome(subscriber_id: int, app: App) -> tuple[Any, ...]:
    known = {
        "send_id": 1,
        "subscriber_id": subscriber_id,
        "number": 1,
        "state": "failed" if subscriber_id % 100 == 0 else "accepted",
        "stage": "content",
        "at": app.now(),
        "reply": "250 2.0.0 Ok: queued as 4F1C2D3E5A",
        "revision": 1,
        "tried": True,
    }
    return tuple(known.get(column.name) for column in outcomes.c)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
