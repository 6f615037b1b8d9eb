"""The benchmarks are no part of the package: they are found from the top of the tree."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))


@pytest.fixture
def compiler() -> str:
    """The C compiler that builds the instruments."""
    found = shutil.which("cc")
    if found is None:
        pytest.skip("there is no C compiler (cc) for the sink")
    return found
