from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from mailer.domain.audience import Audience
from mailer.people.lists import Lists
from mailer.store.database import open_database
from mailer.store.schema import sends

sys.path.insert(0, str(Path(__file__).parent.parent))  # for tests/browser.py
from browser import browser as browser
from harbour import DATABASE, KEY, NOW, Harbour, serving


@pytest.fixture(scope="module")
def harbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harbour]:
    root = tmp_path_factory.mktemp("workspace")
    (root / ".env").write_text(f"SECRET_KEY={KEY.decode()}\nDATABASE_URL={DATABASE}\n")
    database = open_database(DATABASE, root)
    weekly = Lists(database).create("weekly", NOW, "Harbour Gazette Weekly").id
    tides = Lists(database).create("tides", NOW, "Tide Tables").id
    audience = Audience(lists=("weekly", "tides"))
    row = {
        "slug": "harbour",
        "audience": audience.canonical(),
        "subject": "x",
        "revision": "0",
    }
    with database.begin() as connection:
        send = connection.execute(insert(sends), {**row, "created_at": NOW}).inserted_primary_key[0]
    log = root / "serve.log"
    with serving(root, log) as url:
        yield Harbour(root, url, database, log, weekly, tides, send)
    database.dispose()
