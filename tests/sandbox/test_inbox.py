from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.sandbox.inbox import ADDED, Inbox, Received
from mailer.viewer.reading import field_values, header_fields, readable

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def add(inbox: Inbox, content: bytes = b"Subject: Tides\r\n\r\nLow at six.\r\n", *recipients: str) -> int:
    recipients = recipients or ("ada@bay.example",)
    return inbox.add(
        content, sender="editor@gazette.example", recipients=recipients, ehlo="mx", received=NOON
    )


def test_a_message_comes_back_octet_for_octet_with_its_envelope(tmp_path: Path) -> None:
    content = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\r\n.\x00\xff\r\n..\nlone\rbare"
    with Inbox(tmp_path) as inbox:
        local = NOON.astimezone(timezone(timedelta(hours=2)))
        number = inbox.add(
            content, sender="", recipients=("a@x.example", "b@x.example"), ehlo="mx", received=local
        )
        assert inbox.raw(number) == content
        assert inbox.get(number) == Received(
            number, NOON, "mx", "", ("a@x.example", "b@x.example"), "Grüße", len(content)
        )
        assert inbox.parsed(number)["Subject"] == "Grüße"
        assert inbox.path(number).read_bytes() == content


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    assert inbox.get(1) is None
    assert inbox.newest() == []
    assert list(inbox) == []
    assert inbox.count() == 0
    with pytest.raises(FileNotFoundError):
        inbox.raw(1)


