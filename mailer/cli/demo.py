"""`mailer demo`: the whole main job on this machine, and the proof that it was done."""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from itertools import islice
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import warn
from mailer.errors import MailerError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.sandbox.process import Sandbox
    from mailer.services.report import Report

LIST = "weekly"
# Some of the made-up people must not get the issue, so that the proof has something to find.
LEFT, SUPPRESSED = 7, 4


class NotProved(MailerError):
    """What the sandbox holds is not what the ledger says was sent."""


@click.command()
@click.option(
    "--recipients",
    type=click.IntRange(20, 100_000),
    default=1000,
    show_default=True,
    metavar="N",
    help="How many get the issue.",
)
@click.option("--serve", is_flag=True, help="Keep the sandbox's page up until Ctrl-C.")
@click.option("--keep", is_flag=True, help="Keep the workspace and the inbox afterwards.")
def demo(recipients: int, serve: bool, keep: bool) -> None:
    """Run the whole main job on this machine: a local inbox, made-up people, the sample issue, the proof.

    Nothing leaves this machine, whatever your settings say.
    """
    from mailer.sandbox.process import running_sandbox

    folder = Path(tempfile.mkdtemp(prefix="mailer-demo-"))
    with running_sandbox(folder / "inbox") as sandbox:
        _say(f"A mail server on this machine, which delivers nothing: 127.0.0.1:{sandbox.smtp_port}")
        app = _workspace(folder / "workspace", sandbox)
        _people(app, recipients)
        report = _send(app)
        page = _prove(app, sandbox, folder)
        click.echo(report.text(next_step=f"make a workspace of your own: {_program()} init newsletter"))
        _say(f"The first of the mails, to open in a browser: {page}")
        if serve:
            _say(f"All of them: {sandbox.url} - Ctrl-C ends.")
            _wait()
    if keep:
        _say(f"Workspace and inbox are kept in {folder}")
    else:
        for part in ("inbox", "workspace"):
            shutil.rmtree(folder / part)
    raise click.exceptions.Exit(report.exit_code)


def _workspace(root: Path, sandbox: Sandbox) -> App:
    from mailer.bootstrap import App
    from mailer.workspace.scaffold import make_workspace

    make_workspace(root)
    settings = {"SMTP_PORT": str(sandbox.smtp_port), "BASE_URL": "http://localhost:8000"}
    _say("A workspace, as `mailer init` makes it, with a sample issue.")
    # Not the process environment: a demo must not mail the world because SMTP_HOST happens to be set.
    return App(root, settings)


def _people(app: App, recipients: int) -> None:
    from mailer.domain.address import Address
    from mailer.domain.consent import Source, SourceKind
    from mailer.sandbox.people import made_up_people
    from mailer.services.import_people import Import, import_people
    from mailer.services.unsubscribe import Unsubscribe, suppress, unsubscribe

    made_up = app.root / "subscribers" / "made-up.csv"
    sample = app.root / "subscribers" / "example.csv"
    app.lists.create(LIST, app.now(), "Harbour Gazette")
    imported = 0
    for path in (sample, made_up):
        if path == made_up:
            _write(made_up, recipients - imported + LEFT + SUPPRESSED, made_up_people())
        done = import_people(app.database, Import(path, (LIST,)), app.now())
        if done.rejects:
            raise NotProved(f"the sample list has a bad row: {done.rejects[0]}")
        imported += done.added
    demo = Source(SourceKind.COMMAND, "demo", app.user)
    everyone = list(islice(made_up_people(), LEFT + SUPPRESSED))
    for person in everyone[:LEFT]:
        left = Unsubscribe(Address.parse(person["email"]), (LIST,), demo)
        unsubscribe(app.database, left, app.now())
    for person in everyone[LEFT:]:
        suppress(app.database, Address.parse(person["email"]), "bounced", "demo", app.now())
    _say(f"Imported {imported:,} people; {LEFT} of them unsubscribed and {SUPPRESSED} bounced since.")


def _write(path: Path, number: int, people: object) -> None:
    rows = list(islice(people, number))  # type: ignore[call-overload]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _send(app: App) -> Report:
    from mailer.cli.progress import bar
    from mailer.services.begin import begin
    from mailer.services.continuing import Portion, go_on
    from mailer.services.prepare import SendRequest, prepare

    (file,) = (app.root / "issues").glob("*.md")
    prepared = prepare(app, SendRequest(file, str(file), (LIST,)), warn)
    begun = begin(prepared)
    assert begun.plan is not None
    click.echo(begun.plan.text(), err=True)
    return go_on(app, begun.send, Portion(workers=1), bar)


def _prove(app: App, sandbox: Sandbox, folder: Path) -> Path:
    """Check ledger, inbox and list against each other; write the first mail's HTML to a file."""
    from mailer.domain.address import Address
    from mailer.domain.subscriber import Status
    from mailer.private import write_private
    from mailer.sandbox.proof import mismatches
    from mailer.services.verify import verify
    from mailer.viewer.frame import whole_page
    from mailer.viewer.reading import read

    (verified,) = verify(app)
    eligible = [
        Address.parse(person.email).wire
        for person in app.directory.subscribers(LIST, Status.SUBSCRIBED)
        if person.suppressed is None
    ]
    wrong = mismatches(sandbox.inbox, eligible) + verified.discrepancies
    if wrong:
        raise NotProved(
            "\n  ".join(["the proof failed:", *wrong]),
            next_step=f"Look at {folder / 'inbox'}",
        )
    _say(
        f"Proved: the inbox holds exactly one message for each of the {len(eligible):,} eligible people, "
        f"none for the {LEFT + SUPPRESSED} excluded, and each reads back whole."
    )
    page = folder / "mail.html"
    first = next(iter(sandbox.inbox)).id
    write_private(page, whole_page(read(sandbox.inbox.raw(first))).encode())
    return page


def _program() -> str:
    """Return how this program is called from here: `mailer`, or its path where the shell doesn't know it."""
    return "mailer" if shutil.which("mailer") else quote(sys.argv[0])


def _wait() -> None:
    import signal

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        _say("Stopped.")


def _say(line: str) -> None:
    click.echo(line, err=True)
