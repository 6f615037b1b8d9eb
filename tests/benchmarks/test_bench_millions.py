"""A send to nowhere is a whole one, and what follows from it for more people is no less than it was."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from benchmarks.instruments import Unavailable
from benchmarks.letters import Crowd, Letter, people
from benchmarks.millions import EXTRAPOLATED, Size, carried_on, growth_table, send_to_nowhere, sizes
from benchmarks.postgresql import Server, postgresql
from benchmarks.programs import earlier
from mailer.bootstrap import App
from mailer.store.schema import keys, metadata


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def server(request: pytest.FixtureRequest) -> Iterator[Server | None]:
    """None for SQLite, else a server."""
    if request.param == "SQLite":
        yield None
        return
    try:
        with postgresql() as found:
            yield found
    except Unavailable as missing:
        pytest.skip(str(missing))


def test_a_send_to_nowhere_settles_everybody(server: Server | None) -> None:
    with people(30, server=server) as crowd:
        size = send_to_nowhere(crowd, Letter("note", 1, 3000))
    assert size.people == 30
    assert size.each["of it taking, µs"] > 0 < size.each["of it recording, µs"]
    assert size.each["written, octets a recipient"] > 0
    assert all(figure > 0 for figure in (*size.clock.values(), *size.whole.values()))
    assert any("the server's" in name for name in size.each) == (server is not None)


def test_sizes_lead_up_to_the_most_by_tens() -> None:
    assert sizes(1_000_000) == [100_000, 1_000_000]
    assert sizes(30_000_000) == [300_000, 3_000_000, 30_000_000]
    assert sizes(10_000) == [10_000]


def test_a_figure_is_carried_on_as_it_grew_but_never_more_cheaply() -> None:
    million = EXTRAPOLATED // 100
    assert carried_on((million // 10, 1.0), (million, 10.0), whole=True) == pytest.approx((1, 1000))
    assert carried_on((million // 10, 5.0), (million, 100.0), whole=True)[1] == pytest.approx(40_000)
    assert carried_on((million // 10, 4.0), (million, 5.0), whole=False)[1] == pytest.approx(7.8125)
    assert carried_on((million // 10, 6.0), (million, 5.0), whole=False)[1] == pytest.approx(5)
    assert carried_on((million // 10, 0.0), (million, 5.0), whole=False) is None


def test_what_costs_a_part_once_is_carried_on_by_the_rest() -> None:
    million = EXTRAPOLATED // 100
    assert carried_on((million // 10, 1.9), (million, 10.0), whole=True)[1] == pytest.approx(901)
    assert carried_on((million // 10, 0.6), (million, 0.5), whole=True)[1] == pytest.approx(0.5)


def test_neither_one_size_nor_what_the_clock_says_is_extrapolated() -> None:
    (_, *head, _, _), row = growth_table([Size(10, {}, {"the send, GB": 2.0})], str)
    assert (head, row) == (["10"], ("the send, GB", "2.0", "–", "–"))
    small, large = (Size(number, {"freezing, s": 2.0}, {"the send, GB": number / 10}) for number in (10, 100))
    _, clock, whole = growth_table([small, large], str)
    assert clock[-2:] == ("–", "–")
    assert whole[-2:] == ("N^1.00", str(EXTRAPOLATED / 10))


def test_an_earlier_commit_that_is_in_no_history_here_is_said_to_be_missing() -> None:
    with pytest.raises(Unavailable, match="not in a git history"):
        earlier("no-such-revision")


def test_whoever_is_written_like_the_first_is_as_the_importer_would_have_them(server: Server | None) -> None:
    with people(3, server=server, varied=True) as imported:
        expected = _everything(imported)
    with people(3, server=server, varied=True, imported=1) as multiplied:
        assert _everything(multiplied) == expected
        words = ("subscribers", "add", "harry@inbox.example", "--list", "weekly")
        multiplied.program.run(multiplied.root, *words)
        assert [row["id"] for row in _everything(multiplied)["subscribers"]] == [1, 2, 3, 4]


def _everything(crowd: Crowd) -> dict[str, list[dict[str, Any]]]:
    """Return all of a database but what may differ between two imports: moments, and hashes by its key."""
    app = App(crowd.root, environ={})
    with app.database.connect() as connection:
        rows = {
            table.name: [
                {
                    name: name == "address_hash" or value
                    for name, value in row._asdict().items()
                    if not isinstance(value, datetime)
                }
                for row in connection.execute(select(table).order_by(*table.primary_key))
            ]
            for table in metadata.sorted_tables
            if table is not keys
        }
    app.let_go()
    return rows
