"""What SpamAssassin makes of each layout's sample by its local rules: no DNS, no network, nothing learned."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pictures import picture
from written_mail import SAMPLE_NAMES, SAMPLES, write_message

from mailer.bundled import sample

LAYOUTS = [name for name in SAMPLE_NAMES if "." not in name]  # translations make no difference
FILES = {"harbour": sample("harbour.md"), **{name: SAMPLES / f"{name}.md" for name in LAYOUTS}}
MOST = 1.0  # points; a mail is taken for spam at 5


def score(message: bytes, home: Path) -> tuple[float, str]:
    """The points of a message, and the rules that it hits with their points."""
    if not shutil.which("spamassassin"):
        pytest.skip("SpamAssassin is not installed (Debian: apt-get install spamassassin)")
    # Preferences and whatever it learns stay in a folder of the test's own.
    command = ["spamassassin", "--local", "--test-mode", "--prefspath", str(home / "prefs")]
    said = subprocess.run(
        command,
        input=message,
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"},
        capture_output=True,
        check=True,
        timeout=120,
    ).stdout.decode()
    found = re.search(r"^Content analysis details: +\(([-0-9.]+) points", said, re.MULTILINE)
    assert found, said
    return float(found[1]), said[found.start() :]


@pytest.mark.parametrize("name", FILES)
def test_a_sample_is_far_from_spam(name: str, tmp_path: Path) -> None:
    points, rules = score(write_message(FILES[name]), tmp_path)
    print(f"{name}: {rules}")
    assert points < MOST, rules


def test_images_and_attachments_make_no_difference(tmp_path: Path) -> None:
    for name, content in {
        "quay.jpg": picture("JPEG", 1280, 640),
        "programme.pdf": b"%PDF-1.7\n" * 99,
    }.items():
        (tmp_path / name).write_bytes(content)
    text = sample("harbour.md").read_text(encoding="utf-8")
    text = text.replace("list: weekly\n", "list: weekly\nattachments: programme.pdf\n", 1)
    (tmp_path / "harbour.md").write_text(f"{text}\n![The quay at noon](quay.jpg)\n", encoding="utf-8")
    points, rules = score(write_message(tmp_path / "harbour.md"), tmp_path)
    print(rules)
    assert points < MOST, rules
