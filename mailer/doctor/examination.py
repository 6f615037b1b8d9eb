"""The whole examination: everything at once, each part with a time limit, and one diagnosis."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property, partial
from itertools import chain
from pathlib import Path

from mailer.bootstrap import App
from mailer.contradictions import is_loopback, read_verp
from mailer.doctor import server, website
from mailer.doctor.bulk import judge_bulk
from mailer.doctor.clock import date_in, judge_clock, judge_zone
from mailer.doctor.configuration import Value, examine_settings, examine_templates, origin_of, values
from mailer.doctor.database import examine_database
from mailer.doctor.database_look import senders_in, untold_in
from mailer.doctor.domain import Sender, examine_author, examine_domain
from mailer.doctor.masking import secrets_of, without_secrets
from mailer.doctor.result import Grade, Result, error, note, skipped, warning
from mailer.doctor.return_address import examine_return_address
from mailer.doctor.server_verdict import judge_login, judge_server
from mailer.doctor.website_verdict import judge_site
from mailer.domain.address import Mailbox, is_reserved
from mailer.domain.return_path import Verp, return_path
from mailer.errors import AccountFault, ExitCode, MailerError, SettingsError, worst
from mailer.logins.grants import LoginLost
from mailer.message.dkim.signer import Signer
from mailer.online.lookup import Lookup
from mailer.settings.reading import SettingsReading
from mailer.smtp.account import Account
from mailer.store.address import read_url
from mailer.workspace.bundled import templates_folder

# The sections of names, in the order in which people read them.
SECTIONS = (
    "settings", "smtp", "domain", "spf", "dkim", "dmarc", "mx", "bulk", "links", "database", "disk",
    "machine", "templates",
)  # fmt: skip
RECORDS = "domain.records"
LATELY = timedelta(days=7)
TRIAL = "0" * 26  # in the place of a token, and as long
OFFLINE = "not asked: --offline"
UNUSABLE = "the settings for it can't be used, see above"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that was found, in the order of SECTIONS; `readable` is whether every setting could be read."""

    values: Sequence[Value]
    results: Sequence[Result]
    readable: bool

    @property
    def exit_code(self) -> ExitCode:
        """2 for settings that can't be read, 3 for any other error, else 0."""
        codes = {ExitCode.REFUSED} if self.count(Grade.ERROR) else set()
        return worst(codes | (set() if self.readable else {ExitCode.USAGE}))

    def data(self) -> dict[str, object]:
        """The same for `--json`."""
        return {
            "exit_code": int(self.exit_code),
            "counts": {str(verdict): self.count(verdict) for verdict in Grade},
            "settings": [asdict(value) for value in self.values],
            "results": [result.data() for result in self.results],
        }

    def count(self, verdict: Grade) -> int:
        """Return how many results have this verdict."""
        return sum(result.verdict is verdict for result in self.results)


