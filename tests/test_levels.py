"""Every test has one level, by which `make quick` chooses."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from itertools import groupby

import pytest
from levels import FOLDERS, LEVELS, TESTS, level_of, longest_first


def test_every_test_has_exactly_one_level(request: pytest.FixtureRequest) -> None:
    for item in request.session.items:
        levels = {mark.name for mark in item.iter_markers() if mark.name in LEVELS}
        assert len(levels) == 1, (item.nodeid, levels)
        assert "browser" not in getattr(item, "fixturenames", ()) or levels == {"browser"}, item.nodeid


def test_files_that_take_long_begin_first_and_keep_the_order_of_their_tests(
    request: pytest.FixtureRequest,
) -> None:
    items = request.session.items
    place = {item: number for number, item in enumerate(items)}
    files = [list(each) for _, each in groupby(longest_first(items), key=lambda item: item.path)]
    assert sum(map(len, files)) == len(items)
    assert len(files) == len({each[0].path for each in files}), "no file in two pieces"
    highest = [max(LEVELS.index(level_of(each)) for each in tests) for tests in files]
    assert highest == sorted(highest, reverse=True)
    assert all(tests == sorted(tests, key=place.__getitem__) for tests in files)


def test_the_folders_with_a_level_are_there_and_the_levels_known(pytestconfig: pytest.Config) -> None:
    assert all((TESTS / folder).is_dir() for folder in FOLDERS)
    known = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    assert {*FOLDERS.values(), *LEVELS} <= known


def open_a_socket() -> None:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))


def start_a_process() -> None:
    subprocess.run(["true"], check=True)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="a test of level unit may do neither")
@pytest.mark.parametrize("leave", [open_a_socket, start_a_process])
def test_what_leaves_its_process_is_not_of_level_unit(leave: Callable[[], None]) -> None:
    leave()
