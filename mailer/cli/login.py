"""`mailer login` and `mailer logout`: tokens in the place of passwords."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mailer.cli.terminal import say
from mailer.errors import ExitCode

if TYPE_CHECKING:
    from mailer.bootstrap import App

Command = TypeVar("Command", bound=Callable[..., Any])


def _who(command: Command) -> Command:
    """Give a command the options that say who logs in, and by which app."""
    options = [
        click.option("--account", metavar="ADDRESS", default="", help="As whom; else SMTP_USERNAME."),
        click.option("--client-id", metavar="ID", default="", help="Of the app; else as it was last time."),
        click.option(
            "--client-secret-file",
            metavar="FILE",
            type=click.Path(path_type=Path, dir_okay=False),
            help="Where the app's secret stands, if it has one.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


_port = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Where on this machine the browser comes back to.",
)
_by_app = click.option("--app", "by_app", is_flag=True, help="Let the app in by itself, without a person.")


@click.group()
def login() -> None:
    """Log in by OAuth 2.0, where a provider takes no passwords any more."""


@login.command()
@_who
@click.option("--tenant", metavar="ID", default="", help="The organisation; else whichever the person is of.")
@click.option("--browser", is_flag=True, help="Open a browser here, instead of typing in a code anywhere.")
@_port
@_by_app
@click.pass_obj
def microsoft(app: App, /, **wished: Any) -> None:
    """Log in to Microsoft 365 or Outlook.com, for SMTP and IMAP."""
    _log_in(app, "microsoft", wished)


@login.command()
@_who
@_port
@click.pass_obj
def google(app: App, /, **wished: Any) -> None:
    """Log in to Gmail or Google Workspace, for SMTP and IMAP."""
    _log_in(app, "google", wished)


@login.command()
@_who
@click.option("--token-url", metavar="URL", default="", help="Where tokens come from; else as last time.")
@click.option("--device-url", metavar="URL", default="", help="Where codes to type in come from (RFC 8628).")
@click.option("--authorize-url", metavar="URL", default="", help="Where a person agrees in a browser.")
@click.option("--scope", metavar="TEXT", default="", help="What is asked for, as the provider calls it.")
@_port
@_by_app
@click.pass_obj
def custom(app: App, /, **wished: Any) -> None:
    """Log in to any other provider that has OAuth 2.0."""
    _log_in(app, "custom", wished)


def _log_in(app: App, provider: str, wished: dict[str, Any]) -> None:
    from mailer.services.login import LoginWish, log_in

    done = log_in(app, LoginWish(provider, **wished), _Guide())
    click.echo(f"Logged in as {done.account}. The token renews itself from now on.")
    if app.settings.smtp_password.get_secret_value() and app.settings.smtp_auth != "oauth2":
        click.echo("For SMTP a password is used as long as one is set: write SMTP_AUTH=oauth2 in .env.")
    elif app.settings.smtp_username.casefold() != done.account.casefold():
        click.echo(f"For SMTP write SMTP_USERNAME={done.account} in .env, without SMTP_PASSWORD.")
    say("  next: mailer doctor")


class _Guide:
    """Tells it on the terminal."""

    def open(self, address: str) -> None:
        """Show the address, alone on its line: it is long, and is to be copied."""
        click.echo("Open this address in a browser on this machine, and agree:\n")
        click.echo(f"  {address}\n")
        click.echo("Waiting for the browser to come back …", err=True)

    def type_in(self, code: str, address: str) -> None:
        """Show the code and where it goes."""
        click.echo("Open this address in any browser, type in the code, and agree:\n")
        click.echo(f"  {address}\n  {code}\n")
        click.echo("Waiting …", err=True)


@login.command()
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def status(app: App, as_json: bool) -> None:
    """Say who is logged in, and whether there are tokens.

    It exits with 2 if somebody has to log in again.
    """
    from mailer.services.login import standings

    found = standings(app)
    if as_json:
        click.echo(json.dumps([asdict(each) for each in found], ensure_ascii=False, indent=2))
    elif not found:
        click.echo("Nobody is logged in.")
    else:
        for each in found:
            kind = "the app itself" if each.grant == "client_credentials" else "a person"
            click.echo(f"{each.account}  {each.provider}, {kind}")
            click.echo(f"  {each.problem or f'token good for {each.good_for / 60:.0f} min, then renewed'}")
            if each.next_step:
                say(f"  next: {each.next_step}")
    raise click.exceptions.Exit(ExitCode.USAGE if any(each.problem for each in found) else ExitCode.COMPLETE)


@click.command()
@click.option("--account", metavar="ADDRESS", default="", help="Who; else SMTP_USERNAME.")
@click.pass_obj
def logout(app: App, account: str) -> None:
    """Forget a login, here and where possible at the provider."""
    from mailer.services.login import log_out

    gone, revoked = log_out(app, account)
    click.echo(f"Logged out: {gone.account}.")
    if not revoked:
        click.echo(
            "The provider may remember the app: take its permission away in the account's settings there."
        )
