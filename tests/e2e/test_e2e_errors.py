"""What goes wrong gets a clear message, what to do next, its exit code, and loses nothing."""

from __future__ import annotations

import socket
import sqlite3
import ssl
import subprocess
from contextlib import closing, contextmanager

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from harbour_workspace import ISSUE

from mailer.domain.outcome import Stage
from mailer.sandbox.scripted_server import Act


def complaint(workspace, *arguments, expect: int) -> str:
    """Return what `mailer` complains of; every error names a next step and shows no traceback."""
    done = workspace.run("send-issue", *arguments, "--yes", expect=expect)
    assert done.stderr.count("Error: ") == 1
    assert "  next: " in done.stderr
    return done.stderr


def test_no_such_issue(workspace):
    assert "harbuor.md" in complaint(workspace, "issues/harbuor.md", expect=2)


def test_broken_front_matter_names_the_line(workspace):
    path = workspace.issue(ISSUE.replace("list: weekly", "list: [weekly"))
    assert f"{path}:" in complaint(workspace, path, expect=2)
    workspace.issue(ISSUE.replace("list: weekly", "draft: perhaps"))
    assert f"{path}:4: " in complaint(workspace, path, expect=2)


def test_an_unknown_key_warns_and_names_the_nearest(workspace, server):
    workspace.people(1)
    workspace.issue(ISSUE.replace("list: weekly", "list: weekly\nkickr: On the quay"))
    done = workspace.run("send-issue", "harbour", "--yes")
    assert "Warning: " in done.stderr
    assert "kickr" in done.stderr
    assert "kicker" in done.stderr
    assert len(server.taken) == 1


def test_a_template_error_names_file_and_line(workspace, server):
    workspace.people(1)
    path = workspace.issue(ISSUE + "\nDear {{ subscirber.name }},\n")
    problem = complaint(workspace, path, expect=2)
    assert f"{path}:10: " in problem
    assert "subscriber" in problem
    workspace.issue(ISSUE)
    layout = workspace.root / "templates" / "email" / "newsletter.html"
    layout.parent.mkdir(parents=True)
    layout.write_text("<p>{{ content }}</p>\n{% if %}\n")
    assert "newsletter.html:2: " in complaint(workspace, path, expect=2)
    assert server.taken == []


def test_a_field_that_some_lack_is_counted_before_anything_is_sent(workspace, server):
    workspace.people(30)
    workspace.issue(ISSUE + "\nDear {{ subscriber.name }},\n")
    problem = complaint(workspace, "harbour", expect=3)
    assert "10 of 30" in problem
    assert "name" in problem
    assert "reader0@inbox.example" in problem
    assert server.taken == []
    assert workspace.data("status") == []


def test_an_unknown_list_names_the_nearest(workspace):
    assert "weekly" in complaint(workspace, "harbour", "--list", "weakly", expect=2)


def test_a_host_that_does_not_answer_may_be_tried_again(workspace):
    workspace.people(3)
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        free = taken.getsockname()[1]
    workspace.settings["SMTP_PORT"] = str(free)
    assert f"127.0.0.1:{free}" in complaint(workspace, "harbour", expect=75)
    report = workspace.data("status")[0]
    assert report["states"]["queued"] == 3


def test_a_server_that_goes_away_leaves_a_summary_of_what_was_sent(workspace, server):
    workspace.people(300)

    def gone(stage, count):
        if stage is Stage.CONTENT and count > 100:
            return Act.LOSE
        return Act.CLOSE if stage is Stage.CONNECT and count > 4 else None

    server.script = gone
    done = workspace.run("send-issue", "harbour", "--yes", "-q", expect=5)
    assert "Error: " in done.stderr
    assert "accepted 100 " in done.stdout
    assert "uncertain 0" not in done.stdout


