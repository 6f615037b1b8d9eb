"""What the settings say of mail that comes back: what it does to people, where it lies, where it is put."""

from __future__ import annotations

from pathlib import Path

from mailer.domain.return_policy import ReturnPolicy, Sanction, read_soft
from mailer.errors import SettingsError
from mailer.logins.login import file_of
from mailer.mailbox.incoming import FilingWishes
from mailer.mailbox.server import MailboxAccount
from mailer.settings.fields import Settings


def policy_of(settings: Settings) -> ReturnPolicy:
    """Return what each kind of return does; SettingsError for what can't be read."""
    try:
        sends, days = read_soft(settings.returns_soft)
    except ValueError as error:
        raise SettingsError(
            f"RETURNS_SOFT = {settings.returns_soft!r}: {error}", next_step="Correct RETURNS_SOFT in .env."
        ) from None
    return ReturnPolicy(
        Sanction(settings.returns_hard),
        Sanction(settings.returns_complaint),
        sends,
        days,
        settings.returns_refused == "yes",
        Sanction(settings.returns_blocked),
        Sanction(settings.returns_unsubscribe),
    )


def filing_of(settings: Settings) -> FilingWishes:
    """Return where what was read is put."""
    folders = settings.returns_folder, settings.returns_unknown
    return FilingWishes(*folders, delete=settings.returns_delete == "yes")


def accounts_of(settings: Settings, root: Path, logins: Path | None = None) -> list[MailboxAccount]:
    """Return the mailboxes on servers that are set; SettingsError for half a login.

    In `logins` are those by OAuth 2.0, which stand in for a password where there is none.
    """
    s, found = settings, []
    if s.imap_host:
        login = s.imap_username, s.imap_password.get_secret_value()
        ca_file = str(root / s.imap_ca_file) if s.imap_ca_file else ""
        where = s.imap_host, s.imap_port, s.imap_security
        found.append(MailboxAccount("IMAP", *where, *login, ca_file, s.imap_folder))
    if s.pop3_host:
        login = s.pop3_username, s.pop3_password.get_secret_value()
        ca_file = str(root / s.pop3_ca_file) if s.pop3_ca_file else ""
        found.append(MailboxAccount("POP3", s.pop3_host, s.pop3_port, s.pop3_security, *login, ca_file))
    for each in found:
        by_token = each.protocol == "IMAP" and logins and file_of(logins, each.username).is_file()
        if not each.username or not (each.password or by_token):
            raise SettingsError(
                f"{each.protocol}_HOST is set, but to log in takes a user name and a password",
                next_step=f"Set {each.protocol}_USERNAME and {each.protocol}_PASSWORD; or, for IMAP, log in "
                "by OAuth 2.0 as IMAP_USERNAME: docs/how-to/log-in-with-oauth.md",
            )
    return found
