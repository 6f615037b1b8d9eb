"""What is looked for in texts: the same on both databases as `domain.fold.caseless` makes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import literal, select

from mailer.domain.fold import caseless
from mailer.store.database import open_database
from mailer.store.searching import SPELLINGS, is_one_of

MANY = "ÅÅÅÅÅÅÅÅ"  # more ways to write it than are compared one by one


@pytest.mark.parametrize("written", ["Ålesund", "ÅLESUND", "\u212blesund", "Alesund", "ålesun"])
@pytest.mark.parametrize("wanted", [["ålesund"], ["oslo", "ålesund"], [caseless(MANY), "ålesund"]])
def test_a_text_is_one_of_several_whatever_the_case(
    database_url: str, tmp_path: Path, written: str, wanted: list[str]
) -> None:
    assert 3 ** len(MANY) > SPELLINGS
    database = open_database(database_url, tmp_path)
    with database.connect() as connection:
        found = connection.scalar(select(is_one_of(literal(written), wanted)))
        many = connection.scalar(select(is_one_of(literal(MANY.lower() + "\u212b"), [caseless(MANY + "Å")])))
    database.dispose()
    assert bool(found) is (caseless(written) in wanted)
    assert many
