"""For all tests: each gets its level, and no example a time limit, because the machines are shared."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest
import urllib3  # noqa: F401  # premailer's; it binds a socket while it is imported, which is no test's doing
from hypothesis import HealthCheck, settings
from levels import LEAVING, level_of, longest_first

if TYPE_CHECKING:
    from postgresql import Server

settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
# For `make quick`: the same examples each time, and fewer, where a test doesn't say how many it needs.
settings.register_profile("quick", settings.get_profile("shared machine"), derandomize=True, max_examples=20)
settings.load_profile("shared machine")

_left: list[str] = []
sys.addaudithook(lambda event, _: _left.append(event) if event in LEAVING else None)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark a test with its level."""
    item.add_marker(level_of(item))


@pytest.hookimpl(optionalhook=True)  # xdist's, which is not to be had wherever tests of level unit run
def pytest_xdist_auto_num_workers() -> int:
    """Have one process more than there are processors: many a test waits for one that it has started."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where processes share the files, have the long ones begin first, lest all wait for one in the end."""
    if hasattr(config, "workerinput"):
        items[:] = longest_first(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep all modules and tests from being looked through for garbage again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Forget what tests before this one did."""
    _left.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test of level unit that left this process."""
    result = yield
    if level_of(item) == "unit":
        assert not _left, f"{sorted(set(_left))} in a test of level unit: mark it with @pytest.mark.peers"
    return result


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server for all tests of this process."""
    from postgresql import with_template  # its packages are not to be had wherever tests of level unit run

    with with_template() as server:
        yield server


BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.peers))


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty database, of the one kind and of the other."""
    yield from _new_url(request)


@pytest.fixture(params=BOTH, scope="module")
def kept_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The same, for all tests of a module."""
    yield from _new_url(request)


def _new_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield "sqlite:///mailer.db"
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.passing() as url:
        yield url
