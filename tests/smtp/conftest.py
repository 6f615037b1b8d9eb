from __future__ import annotations

import asyncio
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

sys.path.insert(0, str(Path(__file__).parent.parent))  # for tests/postfix.py


@pytest.fixture(params=["asyncio", "uvloop"])
def each_loop(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run a test by either event loop that we send with."""
    choose_loop(request.param)
    yield
    choose_loop(None)


def choose_loop(name: str | None) -> None:
    """Say what `asyncio.run` runs: by a policy, which is deprecated from Python 3.14 on, but still there."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        policies = {"asyncio": asyncio.DefaultEventLoopPolicy, "uvloop": uvloop.EventLoopPolicy}
        asyncio.set_event_loop_policy(policies[name]() if name else None)
