"""Files of what came back: each message is taken in once, put where it belongs, found again after a death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections import Counter
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from harbour_workspace import Workspace
from pydantic import SecretStr
from returned_mail import BLOCKED, COMPLAINT, HARD, KEY, NONSENSE, PATH, REPLY, SOFT, bounce, other, path_of
from settled_sends import NOW, accepted, begun, delivered
from sqlalchemy import insert

from mailer.bootstrap import App
from mailer.domain.return_policy import ReturnEffect
from mailer.domain.returned import Kind
from mailer.errors import MailboxRefused, SettingsError
from mailer.mailbox.incoming import BATCH, Incoming
from mailer.people.suppression_list import entries
from mailer.services.return_reading import ReturnRow, ReturnTally, digest_of, read_files, reader_of
from mailer.services.return_settings import accounts_of, policy_of
from mailer.settings.fields import Settings
from mailer.store.schema import subscribers, subscriptions

ADA = "ada@quay.example"


@pytest.fixture
def app(tmp_path: Path) -> App:
    """A workspace with some readers, each with a copy of one issue."""
    return peopled(tmp_path, 3)


def peopled(root: Path, number: int, **settings: Any) -> App:
    (root / "issues").mkdir()
    app = App(root, settings=Settings(secret_key=SecretStr(KEY), mail_return_path=PATH, **settings))
    app.lists.create("weekly", NOW)
    person = {"created_at": NOW, "updated_at": NOW}
    joined = {"list_id": 1, "status": "subscribed", "source": "test", "since": NOW}
    people = {n: address_of(n) for n in range(1, number + 1)}
    with app.database.begin() as connection:
        rows = [{"id": n, "email": each, "email_key": each, **person} for n, each in people.items()]
        connection.execute(insert(subscribers), rows)
        connection.execute(insert(subscriptions), [{"subscriber_id": n, **joined} for n in people])
    delivered(app.database, begun(app.database), app.journals, accepted)
    return app


def address_of(person: int) -> str:
    return f"reader{person}@inbox.example"


def test_what_people_are_to_read_is_kept_where_nobody_else_keeps_it(app: App) -> None:
    reader, kept = reader_of(app, lambda _: None), app.root / "returned/new"
    reply, nonsense = other(REPLY, PATH, ADA), other(NONSENSE, PATH)
    came = (hard(1), reply, nonsense)
    for _ in range(2):  # the mail server tries again, because it heard no answer
        reader.keep([Incoming(0, "-", each) for each in came])
    assert sorted(each.read_bytes() for each in kept.iterdir()) == sorted([reply, nonsense])
    assert {each.stat().st_mode & 0o777 for each in kept.iterdir()} == {0o600}
    assert reader.done.known == 3
    app.let_go()


def test_what_can_not_be_kept_is_left_to_the_mail_server(app: App) -> None:
    (app.root / "returned").write_text("in the way")
    with pytest.raises(MailboxRefused, match="can't be kept there"):
        reader_of(app, lambda _: None).keep([Incoming(0, "-", other(REPLY, PATH, ADA))])
    app.let_go()


def hard(person: int, key: str = KEY) -> bytes:
    return bounce(path_of(1, person, NOW, key), address_of(person), HARD)


def taken(app: App, *names: Path, envelope: str = "") -> tuple[ReturnTally, list[ReturnRow]]:
    rows: list[ReturnRow] = []
    return read_files(app, map(str, names), rows.append, envelope), rows


def suppressed(app: App) -> list[str]:
    return [each.who for each in entries(app.database)]


def maildir(folder: Path, *messages: bytes) -> Path:
    for name in ("tmp", "new", "cur"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number, message in enumerate(messages):
        (folder / "new" / f"{number}.harbour").write_bytes(message)
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*harbour*") if path.is_file())


def test_the_token_decides_whom_a_bounce_is_about(app: App, tmp_path: Path) -> None:
    (tmp_path / "forged").write_bytes(hard(1, "another secret"))
    # It names another victim than its token does.
    (tmp_path / "other").write_bytes(bounce(path_of(1, 2, NOW), address_of(3), HARD))
    done, rows = taken(app, tmp_path / "forged", tmp_path / "other")
    assert [row.effect for row in rows] == [ReturnEffect.UNPROVED, ReturnEffect.SUPPRESSED]
    assert suppressed(app) == [address_of(2)]
    assert done.kinds == {Kind.HARD: 2} and done.total == 2


def test_the_address_it_was_delivered_to_is_enough(app: App, tmp_path: Path) -> None:
    (tmp_path / "bounce").write_bytes(bounce("undisclosed", address_of(1), HARD))
    _, (row,) = taken(app, tmp_path / "bounce", envelope=path_of(1, 1, NOW))
    assert row.effect is ReturnEffect.SUPPRESSED


def test_a_complaint_of_a_stranger_changes_nothing(app: App, tmp_path: Path) -> None:
    (tmp_path / "complaint").write_bytes(other(COMPLAINT, PATH))
    _, (row,) = taken(app, tmp_path / "complaint")
    assert (row.kind, row.effect) == (Kind.COMPLAINT, ReturnEffect.UNPROVED) and not suppressed(app)
    (tmp_path / "proved").write_bytes(other(COMPLAINT, path_of(1, 1, NOW)))
    _, (row,) = taken(app, tmp_path / "proved")
    assert row.effect is ReturnEffect.SUPPRESSED and suppressed(app) == [address_of(1)]


def test_a_message_is_the_same_whatever_its_line_ends() -> None:
    assert digest_of(b"Subject: one\r\n\r\ntwo\r\n") == digest_of(b"Subject: one\n\ntwo\n")
    assert digest_of(b"Subject: one\n") != digest_of(b"Subject: two\n")


def test_a_maildir_is_put_away(app: App, tmp_path: Path) -> None:
    path = path_of(1, 1, NOW)
    mails = [bounce(path, address_of(1), SOFT), other(REPLY, path, address_of(1)), other(NONSENSE, path)]
    folder = maildir(tmp_path / "M", *mails)
    (folder / "cur" / "9.harbour:2,S").write_bytes(hard(2))  # somebody has looked at it: it is done
    done, _ = taken(app, folder)
    assert done.kinds == {Kind.SOFT: 1, Kind.REPLY: 1, Kind.UNKNOWN: 1}
    assert names_in(folder) == [
        ".unknown/cur/2.harbour:2,", "cur/0.harbour:2,S", "cur/9.harbour:2,S", "new/1.harbour",
    ]  # fmt: skip
    done, _ = taken(app, folder)
    assert (done.kinds.total(), done.known) == (0, 1)
    assert not suppressed(app)


@pytest.mark.parametrize(
    "settings, kept",
    [
        ({"returns_folder": "read/bounces"}, [".read.bounces/cur/0.harbour:2,S"]),
        ({"returns_delete": "yes", "returns_folder": "read"}, []),
    ],
)
def test_where_it_is_put_is_a_wish(tmp_path: Path, settings: dict[str, str], kept: list[str]) -> None:
    app = peopled(tmp_path, 1, **settings)
    folder = maildir(tmp_path / "M", hard(1))
    taken(app, folder)
    assert names_in(folder) == kept


def test_an_mbox_has_many(app: App, tmp_path: Path) -> None:
    lines = b"From MAILER-DAEMON Sun Nov 22 08:00:00 2026\n"
    (tmp_path / "mbox").write_bytes(b"".join(lines + hard(n) + b"\n" for n in (1, 2)))
    _, rows = taken(app, tmp_path / "mbox")
    assert [row.subscriber_id for row in rows] == [1, 2]
    assert taken(app, tmp_path / "mbox")[0].known == 2


def test_a_folder_that_is_gone_is_said(app: App, tmp_path: Path) -> None:
    folder = maildir(tmp_path / "M", hard(1))
    (folder / ".unknown").write_text("no folder")
    (folder / "new" / "1.harbour").write_bytes(other(NONSENSE, PATH))
    with pytest.raises(MailboxRefused, match="can't be moved"):
        taken(app, folder)
    assert suppressed(app) == [address_of(1)]  # what was taken in stays so


def test_settings_that_can_not_be_used_are_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="RETURNS_SOFT"):
        policy_of(Settings(returns_soft="often"))
    with pytest.raises(SettingsError, match="IMAP_HOST"):
        accounts_of(Settings(imap_host="imap.news.example"), tmp_path)


def test_blocked_mail_is_nobodys_fault(app: App, tmp_path: Path) -> None:
    (tmp_path / "blocked").write_bytes(bounce(path_of(1, 1, NOW), address_of(1), BLOCKED))
    _, (row,) = taken(app, tmp_path / "blocked")
    assert (row.kind, row.effect, row.provider) == (Kind.BLOCKED, ReturnEffect.NOTED, "inbox.example")


@pytest.mark.peers
def test_who_is_killed_while_reading_counts_nothing_twice(tmp_path: Path) -> None:
    number = 3 * BATCH
    app = peopled(tmp_path, number)
    folder = maildir(tmp_path / "M", *(hard(person) for person in range(1, number + 1)))
    app.let_go()
    workspace = Workspace(tmp_path, {"SECRET_KEY": KEY, "MAIL_RETURN_PATH": PATH})
    reading = workspace.start("returns", "read", folder)
    while not list((folder / "cur").iterdir()) and reading.poll() is None:
        sleep(0.01)
    reading.send_signal(signal.SIGKILL)
    reading.communicate()
    left = len(list((folder / "new").iterdir()))
    taken(app, folder)
    assert 0 < left < number and not list((folder / "new").iterdir())
    assert sorted(suppressed(app)) == sorted(map(address_of, range(1, number + 1)))
    with app.database.connect() as connection:
        effects = Counter(connection.exec_driver_sql("SELECT subscriber_id, effect FROM returns").all())
    assert effects == {(person, "suppressed"): 1 for person in range(1, number + 1)}


@pytest.mark.peers
def test_a_mail_server_may_pipe_a_message(tmp_path: Path) -> None:
    app = peopled(tmp_path, 1)
    app.let_go()
    settings = {"SECRET_KEY": KEY, "MAIL_RETURN_PATH": PATH, "ORIGINAL_RECIPIENT": path_of(1, 1, NOW)}
    workspace = Workspace(tmp_path, settings)

    def pipe(*options: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            workspace.command("returns", "read", "-", *options),
            input=bounce("undisclosed", address_of(1), HARD),
            env=workspace.environment(),
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )

    done = pipe("--json")
    assert done.returncode == 0 and json.loads(done.stdout)["effect"] == "suppressed"
    assert (pipe().returncode, pipe().stdout) == (0, b"")
    database = app.database_file
    assert database
    database.rename(f"{database}.away")
    assert pipe().returncode == 75  # the server keeps it and tries again
    assert not database.exists()
    os.rename(f"{database}.away", database)  # noqa: PTH104
    workspace.settings["RETURNS_SOFT"] = "nonsense"
    assert pipe().returncode == 75