def test_pages_run_from_the_newest_and_the_whole_from_the_oldest(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        numbers = [add(inbox) for _ in range(7)]
        assert [each.id for each in inbox.newest(limit=3)] == numbers[:-4:-1]
        assert [each.id for each in inbox.newest(limit=3, offset=6)] == numbers[:1]
        assert [each.id for each in inbox] == numbers


def test_search_looks_in_recipients_and_subject_in_any_case(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        first = add(inbox, "Subject: ÜBERFAHRT\r\n\r\nferry".encode(), "ada@bay.example", "Bo@Quay.example")
        second = add(inbox, b"Subject: 100% tides\r\n\r\n", "cy@bay.example")
        found = {
            word: [each.id for each in inbox.newest(word)]
            for word in ("überfahrt", "bo@quay", "%", "_", "ferry", "")
        }
        assert found == {
            "überfahrt": [first],
            "bo@quay": [first],
            "%": [second],
            "_": [],
            "ferry": [],
            "": [second, first],
        }
        assert inbox.count("bay.example") == 2


def test_neighbours_are_those_of_the_list_that_was_searched(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        ada = [add(inbox, b"\r\n", f"{name}@bay.example") for name in ("ada", "bo", "ada", "bo", "ada")]
        assert (inbox.newer(ada[2]), inbox.older(ada[2])) == (ada[3], ada[1])
        assert (inbox.newer(ada[2], "ADA"), inbox.older(ada[2], "ADA")) == (ada[4], ada[0])
        assert (inbox.newer(ada[4]), inbox.older(ada[0])) == (None, None)


def of_an_issue(subject: str, feedback: str, listed: str = "") -> bytes:
    head = (
        "From: Harbour Gazette <e@gazette.example>\r\nFeedback-ID: {}\r\nList-Id: {}\r\nSubject: {}\r\n\r\n"
    )
    return head.format(feedback, listed, subject).encode()


def test_messages_of_an_issue_belong_together(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        add(inbox)
        tides = [add(inbox, of_an_issue(f"Tides for {name}", "tides:w:x")) for name in ("Ada", "Bo")]
        test = add(inbox, of_an_issue("[Test] Tides", "tides:w:x"))
        clock = [add(inbox, of_an_issue("The clock", "", "<w.gazette.example>")) for _ in range(3)]
        other = add(inbox, of_an_issue("The ferry", "", "<w.gazette.example>"), "cy@bay.example")
        found = [(each.messages, each.newest.id) for each in inbox.issues()]
        assert found == [(1, other), (3, clock[2]), (1, test), (2, tides[1])]
        assert inbox.issues()[3].newest.author == "Harbour Gazette <e@gazette.example>"
        assert [each.newest.id for each in inbox.issues(limit=1)] == [other]
        issue = inbox.issues()[3].newest.issue
        assert [each.id for each in inbox.newest(issue=issue)] == tides[::-1]
        assert inbox.count(issue=issue) == 2
        assert inbox.count("bo", issue=issue) == 1
        assert (inbox.newer(tides[1], issue=issue), inbox.older(tides[1], issue=issue)) == (None, tides[0])


def test_an_index_from_before_is_taken_up(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        number = add(inbox)
    with closing(sqlite3.connect(tmp_path / "inbox.sqlite")) as index:
        for statement in ("DROP INDEX by_issue", *(f"ALTER TABLE messages DROP {name}" for name in ADDED)):
            index.execute(statement)
    with Inbox(tmp_path) as inbox:
        assert [(each.id, each.author, each.issue) for each in inbox.newest()] == [(number, "", "")]
        add(inbox, of_an_issue("Tides", "tides:w:x"))
        assert len(inbox.issues()) == 1


def test_clearing_removes_everything_and_no_number_comes_twice(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        last = [add(inbox) for _ in range(3)][-1]
        assert inbox.clear() == 3
        assert inbox.count() == 0
        assert list((tmp_path / "messages").iterdir()) == []
        assert add(inbox) > last


def test_a_file_that_was_never_acknowledged_is_not_a_message(tmp_path: Path) -> None:
    with Inbox(tmp_path) as inbox:
        inbox.path(1).write_bytes(b"from a server that died before it said 250")
        assert inbox.count() == 0
        assert add(inbox) == 1
        assert inbox.raw(1).startswith(b"Subject: Tides")


def test_another_process_reads_while_this_one_writes(tmp_path: Path) -> None:
    count = (
        "import sys; from pathlib import Path; from mailer.sandbox.inbox import Inbox;"
        "i = Inbox(Path(sys.argv[1])); print(i.count(), [len(i.raw(m.id)) == m.size for m in i])"
    )
    with Inbox(tmp_path) as inbox:
        add(inbox)
        add(inbox)
        seen = subprocess.run(
            [sys.executable, "-c", count, str(tmp_path)], capture_output=True, text=True, check=True
        )
        assert seen.stdout.strip() == "2 [True, True]"


def test_files_and_index_are_for_the_owner_only(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    before = os.umask(0)
    try:
        for name in ("new", "there"):
            with Inbox(tmp_path / name) as inbox:
                add(inbox)
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes.pop(tmp_path / "there") == 0o755
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert len(modes) == 7


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (b" Plain ", "Plain"),
        (b"=?utf-8?q?Gr=C3=BC=C3=9Fe?= from =?iso-8859-1?b?/A==?=", "Grüße from ü"),
        (b"=?utf-8?b?4oCc?=\r\n =?utf-8?b?4oCd?=", "“”"),
        ("raw – UTF-8".encode(), "raw – UTF-8"),
        (b"=?no-such-charset?q?x?=", "=?no-such-charset?q?x?="),
        (b"=?utf-8?b?a?=", "=?utf-8?b?a?="),
        (b"a\r\n\tb", "a\tb"),
    ],
)
def test_a_value_is_unfolded_and_decoded_as_far_as_it_can_be(value: bytes, shown: str) -> None:
    assert readable(value) == shown


def test_the_subject_is_looked_for_in_the_header_section_only() -> None:
    assert field_values(b"From: x\r\n\r\nSubject: body", "Subject", "From") == ["", "x"]
    assert field_values(b"\r\nSubject: body", "Subject") == [""]
    assert field_values(b"sUBJECT : a\r\nSubject: b\r\n\r\n", "Subject") == ["a"]
    assert header_fields(b"A: 1\r\nnot a field\r\nB:\r\n 2\r\n\r\n") == [("A", "1"), ("B", "2")]


@given(
    st.binary(max_size=300), st.sampled_from([b"", b"Subject: =?utf-8?b?", b"Subject: =?utf-7?q?+2A", b"x:"])
)
def test_any_octets_have_fields_that_a_page_can_show(content: bytes, start: bytes) -> None:
    for _, value in header_fields(start + content):
        json.dumps(value, ensure_ascii=False).encode("utf-8")
