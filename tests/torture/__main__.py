"""`make torture`: kill the sender at random moments, against a server that misbehaves; then count."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from contextlib import nullcontext
from pathlib import Path

import pytest
from postgresql import Server, programs, running

from torture.judgement import Judgement
from torture.machines import Machines
from torture.ordeal import Ordeal, Size


def main() -> int:
    """Run the ordeal in each way asked for; return how many broke the promise."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="of what goes wrong; default: a random one")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument(
        "--only", choices=[*WAYS, MACHINES], action="append", help="default: every way in turn"
    )
    parser.add_argument("--postgresql", action="store_true", help="keep the ledger there; machines always do")
    asked = parser.parse_args()
    with running() if asked.postgresql else nullcontext() as server:
        return torment(asked, server)


def torment(asked: argparse.Namespace, server: Server | None) -> int:
    """Do what is asked for; return how many broke the promise."""
    broken = 0
    for _ in range(asked.rounds):
        seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
        for way in asked.only or [*WAYS, MACHINES]:
            size = Size(asked.people, asked.kills)
            broken += not (
                endure_machines(seed, size) if way == MACHINES else endure(way, seed, size, server)
            )
    return broken


MACHINES = "machines"

WAYS: dict[str, dict[str, bool]] = {
    "pipelining": {},
    "pipelining-resend": {"resend": True},
    "chunking": {"chunking": True},
    "chunking-resend": {"chunking": True, "resend": True},
    "corrected": {"chunking": True, "resend": True, "corrects": True},
    "balking": {"chunking": True, "balking": True},
}


def endure(way: str, seed: int, size: Size, server: Server | None) -> bool:
    """Run one ordeal and print its verdict; return whether the promise was kept, else leave the evidence."""
    folder = Path(tempfile.mkdtemp(prefix=f"torture-{way}-{seed}-"))
    print(f"{way}: {size.people:,} people, {size.kills} kills, --seed {seed}", flush=True)
    began = time.monotonic()
    ordeal = Ordeal(folder, seed, size, url=server.database("template0") if server else "", **WAYS[way])
    ordeal.run()
    judgement = Judgement(ordeal)
    faults = judgement.faults()
    print(f"  {summary(judgement)}, {time.monotonic() - began:.0f} s", flush=True)
    return _verdict(faults, folder)


def endure_machines(seed: int, size: Size) -> bool:
    """Do the same by several machines and a database that they share, if one can be had."""
    try:
        programs()
    except pytest.skip.Exception as reason:
        print(f"machines: left out, {reason}", flush=True)
        return True
    folder = Path(
        tempfile.mkdtemp(prefix=f"torture-machines-{seed}-", dir="/tmp")
    )  # a socket's name is short
    folder.chmod(0o755)  # PostgreSQL runs as somebody else
    print(f"machines: {size.people:,} people, {size.kills} misfortunes, --seed {seed}", flush=True)
    began = time.monotonic()
    ordeal = Machines(folder, seed, size.people, size.kills)
    ordeal.run()
    print(f"  {ordeal.summary()}, {time.monotonic() - began:.0f} s", flush=True)
    return _verdict(ordeal.complaints, folder)


def _verdict(faults: list[str], folder: Path) -> bool:
    for fault in faults[:20]:
        print(f"  BROKEN: {fault}", flush=True)
    if faults:
        print(f"  {len(faults)} breaches; the evidence is in {folder}", flush=True)
    else:
        shutil.rmtree(folder)
    return not faults


def summary(judgement: Judgement) -> str:
    """Return the figures of an ordeal in a line."""
    ordeal = judgement.ordeal
    states = Counter(judgement.states.values())
    kinds = Counter(deed.kind for deed in judgement.deeds.values())
    return (
        f"{ordeal.kills} kills in mid-send, {ordeal.early} at the start, {ordeal.runs} runs; "
        f"{sum(kinds.values()) - kinds['taken']} faults; "
        + ", ".join(f"{state} {count:,}" for state, count in sorted(states.items()))
        + f"; in doubt {sum(judgement.uncertain.values())} times, {judgement.deaths} by death; "
        f"{judgement.duplicates} duplicates"
    )


if __name__ == "__main__":
    sys.exit(min(main(), 1))
