"""The archive of a workspace: its settings and templates as a site."""

from __future__ import annotations

from mailer.bootstrap import App
from mailer.services.archive import Archive
from mailer.web.archive.serving import ARCHIVE
from mailer.web.archive.site import ArchiveSite
from mailer.web.archive.subscribing import SubscribeForms
from mailer.web.joining import JOIN
from mailer.web.pages import Pages
from mailer.workspace.words import read_words


def archive_site(app: App, root: str, pages: Pages, *, searchable: bool) -> ArchiveSite:
    """Return the archive as it will be found at `root`, still empty; `pages` knows its forms."""
    return ArchiveSite(
        archive=Archive(app),
        lists=(),
        root=root,
        folders=app.template_folders,
        words=read_words(app.template_folders),
        publisher=app.sender.name or app.sender.address.wire,
        indexed=app.settings.archive_indexed == "yes",
        searchable=searchable,
        join=f"{app.settings.base_url}{JOIN}/" if app.settings.base_url else "",
        subscribing=SubscribeForms(app, pages) if app.settings.base_url else None,
    )


def root_of(base_url: str) -> str:
    """Return the address of the archive below BASE_URL."""
    return f"{base_url.rstrip('/')}{ARCHIVE}"
