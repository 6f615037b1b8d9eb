"""All that `mailer serve` answers, as one ASGI application. Rooms of pages are named here, nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Protocol

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from mailer.bootstrap import App
from mailer.errors import MailerError, SettingsError
from mailer.services.account_link import AccountLinks
from mailer.services.confirm_link import ConfirmLinks
from mailer.services.preference_link import PreferenceLinks
from mailer.services.unsubscribe_link import UnsubscribeLinks
from mailer.services.view_link import ViewLinks
from mailer.web.account import AccountPages
from mailer.web.api import SignupEndpoint
from mailer.web.archive.serving import ArchivePages
from mailer.web.archive.workspace import archive_site, root_of
from mailer.web.confirming import ConfirmPages
from mailer.web.description import DescriptionPages
from mailer.web.guard import Guard
from mailer.web.health import HealthPages
from mailer.web.hosts import Hosts, OpenRoute, OwnPages
from mailer.web.images import ImagePages
from mailer.web.joining import JoinPages
from mailer.web.mail import MailPages
from mailer.web.pages import Pages, Paper
from mailer.web.postman import Postman
from mailer.web.preferences import PreferencePages
from mailer.web.unsubscribe import UnsubscribePages


class Room(Protocol):
    """Pages about one subject."""

    def routes(self) -> list[BaseRoute]:
        """Return what is answered where."""


def web_app(app: App) -> Guard:
    """Return what the workspace of `app` answers; SettingsError if a setting is in the way."""
    settings = app.settings
    key = settings.secret_key.get_secret_value().encode()
    if not key:
        raise SettingsError(
            "SECRET_KEY is not set, so no link could be told from a forged one",
            next_step="Put the key that mails are signed with into .env; a new workspace has one.",
        )
    pages = pages_of(app)
    links = UnsubscribeLinks(lambda: app.database, key, app.now)
    rooms: list[Room] = [
        UnsubscribePages(links, pages),
        MailPages(ViewLinks(lambda: app.database, key, app.personaliser), pages),
        ImagePages(app.root, key),
        HealthPages(links.require_database),
    ]
    postman = Postman(app)
    if any(value for name, value in settings if name.startswith("webhook_")):
        from mailer.services.webhooks import Webhooks, read_webhooks
        from mailer.web.hooks import HookPages

        rooms.append(HookPages(Webhooks(app), partial(read_webhooks, app)))
    if settings.schedule_calendar:
        from mailer.services.schedule_link import ScheduleLink
        from mailer.web.calendar_page import CalendarPage

        rooms.append(CalendarPage(ScheduleLink(app)))
    if settings.base_url:
        ring = postman.ring
        rooms += [JoinPages(app, pages, ring), ConfirmPages(ConfirmLinks(app), pages, ring)]
        account, preferring = AccountLinks(app), PreferenceLinks(app)
        rooms += [PreferencePages(preferring, links, account, pages, ring)]
        rooms += [AccountPages(account, pages, ring)]
        rooms += [SignupEndpoint(app, pages, ring), DescriptionPages(settings.base_url)]
        rooms.append(ArchivePages(archive_site(app, root_of(settings.base_url), pages, searchable=True)))
    hosts = Hosts(settings.base_url)
    return guarded(pages, rooms, hosts, settings.trusted_proxies, lifespan=postman.lifespan)


def pages_of(app: App) -> Pages:
    """Return what makes pages for the readers of a workspace."""
    name, mailbox = app.sender.name or app.sender.address.wire, app.unsubscribe_mailbox.address.wire
    return Pages(app.template_folders, Paper(name, mailbox, app.settings.language))


def guarded(
    pages: Pages,
    rooms: Iterable[Room],
    hosts: Hosts,
    proxies: int = 0,
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Guard:
    """Return an application that answers by `rooms`, and by `pages` where none of them does.

    `hosts` are those that it is found at; so many `proxies` before it are believed. `lifespan` goes on while
    it answers.
    """
    routes = [route for room in rooms for route in room.routes()]
    for route in routes:
        if isinstance(route, Route) and not isinstance(route, OpenRoute):
            route.app = OwnPages(route.app, hosts)
    handlers = {404: pages.unknown, MailerError: pages.unavailable}
    app = Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan)
    app.router.redirect_slashes = False  # a link is good or it is not; no answer repeats it
    fixed = {route.path.partition("{")[0] for route in routes if isinstance(route, Route)}
    return Guard(app, fixed, hosts, proxies)
