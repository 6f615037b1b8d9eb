"""`mailer serve`: the pages behind the links in mails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="This machine's address to serve on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0: any free one."
)
@click.pass_obj
def serve(app: App, host: str, port: int) -> None:
    """Answer the links in mails (to unsubscribe, to see one as a page, to images) until Ctrl-C or SIGTERM.

    Put a web server with TLS before it that passes BASE_URL on to this port.
    """
    import logging

    from mailer.cli.listening import listen
    from mailer.web.rooms import web_app
    from mailer.web.server import http_server

    settings = app.settings
    logging.basicConfig(level=settings.log_level or "INFO", format="%(asctime)s %(levelname)s %(message)s")
    pages = web_app(app)
    app.stay()
    with app.at_work(), listen(host, port, "--port") as listener:
        app.database  # noqa: B018 - what is wrong with it is said now
        address = f"[{host}]" if ":" in host else host
        click.echo(f"Serving on http://{address}:{listener.getsockname()[1]}/. Ctrl-C stops it.", err=True)
        if not settings.base_url:
            click.echo("BASE_URL is not set, so the mails sent now have no link that leads here.", err=True)
        http_server(pages).run(sockets=[listener])
