"""The server process: prints its port, serves until its standard input ends."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from pathlib import Path

from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import EXTENSIONS, ScriptedServer
from mailer.sandbox.trouble import MUCH, Trouble
from torture.faults import BALKING, TroubleWithTexts


async def serve(
    folder: Path,
    seed: int,
    *,
    chunking: bool = False,
    balking: bool = False,
    corrects: bool = False,
    calm: bool = False,
    host: str = "127.0.0.1",
) -> None:
    """Accept and misbehave, keeping `accepted.log`, `deeds.log` and `texts.log` in `folder`.

    Where it is `calm` it does neither well nor badly, but slowly: there is time for other things to go wrong.
    """
    extensions = (*EXTENSIONS, "CHUNKING") if chunking else EXTENSIONS
    server = ScriptedServer(log=folder / "accepted.log", extensions=extensions, host=host)
    kind = TroubleWithTexts if corrects else Trouble
    trouble = kind(server, folder / "deeds.log", random.Random(seed), BALKING if balking else MUCH)
    server.script = slow if calm else trouble.script
    async with server:
        print(server.port, flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    trouble.forget_taken()


SLOW = 0.004  # seconds a message


def slow(stage: Stage, count: int) -> None:
    """Take so long for each message, whoever it is from."""
    if stage is Stage.CONTENT:
        time.sleep(SLOW)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--chunking", action="store_true")
    parser.add_argument("--balking", action="store_true")
    parser.add_argument("--corrects", action="store_true")
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--host", default="127.0.0.1")
    asyncio.run(serve(**vars(parser.parse_args())))


if __name__ == "__main__":
    main()
