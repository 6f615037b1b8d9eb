"""A mail server that makes trouble, in a process of its own: ours is busy with what it rehearses."""

from __future__ import annotations

import argparse
import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailer.sandbox.process import stop
from mailer.sandbox.scripted_server import EXTENSIONS, ScriptedServer
from mailer.sandbox.trouble import LEVELS, Trouble

ACCEPTED = "accepted.log"
DEEDS = "deeds.log"


@contextmanager
def running_troublemaker(folder: Path, level: str, seed: int) -> Iterator[int]:
    """Start one that keeps its logs in `folder`, and yield its port on 127.0.0.1; stop it at the end.

    It also ends when this process does, however that dies: it waits for the end of a pipe that only we hold.
    """
    command = [sys.executable, "-m", __name__, str(folder), "--level", level, "--seed", str(seed)]
    process = subprocess.Popen(  # noqa: S603
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        stop(process)


async def serve(folder: Path, level: str, seed: int) -> None:
    """Print the port, and serve until standard input ends."""
    server = ScriptedServer(log=folder / ACCEPTED, extensions=(*EXTENSIONS, "CHUNKING"))
    trouble = Trouble(server, folder / DEEDS, random.Random(seed), LEVELS[level])  # noqa: S311
    server.script = trouble.script
    async with server:
        print(server.port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--level", choices=LEVELS, required=True)
    parser.add_argument("--seed", type=int, required=True)
    asyncio.run(serve(**vars(parser.parse_args())))
