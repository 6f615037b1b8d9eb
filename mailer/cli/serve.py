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

    from mailer.cli.archive import archive_site, root_of
    from mailer.cli.listening import listen
    from mailer.errors import SettingsError
    from mailer.services.unsubscribe_link import UnsubscribeLinks
    from mailer.services.view_link import ViewLinks
    from mailer.web.app import Paper, links_app
    from mailer.web.archive.serving import ArchivePages
    from mailer.web.images import ImagePages
    from mailer.web.server import http_server

    settings = app.settings
    key = settings.secret_key.get_secret_value().encode()
    if not key:
        raise SettingsError(
            "SECRET_KEY is not set, so no link could be told from a forged one",
            next_step="Put the key that mails are signed with into .env; a new workspace has one.",
        )
    logging.basicConfig(level=settings.log_level or "INFO", format="%(asctime)s %(levelname)s %(message)s")
    paper = Paper(
        app.sender.name or app.sender.address.wire, app.unsubscribe_mailbox.address.wire, settings.language
    )
    links = UnsubscribeLinks(lambda: app.database, key, app.now)
    views = ViewLinks(lambda: app.database, app.personaliser)
    root = root_of(settings.base_url)
    archive = ArchivePages(archive_site(app, root, searchable=True)) if settings.base_url else None
    pages = links_app(links, views, ImagePages(app.root, key), app.template_folders, paper, archive)
    app.stay()
    with app.at_work(), listen(host, port, "--port") as listener:
        app.database  # noqa: B018 - what is wrong with it is said now
        address = f"[{host}]" if ":" in host else host
        click.echo(f"Serving on http://{address}:{listener.getsockname()[1]}/. Ctrl-C stops it.", err=True)
        if not settings.base_url:
            click.echo("BASE_URL is not set, so the mails sent now have no link that leads here.", err=True)
        http_server(pages).run(sockets=[listener])
