"""Attachments: files beside the issue, or an error that names the line of front matter."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import picture

from mailer.compose.images.attachments import BLOCKED, attached
from mailer.compose.issue.source import read_issue
from mailer.domain.issue import Issue
from mailer.errors import IssueError
from mailer.message.mime.enclosure import Enclosure


def issue(folder: Path, *names: str) -> Issue:
    listed = "".join(f"\n  - '{name}'" for name in names)
    text = f"---\ntitle: Harbour\nattachments:{listed}\n---\nBody.\n"
    return read_issue(str(folder / "harbour.md"), text.encode())[0]


def refused(folder: Path, *names: str, images: tuple[Enclosure, ...] = ()) -> IssueError:
    with pytest.raises(IssueError) as refusal:
        attached(issue(folder, *names), images)
    assert refusal.value.line == 3
    assert refusal.value.next_step
    return refusal.value


def test_each_file_comes_along_once_in_order(tmp_path: Path) -> None:
    (tmp_path / "papers").mkdir()
    (tmp_path / "papers/programme.pdf").write_bytes(b"%PDF")
    (tmp_path / "tides.csv").write_text("Montag,06:14 – 18:40\n")
    found = attached(issue(tmp_path, "tides.csv", "papers/programme.pdf", "./tides.csv"))
    assert found == (
        Enclosure("tides.csv", "text/csv", "Montag,06:14 – 18:40\n".encode(), "utf-8"),
        Enclosure("programme.pdf", "application/pdf", b"%PDF"),
    )


def test_one_line_may_name_several(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"%PDF")
    text = b"Title: Harbour\nAttachments: a.pdf, b.pdf\n\nBody.\n"
    found = attached(read_issue(str(tmp_path / "harbour.md"), text)[0])
    assert [each.name for each in found] == ["a.pdf", "b.pdf"]


@pytest.mark.parametrize(
    ("name", "content_type"),
    [
        ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.ics", "text/calendar"),
        ("a.eml", "application/octet-stream"),
        ("a.tar.gz", "application/gzip"),
        ("a.svg", "image/svg+xml"),
        ("a", "application/octet-stream"),
        ("A.PDF", "application/pdf"),
    ],
)
def test_the_name_says_what_it_is(tmp_path: Path, name: str, content_type: str) -> None:
    (tmp_path / name).write_bytes(b"\xff")
    (found,) = attached(issue(tmp_path, name))
    assert (found.content_type, found.charset) == (content_type, "")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("gone.pdf", "does not exist"),
        ("empty.pdf", "empty file"),
        ("../secret.pdf", "leads out of"),
        ("link.pdf", "leads out of"),
        ("/etc/passwd", "absolute"),
        ("papers\\a.pdf", "backslashes"),
        ("papers", "is a folder"),
        ("setup.EXE", "is a program"),
        ("run.js", "is a program"),
        ("huge.pdf", "has 50.0 MB; it may have 7.0 MB"),
    ],
)
def test_what_can_not_be_sent_is_refused_with_its_line(tmp_path: Path, name: str, problem: str) -> None:
    folder = tmp_path / "issues"
    (folder / "papers").mkdir(parents=True)
    (tmp_path / "secret.pdf").write_bytes(b"%PDF")
    (folder / "link.pdf").symlink_to(tmp_path / "secret.pdf")
    (folder / "empty.pdf").touch()
    (folder / "setup.EXE").write_bytes(b"MZ")
    (folder / "run.js").write_bytes(b"x")
    with (folder / "huge.pdf").open("wb") as file:
        file.truncate(50_000_000)
    assert problem in str(refused(folder, name))


def test_programs_are_known_by_their_endings() -> None:
    assert {"exe", "js", "bat", "iso", "ps1"} <= BLOCKED
    assert not BLOCKED & {"pdf", "zip", "docx", "ics", "csv"}


def test_together_they_may_not_be_too_much(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(b"x" * 3_000_000)
    attached(issue(tmp_path, "a.pdf", "b.pdf"))
    image = Enclosure("quay.png", "image/png", picture("PNG") + b"x" * 1_200_000, content_id="x")
    error = refused(tmp_path, "a.pdf", "b.pdf", images=(image,))
    assert "come to 7.2 MB; a mail may have 7.0 MB" in str(error)
    assert "a.pdf (3.0 MB), b.pdf (3.0 MB), quay.png (1.2 MB)" in str(error.next_step)


def test_a_tag_in_a_name_is_no_tag(tmp_path: Path) -> None:
    assert "does not exist" in str(refused(tmp_path, "{{ subscriber.name }}.pdf"))
