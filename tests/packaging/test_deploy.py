"""What is in `deploy/` is in order by the program that is to read it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"

pytestmark = pytest.mark.peers


@pytest.mark.parametrize("unit", sorted(DEPLOY.glob("*.service")), ids=lambda unit: unit.name)
def test_systemd_has_nothing_to_say_of_a_unit(unit, tmp_path):
    assert verified(unit.read_text(), tmp_path) == ""


def test_systemd_would_say_something(tmp_path):
    unit = (DEPLOY / "mailer-work.service").read_text()
    assert "alwys" in verified(unit.replace("Restart=always", "Restart=alwys"), tmp_path)


def verified(unit: str, root: Path) -> str:
    """Return what systemd finds wrong with a unit on a machine that has what it runs."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not here; on Debian: apt-get install systemd")
    (program,) = re.findall(r"^ExecStart=/(\S+)", unit, re.MULTILINE)
    for name, text in ((program, "#!/bin/sh\n"), ("etc/systemd/system/under-test.service", unit)):
        file = root / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
        file.chmod(0o755 if name == program else 0o644)
    command = [analyze, "verify", f"--root={root}", "--man=no", "--recursive-errors=no", "under-test.service"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr
