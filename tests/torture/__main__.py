"""`make torture`: kill the sender at random moments, against a server that misbehaves; then count."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from torture.judgement import Judgement
from torture.ordeal import Ordeal, Size


def main() -> int:
    """Run the ordeal in each way asked for; return how many broke the promise."""
    parser = argparse.ArgumentParser(prog="torture", description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=None, help="of what goes wrong; default: a random one")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--only", choices=WAYS, action="append", help="default: every way in turn")
    asked = parser.parse_args()
    broken = 0
    for _ in range(asked.rounds):
        seed = secrets.randbelow(1_000_000) if asked.seed is None else asked.seed
        for way in asked.only or WAYS:
            broken += not endure(way, seed, Size(asked.people, asked.kills))
    return broken


WAYS: dict[str, dict[str, bool]] = {
    "pipelining": {},
    "pipelining-resend": {"resend": True},
    "chunking": {"chunking": True},
    "chunking-resend": {"chunking": True, "resend": True},
    "corrected": {"chunking": True, "resend": True, "corrects": True},
    "balking": {"chunking": True, "balking": True},
}


def endure(way: str, seed: int, size: Size) -> bool:
    """Run one ordeal and print its verdict; return whether the promise was kept, else leave the evidence."""
    folder = Path(tempfile.mkdtemp(prefix=f"torture-{way}-{seed}-"))
    print(f"{way}: {size.people:,} people, {size.kills} kills, --seed {seed}", flush=True)
    began = time.monotonic()
    ordeal = Ordeal(folder, seed, size, **WAYS[way])
    ordeal.run()
    judgement = Judgement(ordeal)
    faults = judgement.faults()
    print(f"  {summary(judgement)}, {time.monotonic() - began:.0f} s", flush=True)
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
