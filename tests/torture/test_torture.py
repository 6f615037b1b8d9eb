"""The small torture: killed at random, against a server that misbehaves. `make torture` is the large one."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from torture.__main__ import WAYS
from torture.judgement import Judgement
from torture.machines import Machines
from torture.ordeal import Ordeal, Size


# The seed fixes what goes wrong; when the kills meet it is chance all the same.
@pytest.mark.parametrize(
    ("way", "seed", "server"),
    [
        ("pipelining", 11, ""),
        ("corrected", 12, ""),
        ("balking", 21, ""),
        ("chunking-resend", 31, "--postgresql"),
    ],
)
def test_nobody_is_skipped_or_doubled_whatever_dies(way, seed, server, tmp_path, request):
    print(f"again: make torture TORTURE='--people 750 --kills 4 --only {way} --seed {seed} {server}'")
    url = request.getfixturevalue("postgresql").database("template0") if server else ""
    ordeal = Ordeal(tmp_path, seed, Size(people=750, kills=4), url=url, **WAYS[way])
    ordeal.run()
    judgement = Judgement(ordeal)
    assert judgement.faults() == []
    assert len(judgement.attempts) >= 750 and ordeal.kills >= 2


def test_machines_that_share_a_send_are_lost_and_cut_off():
    with TemporaryDirectory(prefix="torture-", dir="/tmp") as name:  # short enough for a socket's
        folder = Path(name)
        folder.chmod(0o755)  # PostgreSQL runs as somebody else
        ordeal = Machines(folder, 41, people=1500, misfortunes=2)
        ordeal.run()
    assert ordeal.complaints == []
    assert sum(ordeal.happened.values()) == 2
