"""Two lists of one workspace, whose mails are from two houses."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from harbour_workspace import ISSUE, Workspace

from mailer.sandbox.scripted_server import ScriptedServer

WEEKLY = {
    "--from": "Harbour Gazette <editor@gazette.example>",
    "--reply-to": "letters@gazette.example",
    "--postal-address": "3 Fish Steps, Port Example",
    "--language": "de",
    "--param": "masthead=The Weekly Tide",
}
PILOTS = {
    "--from": "Losstasjonen <los@pier.example>",
    "--reply-to": "svar@pier.example",
    "--postal-address": "7 Pier Road, North Mole",
    "--language": "nb",
    "--param": "masthead=Losens blad",
}


def said(name: str, mail: EmailMessage) -> None:
    wanted = {"weekly": WEEKLY, "pilots": PILOTS}
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    own, others = wanted.pop(name), wanted.popitem()[1]
    assert (mail["From"], mail["Reply-To"]) == (own["--from"], own["--reply-to"])
    assert f"<{name}." in mail["List-Id"]
    assert f'<html lang="{own["--language"]}"' in html
    for part in (html, text):
        assert own["--postal-address"] in " ".join(part.split())
        assert others["--postal-address"] not in " ".join(part.split())
    assert own["--param"].partition("=")[2] in html
    assert others["--param"].partition("=")[2] not in html


def test_the_mails_of_each_list_say_what_it_says(workspace: Workspace, server: ScriptedServer) -> None:
    workspace.issue(ISSUE.replace("list: weekly\n", ""))
    workspace.run("lists", "create", "pilots", *(word for pair in PILOTS.items() for word in pair))
    changed = workspace.run("lists", "set", "weekly", *(word for pair in WEEKLY.items() for word in pair))
    assert "letters@gazette.example (list)" in " ".join(changed.stdout.split())
    for name in ("weekly", "pilots"):
        workspace.run("subscribers", "add", f"reader@{name}.example", "--list", name)
        workspace.run("send-issue", "harbour", "--list", name, "--yes", "-q")
    assert len(server.taken) == 2
    for name, taken in zip(("weekly", "pilots"), server.taken, strict=True):
        said(name, message_from_bytes(taken.content, policy=policy.default))
    assert all(each["clean"] for each in workspace.data("verify", "harbour"))


def test_a_test_mail_a_preview_and_a_rehearsal_say_it_too(
    workspace: Workspace, server: ScriptedServer
) -> None:
    workspace.run("lists", "create", "pilots", *(word for pair in PILOTS.items() for word in pair))
    workspace.run("subscribers", "add", "reader@pilots.example", "--list", "pilots")
    workspace.run("send-issue", "harbour", "--list", "pilots", "--test", "me@gazette.example")
    folder = workspace.root / "dry"
    workspace.run("send-issue", "harbour", "--list", "pilots", "--dry-run", "-o", folder)
    workspace.run("preview", "harbour", "--list", "pilots", "--eml", "-o", folder / "preview.eml")
    written = [path.read_bytes() for path in sorted(folder.glob("*.eml"))]
    mails = [server.taken[0].content, *written]
    assert len(mails) == 3
    for content in mails:
        said("pilots", message_from_bytes(content, policy=policy.default))
