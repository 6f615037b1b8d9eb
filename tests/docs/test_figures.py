"""The figures in the architecture are counted right, and those that must hold, hold."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "docs"))

import figures  # noqa: E402 - a script that stands beside what it writes

SAMPLE = '''"""A tide table."""

# In metres.
HIGH = 3.1  # at noon


class Tide:
    """One tide.

    Low or high.
    """

    def height(self) -> float:
        """How high."""

        # At the quay.
        return (
            HIGH
        )


class _Hidden:
    text = """
    # no comment
    """
'''


def test_lines_are_code_comments_or_docstrings(tmp_path: Path) -> None:
    file = tmp_path / "tide.py"
    file.write_text(SAMPLE)
    source = figures.Source(file)
    assert source.lines == SAMPLE.count("\n")
    assert sorted(source.docstrings) == [1, 8, 9, 10, 11, 14]
    assert sorted(source.comments) == [3, 16]
    assert sorted(source.code) == [4, 7, 13, 17, 18, 19, 22, 23, 24, 25]
    assert source.functions == [4]
    assert source.classes == ["Tide"]


def test_the_page_has_a_place_for_them() -> None:
    assert figures.BETWEEN.search(figures.PAGE.read_text(encoding="utf-8"))


@pytest.mark.peers
def test_no_function_is_too_complex() -> None:
    every = figures.complexities()
    assert max(max(each) for each in every.values()) <= 10
    assert len(every) > 100


def test_no_two_folders_import_each_other() -> None:
    assert figures.two_way_imports() == []


def test_a_class_has_mostly_a_name_of_its_own() -> None:
    assert len(figures.repeated_classes()) <= 5
