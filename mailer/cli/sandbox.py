"""`mailer sandbox`: the local inbox by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App

HOST = "127.0.0.1"  # and nothing else: it takes mail from anyone, without a password
PORT = click.IntRange(0, 65535)


@click.command()
@click.option(
    "--smtp-port", type=PORT, default=1025, show_default=True, help="Where mail is sent to; 0: any."
)
@click.option("--http-port", type=PORT, default=8025, show_default=True, help="Where the page is; 0: any.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where messages are kept, from one run to the next; else a temporary folder.",
)
@click.option("--json", "as_json", is_flag=True, help="When ready, print one line that says where, as JSON.")
@click.option("--while-stdin", is_flag=True, hidden=True, help="Stop at the end of standard input.")
@click.pass_obj
def sandbox(
    app: App, smtp_port: int, http_port: int, folder: Path | None, as_json: bool, while_stdin: bool
) -> None:
    """Take every message sent to a port of this machine, deliver none, and show them on a page.

    Runs until Ctrl-C or SIGTERM. Only this machine can reach it.
    """
    import tempfile
    from contextlib import ExitStack

    from mailer.cli.listening import listen
    from mailer.sandbox.inbox import Inbox
    from mailer.sandbox.page import inbox_page
    from mailer.sandbox.server import Keep, run
    from mailer.web.server import http_server

    with ExitStack() as stack:
        smtp = stack.enter_context(listen(HOST, smtp_port, "--smtp-port"))
        http = stack.enter_context(listen(HOST, http_port, "--http-port"))
        smtp_port, http_port = smtp.getsockname()[1], http.getsockname()[1]
        where = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailer-sandbox-")))
        inbox, url = stack.enter_context(Inbox(where)), f"http://{HOST}:{http_port}/"

        def ready() -> None:
            if as_json:
                click.echo(json.dumps({"smtp_port": smtp_port, "http_port": http_port, "folder": str(where)}))
            else:
                click.echo(f"Sandbox: SMTP on {HOST}:{smtp_port}, page on {url}", err=True)
                click.echo(f"Messages are kept in {where}{'' if folder else ' until it stops'}.", err=True)
                click.echo("Ctrl-C stops it.", err=True)

        run(
            http_server(inbox_page(inbox, app.template_folders, smtp_port=smtp_port)),
            Keep(inbox, app.now),
            smtp=smtp,
            http=http,
            ready=ready,
            lifeline=0 if while_stdin else None,
        )
