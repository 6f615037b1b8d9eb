"""The level of each test: what it needs beyond the process it runs in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LEVELS = ("unit", "peers", "browser", "torture")  # pyproject.toml says what they are
# The level of what lies in a folder. Elsewhere a test is of level unit, unless it or its module is marked.
FOLDERS = {
    "benchmarks": "peers",
    "e2e": "peers",
    "packaging": "peers",
    "sandbox": "peers",
    "torture": "torture",
    "web": "peers",
}
# What leaves the process; a test of level unit does none of it.
LEAVING = {"subprocess.Popen", "os.fork", "os.posix_spawn", "socket.bind", "socket.connect"}


def level_of(item: pytest.Item) -> str:
    """Return the level: that of its own mark or its module's, of a page in a browser, of its folder."""
    for level in LEVELS:
        if item.get_closest_marker(level):
            return level
    if "browser" in getattr(item, "fixturenames", ()):
        return "browser"
    return FOLDERS.get(item.path.relative_to(TESTS).parts[0], "unit")


def longest_first(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """Return them file by file, those first that take long: of a high level, then with many tests."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)

    def weight(tests: list[pytest.Item]) -> tuple[int, int]:
        return max(LEVELS.index(level_of(each)) for each in tests), len(tests)

    return [item for tests in sorted(files.values(), key=weight, reverse=True) for item in tests]
