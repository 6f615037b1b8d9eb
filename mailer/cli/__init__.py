"""The command line: `mailer`. Each command's module is loaded only when it is named."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from mailer import __version__
from mailer.cli.terminal import from_here
from mailer.errors import ExitCode, MailerError, UsageError

# command: (module, attribute, one line for --help). The line stands here so that --help imports no command.
COMMANDS: dict[str, tuple[str, str, str]] = {
    "init": ("mailer.cli.workspace", "init", "Make a workspace: settings, issues, templates, subscribers."),
    "new": ("mailer.cli.workspace", "new", "Start an issue with its front matter."),
    "issues": ("mailer.cli.issue_list", "issues", "Every issue file, and what became of it."),
    "lists": ("mailer.cli.lists", "lists", "Make, set and show subscriber lists."),
    "subscribers": (
        "mailer.cli.subscribers",
        "subscribers",
        "Take people in, look them up, change them, let them leave.",
    ),
    "fields": (
        "mailer.cli.fields",
        "fields",
        "What is known of subscribers, and what of it they change themselves.",
    ),
    "segments": (
        "mailer.cli.segments",
        "segments",
        "Parts of the people by a condition, counted and explained.",
    ),
    "suppressions": (
        "mailer.cli.suppressions",
        "suppressions",
        "Who is never mailed: show, add, remove, import, export.",
    ),
    "forms": ("mailer.cli.forms", "forms", "What people sign up by; a form to put into another site."),
    "archive": (
        "mailer.cli.archive",
        "archive",
        "What anybody may read of what was sent; a static site of it.",
    ),
    "preview": ("mailer.cli.preview", "preview", "Show an issue as a subscriber would get it."),
    "check": ("mailer.cli.check", "check", "Look for mistakes in issues before they go."),
    "send-issue": (
        "mailer.cli.send",
        "send_issue",
        "Send an issue: plan, confirm, send, account for everyone.",
    ),
    "rehearse": (
        "mailer.cli.rehearse",
        "rehearse",
        "A whole send on this machine, by a server that makes trouble.",
    ),
    "status": ("mailer.cli.status", "status", "Where each send stands."),
    "deliveries": (
        "mailer.cli.status",
        "deliveries",
        "Who got an issue, who did not, and the server's words.",
    ),
    "verify": ("mailer.cli.status", "verify", "Prove that every candidate of an issue is accounted for."),
    "why": ("mailer.cli.status", "why", "What one address got or did not get, and why."),
    "pause": ("mailer.cli.halt", "pause", "Let a send wait, from another terminal."),
    "resume": ("mailer.cli.halt", "resume", "Let a paused send go on."),
    "cancel": ("mailer.cli.halt", "cancel", "Let a send never go on."),
    "schedule": ("mailer.cli.clock", "schedule", "Set, show, move and remove times at which issues go out."),
    "sequences": (
        "mailer.cli.sequences",
        "sequences",
        "Mails that follow each other, to each in their own time.",
    ),
    "run": ("mailer.cli.clock", "run", "Send what falls due, until stopped."),
    "tick": ("mailer.cli.clock", "tick", "Send what is due now, once: for cron or a systemd timer."),
    "notices": ("mailer.cli.notices", "notices", "What you are told of sends, and whether it reached you."),
    "work": ("mailer.cli.work", "work", "Help to send, on as many machines as there are."),
    "machines": ("mailer.cli.work", "machines", "Who is at work on what, and how fast."),
    "returns": ("mailer.cli.returns", "returns", "Read what comes back: bounces, complaints, replies."),
    "serve": ("mailer.cli.serve", "serve_pages", "The pages that readers reach by links in mails."),
    "sandbox": ("mailer.cli.sandbox", "sandbox", "A local inbox: SMTP on loopback and a page to read it."),
    "demo": ("mailer.cli.demo", "demo", "The whole main job on this machine, proved."),
    "login": ("mailer.cli.login", "login", "Log in by OAuth 2.0, where passwords are taken no more."),
    "logout": ("mailer.cli.login", "logout", "Forget such a login."),
    "doctor": ("mailer.cli.doctor", "doctor", "What surrounds a send: settings, server, DNS, links, disk."),
    "backup": ("mailer.cli.database", "copy", "Copy the database while it is in use."),
    "restore": ("mailer.cli.database", "put_back", "Put a backup in the database's place."),
    "db": ("mailer.cli.database", "db", "Look after the database."),
}


GARBAGE_AFTER = 20_000  # objects made and not let go of


@contextmanager
def loading() -> Iterator[None]:
    """Look for no garbage in the block, nor later among what it leaves: what is loaded and compiled stays."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Commands(click.Group):
    """A group that imports a command's module when it is called for, not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands in the order of the day's work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load the command, or None if there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; what its error says to do next is said for where the person is."""
        try:
            return super().invoke(ctx)
        except MailerError as error:
            error.next_step = error.next_step and from_here(error.next_step)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list from the table, importing nothing."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, _, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="mailer")
@click.option(
    "-C",
    "workspace",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The workspace folder; else MAILER_WORKSPACE, else the nearest above with .env or issues/.",
)
@click.pass_context
def mailer(ctx: click.Context, workspace: Path | None) -> None:
    """Send newsletter issues to subscriber lists, each exactly once, and prove it."""
    from mailer.bootstrap import App

    ctx.obj = App(workspace)
    ctx.call_on_close(ctx.obj.let_go)
    ctx.obj.command = ctx.invoked_subcommand or ""
    if os.environ.get("NO_COLOR"):
        ctx.color = False


def main() -> None:
    """Run the command line and end the process with the exit code of the contract."""
    # What loading modules makes stays; to look for garbage among it took a sixth of a command's time.
    gc.set_threshold(GARBAGE_AFTER)
    # So does the last look for it, when the process ends and all is given back anyhow.
    atexit.register(gc.freeze)
    try:
        # Outside its standalone mode click returns the code of an Exit instead of raising it.
        done = mailer.main(standalone_mode=False, prog_name="mailer")
        sys.exit(done if isinstance(done, int) else ExitCode.COMPLETE)
    except click.Abort:
        click.echo("Stopped; nothing more was done.", err=True)
        sys.exit(ExitCode.INTERRUPTED)
    except click.ClickException as error:
        error.show()
        sys.exit(ExitCode.USAGE)
    except MailerError as error:
        complain(error)
        sys.exit(error.exit_code)
    except FileNotFoundError:
        if _has_a_folder():
            raise
        complain(GONE)
        sys.exit(GONE.exit_code)
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough.
        sys.stderr.close()
        sys.exit(ExitCode.COMPLETE)


GONE = UsageError(
    "the current folder is gone: it was moved or removed",
    next_step="Change to a folder that is there (cd), or name the workspace: mailer -C DIR COMMAND",
)


def _has_a_folder() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True


def complain(error: MailerError) -> None:
    """Say what is wrong and what to do next, on stderr."""
    color = False if os.environ.get("NO_COLOR") else None
    click.echo(f"{click.style('Error:', fg='red', bold=True)} {error.problem}", err=True, color=color)
    if error.next_step:
        click.echo(f"  next: {from_here(error.next_step)}", err=True)
