"""`mailer returns`: what comes back, read and explained."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.return_report import alerts, policy, report
from mailer.cli.terminal import warn
from mailer.errors import ExitCode, MailerError, StorageBusy, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.explain_returns import ExplainedReturn
    from mailer.services.return_reading import ReturnRow, ReturnTally

STYLES = {
    "hard": "red",
    "complaint": "red",
    "unsubscribe": "yellow",
    "soft": "yellow",
    "blocked": "magenta",
    "reply": "green",
    "unknown": "cyan",
}
BESIDE = 13  # columns of a verdict


@click.group()
def returns() -> None:
    """Read what comes back: bounces, complaints, replies."""


returns.add_command(report)
returns.add_command(policy)
returns.add_command(alerts)


@returns.command("read")
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@click.option("--explain", is_flag=True, help="Say what each would be taken for, and why; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="As data, one line a message.")
@click.option(
    "--recipient",
    default="",
    metavar="ADDRESS",
    envvar="ORIGINAL_RECIPIENT",
    help="The address that it was delivered to, where the mail server says so (ORIGINAL_RECIPIENT).",
)
@click.pass_obj
def read(app: App, files: tuple[str, ...], explain: bool, as_json: bool, recipient: str) -> None:
    """Read messages that came back, and do what follows from them.

    FILE is a message, an mbox, a Maildir, a folder of files, or - for standard input. Each message counts
    once, however often it is read.
    """
    if explain:
        _explain(app, files, recipient, as_json=as_json)
        return
    from mailer.services.return_alerts import tell
    from mailer.services.return_reading import read_files

    piped = files == ("-",)
    with _put_off_if(piped), app.at_work():
        if piped and not app.has_database:
            raise StorageBusy(f"there is no database at {app.database_file}")
        done = read_files(app, files, lambda row: _tell(row, as_json=as_json), recipient if piped else "")
        if not piped:
            tell(app, warn)
    if not (piped or as_json):
        _sum_up(done)


@returns.command("fetch")
@click.option("--watch", is_flag=True, help="Go on, and take in what comes as it comes, until stopped.")
@click.option("--json", "as_json", is_flag=True, help="As data, one line a message.")
@click.option("--beside", is_flag=True, hidden=True, help="End with the process that began it.")
@click.pass_obj
def fetch(app: App, watch: bool, as_json: bool, beside: bool) -> None:
    """Read the mailboxes of the settings for what came back.

    They are those of IMAP_… and POP3_…; what follows from it is done.
    """
    from mailer.services import return_fetching
    from mailer.services.return_alerts import tell

    def told(row: ReturnRow) -> None:
        _tell(row, as_json=as_json)

    if not watch:
        with app.at_work():
            done = return_fetching.fetch(app, told)
            tell(app, warn)
    else:
        app.stay()
        with app.at_work(), return_fetching.until_signalled(parent=beside) as stopped:
            done = return_fetching.watch(app, told, lambda words: click.echo(words, err=True), stopped)
    if not as_json and not beside:
        _sum_up(done)


@returns.command("listen")
@click.option(
    "--socket",
    "path",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A socket in the file system; who may reach it, its folder says.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="This machine's address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="A port in the place of a socket.")
@click.option("--json", "as_json", is_flag=True, help="As data, one line a message.")
@click.pass_obj
def listen(app: App, path: Path | None, host: str, port: int | None, as_json: bool) -> None:
    """Take what comes back from your own mail server, by LMTP.

    Until Ctrl-C or SIGTERM.
    """
    from mailer.cli import complain
    from mailer.cli.listening import listen as listen_on
    from mailer.cli.listening import listen_at
    from mailer.services.return_listening import ReturnHandler
    from mailer.services.return_listening import listen as serve

    if (path is None) == (port is None):
        raise UsageError("say where to listen", next_step="Give --socket PATH, or --port N.")
    handler = ReturnHandler(app, lambda row: _tell(row, as_json=as_json), complain)
    app.stay()
    with app.at_work(), listen_at(path) if path else listen_on(host, port or 0, "--port") as listener:
        app.database  # noqa: B018 - what is wrong with it is said now
        name = app.sender.address.domain
        where = path or f"{host}:{listener.getsockname()[1]}"

        def ready() -> None:
            click.echo(f"Taking what comes back by LMTP on {where}. Ctrl-C stops it.", err=True)

        serve(handler, listener, name, ready)
    if not as_json:
        _sum_up(handler.done)


def _sum_up(done: ReturnTally) -> None:
    for line in done.lines():
        click.echo(line, err=True)


@contextmanager
def _put_off_if(piped: bool) -> Iterator[None]:
    """Let a mail server that pipes a message keep it and try again, whatever is wrong (sysexits' 75)."""
    try:
        yield
    except MailerError as error:
        error.exit_code = ExitCode.AGAIN if piped else error.exit_code
        raise


def _tell(row: ReturnRow, *, as_json: bool) -> None:
    """Show a message that was taken in: in lines for a person only those that they should look at."""
    if as_json:
        click.echo(json.dumps(_data(row), ensure_ascii=False))
    elif row.kind in ("unknown", "reply"):
        click.echo(f"{row.kind:<{BESIDE}}{row.source}: {'; '.join(row.evidence) or row.reason}")


def _data(row: ReturnRow) -> dict[str, object]:
    said = row._asdict()
    return {**said, "at": row.at.isoformat(), "evidence": list(row.evidence)}


def _explain(app: App, files: tuple[str, ...], recipient: str, *, as_json: bool) -> None:
    from mailer.services.explain_returns import explain as explained

    for each in explained(app, files, recipient):
        if as_json:
            click.echo(json.dumps(each.data(), ensure_ascii=False))
        else:
            _show(each)


def _show(each: ExplainedReturn) -> None:
    from mailer.cli.terminal import print_hanging

    verdict = each.verdict
    color = False if os.environ.get("NO_COLOR") else None
    word = click.style(verdict.kind, fg=STYLES.get(verdict.kind), bold=True)
    click.echo(f"{word}{' ' * (BESIDE - len(verdict.kind))}{each.file}", color=color)
    for recipient in verdict.recipients:
        status = f" ({recipient.status})" if recipient.status else ""
        of_one = f"{recipient.kind}: " if len(verdict.recipients) > 1 else ""
        print_hanging(
            "who", f"{recipient.address or 'not named'}: {of_one}{recipient.reason}{status}", BESIDE
        )
        if recipient.said:
            print_hanging("said", recipient.said, BESIDE)
    for note in verdict.notes:
        print_hanging("note", note, BESIDE)
    print_hanging("because", "; ".join(verdict.evidence), BESIDE)
    print_hanging("proved", _proof(each), BESIDE)
    click.echo()


def _proof(each: ExplainedReturn) -> str:
    verdict = each.verdict
    if verdict.returned:
        return f"yes: send {verdict.returned.send_id}, subscriber {verdict.returned.subscriber_id}"
    if verdict.sender:
        return f"yes: it is from {verdict.sender}"
    return "no: without a token of ours nothing is done to anybody"
