"""Messages in files, mboxes, Maildirs, folders and on standard input, one after the other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailer.errors import UsageError
from mailer.services.returned_files import read_all

MAIL = b"From: ada@quay.example\nSubject: Tide\n\nLow.\n"
LINE = b"From MAILER-DAEMON Sun Nov 22 09:30:00 2026\n"


def read(*names: Path) -> list[tuple[str, bytes]]:
    return [(Path(each.file).name, each.octets) for each in read_all(map(str, names))]


def test_a_file_is_one_message_whatever_stands_in_it(tmp_path: Path) -> None:
    quiet = MAIL + b"\nFrom here on it is quiet.\n"
    for name, octets in {"a": MAIL, "b": b"", "c": b"\0\xff", "d": quiet}.items():
        (tmp_path / name).write_bytes(octets)
        assert read(tmp_path / name) == [(name, octets)]


def test_an_mbox_is_taken_apart_and_its_quotes_taken_off(tmp_path: Path) -> None:
    quoted = MAIL + b"\n>From the harbour.\n>>From afar.\n From here.\nFrom there to 2026.\n"
    (tmp_path / "box").write_bytes(LINE + quoted + b"\n" + LINE + MAIL + b"\n" + LINE)
    assert read(tmp_path / "box") == [
        ("box#1", quoted.replace(b">From", b"From") + b"\n"),
        ("box#2", MAIL + b"\n"),
        ("box#3", b""),
    ]


def test_a_maildir_gives_what_is_new_and_what_was_seen(tmp_path: Path) -> None:
    for folder in ("tmp", "new", "cur"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / f"1.{folder}").write_bytes(MAIL)
    assert [name for name, _ in read(tmp_path)] == ["1.new", "1.cur"]


def test_a_folder_gives_its_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    for name in ("2.eml", "1.eml", ".hidden"):
        (tmp_path / name).write_bytes(MAIL)
    (tmp_path / "0.mbox").write_bytes(LINE + MAIL + b"\n" + LINE + MAIL)
    assert [name for name, _ in read(tmp_path)] == ["0.mbox#1", "0.mbox#2", "1.eml", "2.eml"]


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.eml can't be read: No such file") as error:
        read(tmp_path / "gone.eml")
    assert "Maildir" in error.value.next_step


def test_a_name_that_is_no_text_can_be_printed(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.eml"
    Path(os.fsdecode(path)).write_bytes(MAIL)
    assert read(tmp_path) == [("caf\ufffd.eml", MAIL)]
