"""Settings -> objects: a service gets an `App` and takes what it needs.

What sends, compiles or keeps by a setting is made here and nowhere else; what is wrong with settings
`mailer.contradictions` says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.contradictions import (
    read_mailbox,
    read_notice_wishes,
    read_verp,
    read_warmup,
    refuse_dead_links,
    refuse_half_a_login,
    refuse_made_up_sender,
    refuse_wrong_security,
    theme_wishes,
)
from mailer.domain.address import Mailbox
from mailer.errors import UsageError
from mailer.workspace.bundled import templates_folder

if TYPE_CHECKING:
    from mailer.compose.images.source import ImageLinks
    from mailer.domain.admin_notice import NoticeWishes
    from mailer.domain.segment.named import KeptSegment
    from mailer.domain.warmup import WarmUp
    from mailer.engine.compiler import Compiler
    from mailer.engine.personaliser import Personaliser
    from mailer.engine.sending import Sending
    from mailer.jobs.port import Jobs
    from mailer.ledger.feeds import Feeds
    from mailer.ledger.ledger import Ledger
    from mailer.ledger.queries import LedgerQueries
    from mailer.ledger.schedules import Schedules
    from mailer.logins.keeper import Keeper
    from mailer.message.dkim.signer import Signer
    from mailer.people.directory import Directory
    from mailer.people.lists import Lists
    from mailer.people.segments.stored import Segments
    from mailer.proof.proofs import Proofs
    from mailer.settings.fields import Settings
    from mailer.smtp.account import Account
    from mailer.store.database import Database
    from mailer.store.presence import Presence

MAILBOXES = ("MAIL_FROM", "MAIL_REPLY_TO", "MAIL_RETURN_PATH", "MAIL_UNSUBSCRIBE", "ADMIN_EMAIL")


def find_workspace(chosen: Path | None) -> Path:
    """Return the workspace: `-C DIR`, else MAILER_WORKSPACE, else the nearest above with .env or issues/."""
    if chosen is None and (named := os.environ.get("MAILER_WORKSPACE")):
        chosen = Path(named)
    if chosen is not None:
        if not chosen.is_dir():
            raise UsageError(
                f"no such workspace folder: {chosen}", next_step=f"Make one with: mailer init {chosen}"
            )
        return chosen.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".env").is_file() or (folder / "issues").is_dir():
            return folder
    return here


class App:
    """One workspace and what hangs on it, each made on first use."""

    def __init__(
        self,
        chosen: Path | None = None,
        environ: dict[str, str] | None = None,
        settings: Settings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """`environ` stands in for the process environment, for a workspace that must not heed it; `settings`
        for both and for `.env`; `clock` for the machine's, aware and in UTC.
        """
        self._clock = clock
        self._chosen = chosen
        self._environ = environ
        self._settings = settings
        self._database: Database | None = None
        self._lasts = False
        self._keep_open = True
        self._at_work = False
        self.command = ""  # what it was made for, as others are told who meet it at work

    def renewed(self) -> App:
        """Return the same workspace with its settings read anew, and let go of what this one holds."""
        self.let_go()
        app = App(self.root, self._environ, clock=self._clock)
        app._lasts, app._keep_open = self._lasts, self._keep_open
        app.command = self.command
        return app

    def stay(self, *, keep_open: bool = False) -> None:
        """Be of use to a process that lasts: go on with any file that takes the database's place.

        Without `keep_open` the files are open during transactions only, so that they may be exchanged.
        """
        self._lasts, self._keep_open = True, keep_open

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Keep a restore from exchanging the database under this command, which it names to whoever tries.

        Inside such a block another one changes nothing.
        """
        from mailer.store.faults import read_only
        from mailer.store.files import is_read_only

        if self._at_work:
            yield
            return
        if self.database_file and is_read_only(self.database_file):
            raise read_only(self.database_file)
        with self.presence.at_work(self.command):
            self._at_work = True
            try:
                yield
            finally:
                self._at_work = False

    def let_go(self) -> None:
        """Close the database until it is needed again."""
        if self._database is not None:
            self._database.dispose()

    def now(self) -> datetime:
        """The time, aware, in UTC: the one place that reads the clock for decisions."""
        return self._clock()

    @cached_property
    def root(self) -> Path:
        """The workspace folder."""
        return find_workspace(self._chosen)

    @cached_property
    def settings(self) -> Settings:
        """The settings of this workspace."""
        from mailer.log import write_log
        from mailer.settings.reading import load_settings

        settings = self._settings or load_settings(self.root, self._environ)
        write_log(settings.log_level, settings.log_format)
        return settings

    @cached_property
    def template_folders(self) -> list[Path]:
        """Where templates are looked for: the workspace's own win over the bundled ones."""
        return list(dict.fromkeys([self.root / "templates", templates_folder()]))

    @property
    def database(self) -> Database:
        """The database, migrated, its file made if there was none."""
        from mailer.store.database import open_database

        found = self._database
        if found is None or (self._lasts and found.replaced):
            self.let_go()
            url = self.settings.database_url.get_secret_value()
            # Only at first: a file that is gone later was moved, and an empty one would answer for it.
            make = found is None
            found = self._database = open_database(url, self.root, make=make, keep_open=self._keep_open)
        return found

    @cached_property
    def database_file(self) -> Path | None:
        """The file of the SQLite database; None for a database on a server."""
        from mailer.store.address import file_at

        return file_at(self.settings.database_url.get_secret_value(), self.root)

    @property
    def has_database(self) -> bool:
        """Whether there is a database already: to look at something is no reason to make one."""
        # One on a server somebody has made.
        return self.database_file is None or self.database_file.is_file()

    @cached_property
    def user(self) -> str:
        """Who is at work, by the name that the system knows them by."""
        import getpass

        try:
            return getpass.getuser()
        except (KeyError, OSError):  # a container's user may have no name
            return f"user {os.getuid()}"

    @property
    def directory(self) -> Directory:
        """People to look up."""
        from mailer.people.directory import Directory

        return Directory(self.database)

    @cached_property
    def journals(self) -> Path:
        """The folder of the workers' journals."""
        from mailer.store.address import journals_of

        return journals_of(self.settings.database_url.get_secret_value(), self.root)

    @property
    def presence(self) -> Presence:
        """Who works with the database; one in a file need not be there for that."""
        from mailer.store.presence import FilePresence

        return FilePresence(self.journals) if self.database_file else self.database.presence(self.journals)

    @cached_property
    def jobs(self) -> Jobs | None:
        """What calls workers on other machines; None where there can be none, or no Procrastinate."""
        from importlib.util import find_spec

        if self.database_file or find_spec("procrastinate") is None:
            return None
        from mailer.jobs.procrastinate_jobs import ProcrastinateJobs

        return ProcrastinateJobs(self.database)

    @property
    def lists(self) -> Lists:
        """Subscriber lists."""
        from mailer.people.lists import Lists

        return Lists(self.database)

    @property
    def segments(self) -> Segments:
        """Parts of the people, by name."""
        from mailer.people.segments.stored import Segments

        return Segments(self.database)

    @property
    def ledger(self) -> Ledger:
        """Sends and deliveries."""
        from mailer.ledger.ledger import Ledger

        return Ledger(self.database)

    @property
    def schedules(self) -> Schedules:
        """What goes out when."""
        from mailer.ledger.schedules import Schedules

        return Schedules(self.database)

    @property
    def feeds(self) -> Feeds:
        """What schedules know of their feeds."""
        from mailer.ledger.feeds import Feeds

        return Feeds(self.database)

    @property
    def queries(self) -> LedgerQueries:
        """The ledger for reading."""
        from mailer.ledger.queries import LedgerQueries

        return LedgerQueries(self.database)

    @cached_property
    def smtp_account(self) -> Account:
        """The SMTP server and who we are there."""
        from mailer.engine.account import read_account

        refuse_half_a_login(self.settings, logged_in=self.has_login)
        refuse_wrong_security(self.settings)
        tokens = self.keeper(self.settings.smtp_username) if self.has_login else None
        return read_account(self.settings, self.root, self.sender.address.domain, tokens)

    @property
    def logins(self) -> Path:
        """The folder of OAuth 2.0 logins, beside the database."""
        return self.journals.with_suffix(".logins")

    def keeper(self, account: str) -> Keeper:
        """Return what gives out the tokens of this account."""
        from mailer.logins.keeper import Keeper

        return Keeper(self.logins, account)

    @property
    def has_login(self) -> bool:
        """Whether tokens are what logs in to the mail server."""
        from mailer.logins.login import logs_in

        return logs_in(self.settings, lambda: self.logins)

    @cached_property
    def sender(self) -> Mailbox:
        """The mailbox that issues come from."""
        return read_mailbox(self.settings, "MAIL_FROM")

    def sending(self, *, rate: float | None = None, warmup: WarmUp | None = None) -> Sending:
        """The main job, at most `rate` messages a second and by this `warmup` (default: the settings')."""
        from mailer.engine.dispatch import Dispatcher
        from mailer.engine.sending import Sending

        s = self.settings
        compiler = self.compiler  # before there is a database: it finds fault with the settings
        self.notice_wishes  # noqa: B018 - finds fault with them before anything is sent
        refuse_made_up_sender(s, self.sender, to_the_world=not self.smtp_account.loopback)
        dispatcher = Dispatcher(
            self.database,
            self.journals,
            self.smtp_account,
            rate=s.mail_rate if rate is None else rate,
            resend_uncertain=s.uncertain == "resend",
            warmup=warmup or self.warmup,
            sender_domain=self.sender.address.domain,
            zone=s.zone,
            command=self.command,
            jobs=self.jobs,
        )
        return Sending(compiler, dispatcher)

    @cached_property
    def notice_wishes(self) -> NoticeWishes:
        """Of what whoever runs the program is told, and where."""
        return read_notice_wishes(self.settings)

    def mailboxes(self) -> dict[str, Mailbox]:
        """Return the mailboxes of the settings that name one, by setting; SettingsError if one isn't one."""
        given = [name for name in MAILBOXES if getattr(self.settings, name.lower())]
        return {name: read_mailbox(self.settings, name) for name in given}

    @cached_property
    def compiler(self) -> Compiler:
        """What compiles issues; it needs no database."""
        from mailer.engine.compiler import Compiler
        from mailer.settings.presets import preset_of

        s, to_the_world = self.settings, not self.smtp_account.loopback
        refuse_dead_links(s, to_the_world=to_the_world)
        return Compiler(
            folders=self.template_folders,
            sender=self.sender,
            reply_to=self.mailboxes().get("MAIL_REPLY_TO"),
            return_path=self._first_mailbox("MAIL_RETURN_PATH", "MAIL_FROM").address.wire,
            verp=read_verp(s),
            metadata=preset_of(s.smtp_provider).metadata,
            unsubscribe_address=self.unsubscribe_mailbox.address.wire,
            postal_address=s.postal_address,
            base_url=s.base_url,
            key=s.secret_key.get_secret_value().encode(),
            signer=self.signer,
            theme=theme_wishes(s, self.root),
            root=self.root,
            image_links=self._image_links(),
            to_the_world=to_the_world,
            language=s.language,
        )

    def personaliser(self, send_id: int, list_id: int) -> Personaliser:
        """Return what makes the links again that stand in the mails of a send, to show one; it sends none."""
        from mailer.engine.personaliser import Personaliser

        return Personaliser(
            send_id=send_id,
            list_id=list_id,
            seed="",
            sender_domain=self.sender.address.domain,
            return_path="",
            unsubscribe_address=self.unsubscribe_mailbox.address.wire,
            base_url=self.settings.base_url,
            key=self.settings.secret_key.get_secret_value().encode(),
        )

    @property
    def proofs(self) -> Proofs:
        """What proofs of issues are made with; no database is made for them."""
        from mailer.proof.proofs import Proofs

        if not self.has_database:
            return Proofs(self.compiler)
        return Proofs(self.compiler, self.ledger, self.lists, self.directory, self._kept_segments)

    def _kept_segments(self, asked: Sequence[tuple[str, bool]]) -> tuple[KeptSegment, ...]:
        from mailer.domain.segment.values import Today

        return self.segments.keep(asked, Today.at(self.now(), self.settings.zone))

    @property
    def warmup(self) -> WarmUp | None:
        """The plan by which a new domain is warmed up, if there is one."""
        return read_warmup(self.settings)

    def _image_links(self) -> ImageLinks | None:
        from mailer.compose.images.source import ImageLinks

        s = self.settings
        key = s.secret_key.get_secret_value().encode()
        return ImageLinks(s.base_url, key, self.root) if s.mail_images == "linked" else None

    @property
    def signer(self) -> Signer | None:
        """What signs messages. Without a DKIM setting cryptography is not even imported."""
        if not any(value for name, value in self.settings if name.startswith("dkim_")):
            return None
        from mailer.engine.signing import read_signer

        signer = read_signer(self.settings, self.root)
        signer.require_alignment(self.sender.address.domain)
        return signer

    @property
    def unsubscribe_mailbox(self) -> Mailbox:
        """Where people write to who leave by mail."""
        return self._first_mailbox("MAIL_UNSUBSCRIBE", "MAIL_REPLY_TO", "MAIL_FROM")

    def _first_mailbox(self, *names: str) -> Mailbox:
        chosen = next((name for name in names if getattr(self.settings, name.lower())), names[-1])
        return read_mailbox(self.settings, chosen)
