"""The event loop of everything that sends: uvloop where it is installed, asyncio's own otherwise.

By measurement uvloop saves an eighth of what the SMTP client costs with CHUNKING, a sixth without.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Run `main` in a new event loop, as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        return runner.run(main)


def _new_event_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:  # there is no wheel for every system
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