@contextmanager
def aiosmtpd_server(**options):
    class Keep:
        taken = 0

        async def handle_DATA(self, server, session, envelope):
            Keep.taken += 1
            return "250 ok"

    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]  # the controller can't be asked which port it was given
    controller = Controller(Keep(), hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield port, Keep
    finally:
        controller.stop()


def tls(identity: str) -> tuple[ssl.SSLContext, trustme.CA]:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(identity).configure_cert(context)
    return context, authority


def test_a_wrong_password_is_named_and_never_shown(workspace):
    workspace.people(3)
    context, authority = tls("127.0.0.1")
    authority.cert_pem.write_to_path(str(workspace.root / "ca.pem"))
    right = lambda *args: AuthResult(success=args[4].password == b"right", handled=False)  # noqa: E731
    with aiosmtpd_server(tls_context=context, authenticator=right, auth_required=True) as (port, kept):
        workspace.settings |= {
            "SMTP_PORT": str(port),
            "SMTP_SECURITY": "starttls",
            "SMTP_CA_FILE": "ca.pem",
            "SMTP_USERNAME": "editor",
            "SMTP_PASSWORD": "canary-wrong",
        }
        problem = complaint(workspace, "harbour", expect=2)
        assert "535" in problem
        assert "SMTP_PASSWORD" in problem
        assert "canary-wrong" not in problem
        workspace.settings["SMTP_PASSWORD"] = "right"
        workspace.run("send-issue", "harbour", "--yes")
        assert kept.taken == 3


def test_a_certificate_that_does_not_verify_stops_the_send(workspace):
    workspace.people(3)
    context, _ = tls("127.0.0.1")
    with aiosmtpd_server(tls_context=context) as (port, kept):
        workspace.settings |= {"SMTP_PORT": str(port), "SMTP_SECURITY": "starttls"}
        problem = complaint(workspace, "harbour", expect=2)
        assert "certificate" in problem
        assert kept.taken == 0


def test_a_refused_sender_stops_the_run_and_fails_nobody(workspace, server):
    workspace.people(3)
    server.script = lambda stage, count: "553 5.7.1 not your address" if stage is Stage.MAIL else None
    assert "553 5.7.1 not your address" in complaint(workspace, "harbour", expect=2)
    states = workspace.data("status")[0]["states"]
    assert (states["queued"], states["failed"]) == (3, 0)
    server.script = lambda stage, count: None
    workspace.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 3


def test_a_locked_database_may_be_tried_again(workspace, server):
    workspace.people(1)
    with closing(sqlite3.connect(workspace.root / "subscribers" / "mailer.db")) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "locked by another program" in complaint(workspace, "harbour", expect=75)
    workspace.run("send-issue", "harbour", "--yes")


@pytest.fixture
def small_disk(workspace):
    """A file system of 3 MB under the workspace's database."""
    folder = workspace.root / "subscribers"
    folder.mkdir(exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m,mode=0700", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("needs root, to mount a small file system")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_read_only_database_says_so(workspace, server, small_disk):
    workspace.run("lists", "create", "weekly")
    workspace.people(1)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    assert "read-only" in complaint(workspace, "harbour", expect=2)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    workspace.run("send-issue", "harbour", "--yes")
    assert len(server.taken) == 1


def test_a_full_disk_stops_the_send_before_what_it_can_not_record(workspace, server, small_disk):
    workspace.run("lists", "create", "weekly")
    workspace.people(2500)
    workspace.run("send-issue", "harbour", "--yes", "-q", "--limit", "100", expect=75)
    full = small_disk / "something else"

    def fill(stage, count):
        # The disk fills up in the middle of the sending.
        if (stage, count) == (Stage.CONTENT, 300):
            with full.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
                while True:
                    file.write(bytes(4096))
        return

    server.script = fill
    done = workspace.run("send-issue", "harbour", "--yes", "-q", expect=1)
    assert "Make room" in done.stderr
    sent = len(server.taken)
    assert sent < 2500
    full.unlink()
    server.script = lambda stage, count: None
    workspace.run("send-issue", "harbour", "--yes", "-q")
    recipients = [message.recipients[0] for message in server.taken]
    assert len(recipients) == len(set(recipients)) == 2500
    workspace.run("verify", "harbour")


def test_without_a_env_file_the_defaults_are_said_in_one_line(workspace):
    (workspace.root / ".env").unlink()
    workspace.settings["SMTP_PORT"] = "1025"
    done = workspace.run("send-issue", "harbour", "--dry-run")
    said = [line for line in done.stderr.splitlines() if "No .env" in line]
    assert len(said) == 1
    assert "127.0.0.1:1025" in said[0]


def test_a_loopback_link_is_not_mailed_to_the_world(workspace):
    workspace.settings |= {"BASE_URL": "http://127.0.0.1:8000", "SMTP_HOST": "smtp.provider.example"}
    assert "BASE_URL" in complaint(workspace, "harbour", expect=2)


def test_a_draft_is_refused(workspace, server):
    workspace.people(1)
    workspace.issue(ISSUE.replace("list: weekly", "list: weekly\ndraft: true"))
    assert "draft" in complaint(workspace, "harbour", expect=3)
    workspace.run("send-issue", "harbour", "--yes", "--force")


BROKEN = ISSUE.replace("The clock", "[The](TK) clock").replace("“at last”", "[at last](http://a.example/)")


def test_what_check_calls_an_error_is_refused_and_nothing_is_sent(workspace, server):
    workspace.people(1)
    path = workspace.issue(BROKEN)
    said = complaint(workspace, "harbour", expect=3)
    assert f"{path}:8: link “The” leads to a placeholder: TK (link-placeholder)" in said
    assert "mailer check harbour" in said
    assert "http:" not in said
    assert server.taken == []
    assert workspace.data("status") == []
    forced = workspace.run("send-issue", "harbour", "--yes", "--force").stderr
    assert "link-placeholder" in forced
    assert "Check: 1 error, 2 warnings; `mailer check harbour` shows them." in forced
    assert len(server.taken) == 1


def test_what_check_finds_once_a_send_was_begun_does_not_hold_it_up(workspace, server):
    workspace.people(2)
    workspace.issue(BROKEN)
    workspace.run("send-issue", "harbour", "--yes", "--force", "--limit", "1", expect=75)
    assert "Check:" not in workspace.run("send-issue", "harbour", "--yes").stderr
    assert len(server.taken) == 2


def test_rehearsals_tell_errors_and_go_on(workspace, server):
    workspace.people(1)
    workspace.issue(BROKEN.replace("list: weekly", "list: weekly\ndraft: true"))
    for words in (("--dry-run",), ("--test", "bo@quay.example")):
        said = workspace.run("send-issue", "harbour", *words).stderr
        assert "link-placeholder" in said
        assert "marked as a draft" in said
        assert "Check: 2 errors, 2 warnings" in said
    assert len(server.taken) == 1


def test_html_that_gmail_would_cut_off_is_refused(workspace, server):
    workspace.people(1)
    workspace.issue(ISSUE + "\n".join(["A line of the tide tables of the harbour.\n"] * 2_500))
    assert "102,400" in complaint(workspace, "harbour", expect=3)
    assert server.taken == []
    workspace.run("send-issue", "harbour", "--yes", "--force")
    assert len(server.taken) == 1


def test_mail_to_the_world_says_where_it_comes_from(workspace):
    workspace.people(1)
    (workspace.root / ".env").write_text("SECRET_KEY=not-so-secret\n")
    workspace.settings |= {"SMTP_HOST": "smtp.provider.example", "MAIL_FROM": "editor@gazette.org"}
    assert "POSTAL_ADDRESS" in complaint(workspace, "harbour", expect=3)


def test_mail_to_the_world_never_comes_from_the_example(workspace):
    workspace.people(1)
    workspace.settings["SMTP_HOST"] = "smtp.provider.example"
    assert "MAIL_FROM is at gazette.example, which nobody can own" in complaint(
        workspace, "harbour", expect=2
    )
    workspace.settings["MAIL_FROM"] = "editor@gazette.org"
    workspace.issue(
        "---\nlist: weekly\nfrom: Harbour Gazette <editor@gazette.example>\n---\n# Tide\n\nHigh at nine.\n"
    )
    assert "from: nobody can own gazette.example" in complaint(workspace, "harbour", expect=2)


def test_the_files_of_a_workspace_are_private(workspace):
    folder = workspace.root / "subscribers"
    assert folder.stat().st_mode & 0o077 == 0
    assert {path.name: oct(path.stat().st_mode & 0o077) for path in folder.glob("mailer.db*")} == {
        path.name: "0o0" for path in folder.glob("mailer.db*")
    }
