"""SpamAssassin by its local rules: no DNS, no network, nothing learned. It starts once for many messages."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

MISSING = "SpamAssassin is not installed (Debian: apt-get install spamassassin)"


def reports(messages: Sequence[bytes], home: Path) -> list[tuple[float, str]]:
    """Return for each message its points, and the rules that it hits with theirs. Skips where there is none.

    Preferences and whatever it learns stay in `home`.
    """
    if not shutil.which("spamassassin"):
        pytest.skip(MISSING)
    files = [home / f"{number}.eml" for number in range(len(messages))]
    for file, message in zip(files, messages, strict=True):
        file.write_bytes(message)
    done = subprocess.run(
        ["spamassassin", "--local", "--test-mode", "--prefspath", str(home / "prefs"), *map(str, files)],
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        check=True,
        timeout=300,
    )
    said = done.stdout.decode().split("X-Spam-Checker-Version:")[1:]
    found = [
        re.search(r"^Content analysis details: +\(([-0-9.]+) points.*", each, re.M | re.S) for each in said
    ]
    assert len(found) == len(messages)
    assert all(found), said
    return [(float(each[1]), each[0]) for each in found if each]
