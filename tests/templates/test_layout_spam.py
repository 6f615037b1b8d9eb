"""What SpamAssassin makes of each layout's sample."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import picture
from spamassassin import reports
from written_mail import SAMPLE_NAMES, SAMPLES, write_message

from mailer.workspace.bundled import sample

LAYOUTS = [name for name in SAMPLE_NAMES if "." not in name]  # translations make no difference
MOST = 1.0  # points; a mail is taken for spam at 5


def with_files(folder: Path) -> Path:
    """Write the sample issue with an image and an attachment."""
    for name, content in {
        "quay.jpg": picture("JPEG", 1280, 640),
        "programme.pdf": b"%PDF-1.7\n" * 99,
    }.items():
        (folder / name).write_bytes(content)
    text = sample("harbour.md").read_text(encoding="utf-8")
    text = text.replace("list: weekly\n", "list: weekly\nattachments: programme.pdf\n", 1)
    path = folder / "harbour.md"
    path.write_text(f"{text}\n![The quay at noon](quay.jpg)\n", encoding="utf-8")
    return path


@pytest.mark.peers
def test_the_samples_are_far_from_spam(tmp_path: Path) -> None:
    files = [sample("harbour.md"), with_files(tmp_path), *(SAMPLES / f"{name}.md" for name in LAYOUTS)]
    judged = zip(files, reports([write_message(file) for file in files], tmp_path), strict=True)
    assert {str(file): rules for file, (points, rules) in judged if points >= MOST} == {}
