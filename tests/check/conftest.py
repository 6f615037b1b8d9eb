"""What the tests of `mailer check` share."""

from __future__ import annotations

from pathlib import Path

import pytest
from proofs import Workshop


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Where the layout is what is looked at."""
    return Workshop(tmp_path_factory.mktemp("bundled"), bundled=True)