class Examination:
    """One look at a workspace. `name_server` is asked in the place of the system's, if given."""

    def __init__(
        self, root: Path, reading: SettingsReading, now: datetime, *, offline: bool, name_server: str
    ) -> None:
        self._app = App(root, settings=reading.settings)
        self._reading = reading
        self._now = now
        self._offline = offline
        self._named = bool(name_server)
        self._lookup = Lookup(name_server)
        self._ahead: dict[str, timedelta] = {}

    async def run(self) -> Diagnosis:
        """Look at everything side by side."""
        settings = [*examine_settings(self._app, self._reading), *self._keys()]
        mail, domain, links, local = await asyncio.gather(
            self._mail_server(), self._domain(), self._links(), asyncio.to_thread(self._machine)
        )
        found = [*settings, *mail, *domain, *links, *local]
        found += [judge_bulk(found), judge_clock(self._ahead)]
        found.sort(key=lambda result: SECTIONS.index(result.section))
        shown = without_secrets(found, secrets_of(self._app.settings))
        return Diagnosis(values(self._reading, self._app.root), shown, not self._reading.problems)

    def _broken(self, *prefixes: str) -> bool:
        return any(name.startswith(prefixes) for name in self._reading.problems)

    def _account(self) -> Account | None:
        if self._broken("SMTP_", "MAIL_FROM"):
            return None
        try:
            return self._app.smtp_account
        except SettingsError:
            return None

    async def _mail_server(self) -> list[Result]:
        account = self._account()
        if self._offline or account is None:
            return [skipped("smtp.connection", OFFLINE if self._offline else UNUSABLE)]
        try:
            seen = await server.visit(account)
        except AccountFault as problem:
            name = "smtp.login" if isinstance(problem, LoginLost) else "smtp.tls"
            return [error(name, problem.problem, problem.next_step or "")]
        if not account.loopback and (there := date_in(seen.greeting)):
            self._ahead[account.host] = self._app.now() - there
        return [*judge_server(account, seen, self._now), *judge_login(account, self._app.settings)]

    async def _domain(self) -> list[Result]:
        try:
            sender = await asyncio.to_thread(self._sender)
        except SettingsError:
            return [skipped(RECORDS, UNUSABLE)]
        if self._offline:
            return [skipped(RECORDS, OFFLINE)]
        found = await asyncio.gather(
            self._return_address(sender),
            self._records(sender.author, lambda: examine_domain(sender, self._lookup)),
            *(
                self._records(each.author, partial(examine_author, each, each.lists, self._lookup))
                for each in sender.of_lists()
            ),
        )
        return list(chain(*found))

    async def _return_address(self, sender: Sender) -> Sequence[Result]:
        """Return whether a return path with a token is taken, if there is one."""
        if not sender.tokens or (is_reserved(sender.return_path) and not self._named):
            return []
        address = sender.mailboxes["MAIL_RETURN_PATH"].address.wire
        return [await examine_return_address(address, self._lookup)]

    async def _records(
        self, domain: str, examine: Callable[[], Awaitable[Sequence[Result]]]
    ) -> Sequence[Result]:
        """Return what there is to say of a domain's records, if it can have any."""
        if is_reserved(domain) and not self._named:
            reason = f"{domain} is reserved and has none (RFC 6761): no SPF, DKIM, DMARC, MX to look up"
            return [skipped(RECORDS, reason)]
        return await examine()

    def _sender(self) -> Sender:
        account = self._account()
        loopback = account is not None and account.loopback
        settings = self._app.settings
        broken = self._keys_set and self._signer is None
        mailboxes, provider = self._app.mailboxes(), settings.smtp_provider
        verp = read_verp(settings)
        if verp is not Verp.OFF:
            # As it is when a mail goes: it may be at a domain of its own.
            path = return_path(mailboxes["MAIL_RETURN_PATH"].address.wire, verp, TRIAL)
            mailboxes["MAIL_RETURN_PATH"] = Mailbox.parse(path)
        return Sender(
            mailboxes,
            provider,
            self._signer,
            loopback,
            broken,
            self._list_senders(),
            tokens=verp is not Verp.OFF,
        )

    def _list_senders(self) -> dict[str, Mailbox]:
        """Return the senders of lists that have one of their own; a database that can't be read has none."""
        with suppress(MailerError, sqlite3.Error):
            file = self._app.database_file
            url = self._app.settings.database_url.get_secret_value()
            rows = senders_in(file) if file else _senders_on(url)
            return {name: Mailbox.parse(text) for name, text in rows}
        return {}

    @property
    def _keys_set(self) -> bool:
        return any(value for name, value in self._app.settings if name.startswith("dkim_"))

    @cached_property
    def _signer(self) -> Signer | None:
        if not self._keys_set:
            return None
        from mailer.engine.signing import read_signer

        with suppress(SettingsError):  # which the settings' fitting together is about
            return read_signer(self._app.settings, self._app.root)
        return None

    def _keys(self) -> list[Result]:
        weaknesses = self._signer.warnings if self._signer else ()
        return [warning("settings.dkim-key", each, "docs/how-to/dkim.md") for each in weaknesses]

    async def _links(self) -> list[Result]:
        url, key = self._app.settings.base_url, self._app.settings.secret_key.get_secret_value()
        if self._broken("BASE_URL", "SECRET_KEY"):
            return [skipped("links.address", UNUSABLE)]
        if not url:
            return [self._without_links()]
        if self._offline or not key:
            return [
                skipped("links.answer", OFFLINE if self._offline else "no SECRET_KEY to sign a link with")
            ]
        site = await website.visit(url, key.encode())
        loopback = is_loopback(url)
        if not loopback and isinstance(site.health, website.WebsiteAnswer) and site.health.ahead is not None:
            self._ahead[url] = site.health.ahead
        return judge_site(url, site, self._now, loopback=loopback)

    def _without_links(self) -> Result:
        name, text = "links.one-click", "BASE_URL is empty: people unsubscribe by mail, not by a click"
        account = self._account()
        if account is None or account.loopback:
            return note(name, text)
        return warning(
            name, f"{text}, which Gmail and Yahoo ask for in bulk mail", "docs/how-to/unsubscribe-links.md"
        )

    def _machine(self) -> list[Result]:
        results = examine_templates(self._app.root / "templates", templates_folder())
        origin = origin_of("TZ", self._reading, self._app.root)
        results.append(
            judge_zone(self._app.settings.tz, self._now.astimezone(self._app.settings.zone), origin)
        )
        try:
            path, journals = self._app.database_file, self._app.journals
        except SettingsError:
            return [*results, skipped("database.file", UNUSABLE)]
        results += self._untold(path)
        if path is None:
            from mailer.doctor.database_server import examine_server

            url = read_url(self._app.settings.database_url.get_secret_value())
            return [*results, *examine_server(url, journals)]
        return [*results, *examine_database(path, journals)]

    def _untold(self, path: Path | None) -> list[Result]:
        since = self._now - LATELY
        with suppress(MailerError, sqlite3.Error):
            url = self._app.settings.database_url.get_secret_value()
            if number := untold_in(path, since) if path else _untold_on(url, since):
                words = f"{number:,} notice{'s' * (number != 1)} could not be told"
                return [warning("database.notices", words, "See them: mailer notices list")]
        return []


def _untold_on(url: str, since: datetime) -> int:
    from mailer.doctor.database_server import untold_on

    return untold_on(read_url(url), since)


def _senders_on(url: str) -> list[tuple[str, str]]:
    from mailer.doctor.database_server import senders_on

    return senders_on(read_url(url))
