"""The small torture: killed at random, against a server that misbehaves. `make torture` is the large one."""

from __future__ import annotations

import secrets

import pytest
from torture.__main__ import WAYS
from torture.judgement import Judgement
from torture.ordeal import Ordeal, Size


@pytest.mark.parametrize("way", ["pipelining", "chunking-resend"])
def test_nobody_is_skipped_or_doubled_whatever_dies(way, tmp_path):
    seed = secrets.randbelow(1_000_000)
    print(f"again: make torture TORTURE='--people 750 --kills 4 --only {way} --seed {seed}'")
    ordeal = Ordeal(tmp_path, seed, Size(people=750, kills=4), **WAYS[way])
    ordeal.run()
    judgement = Judgement(ordeal)
    assert judgement.faults() == []
    assert len(judgement.attempts) >= 750 and ordeal.kills >= 2
