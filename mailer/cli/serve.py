"""`mailer serve`: the pages that readers reach."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from socket import socket

    from starlette.types import ASGIApp

    from mailer.bootstrap import App
    from mailer.settings.fields import Settings


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="This machine's address to serve on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
@click.option(
    "--socket",
    "path",
    type=click.Path(path_type=Path),
    help="Serve on a Unix socket instead, made at this path.",
)
@click.option("--fd", type=click.IntRange(3), help="Serve on the socket that is open under this number.")
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Processes that answer side by side.",
)
@click.pass_obj
def serve_pages(app: App, host: str, port: int, path: Path | None, fd: int | None, workers: int) -> None:
    """Answer the links in mails, show the archive and all other pages, until Ctrl-C or SIGTERM.

    Put a web server with TLS before it that passes BASE_URL on to this port. Started by a socket unit of
    systemd it serves on that socket. SIGHUP has it read the settings anew.
    """
    from mailer.cli.listening import handed_over, listen, listen_at, opened
    from mailer.web.processes import Crew, serve
    from mailer.web.rooms import web_app

    settings = app.settings
    _log_requests(settings)
    web_app(app)  # what is wrong with the settings is said now
    app.stay()

    def pages() -> ASGIApp:
        nonlocal app
        app = app.renewed()
        _log_requests(app.settings)
        return web_app(app)

    with app.at_work():
        app.database  # noqa: B018 - what is wrong with it is said now
        app.let_go()
        if fd is not None:
            listeners = [opened(fd)]
        elif path:
            listeners = [listen_at(path)]
        else:
            listeners = handed_over() or [listen(host, port, "--port")]
        click.echo(f"Serving on {', '.join(map(_place, listeners))}. Ctrl-C stops it.", err=True)
        if not settings.base_url:
            click.echo("BASE_URL is not set, so the mails sent now have no link that leads here.", err=True)
        try:
            if workers > 1:
                Crew(workers, pages, listeners).serve()
            else:
                serve(pages, listeners)
        finally:
            for each in listeners:
                each.close()
            if path:
                path.unlink(missing_ok=True)


def _log_requests(settings: Settings) -> None:
    """Log what comes, where the settings don't ask for less: reading them anew has that forgotten."""
    from mailer.log import write_log

    write_log(settings.log_level or "INFO", settings.log_format)


def _place(listener: socket) -> str:
    name = listener.getsockname()
    if isinstance(name, (str, bytes)):
        return f"the socket {name if isinstance(name, str) else name.decode()}"
    host, port = name[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
