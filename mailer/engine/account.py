"""The account at the mail server, as the settings have it."""

from __future__ import annotations

from pathlib import Path

from mailer.sasl.credentials import TokenSource
from mailer.settings.fields import Settings
from mailer.smtp.account import Account

CHOSEN = ("auto", "password", "oauth2")  # what SMTP_AUTH says where it names no mechanism


def read_account(settings: Settings, root: Path, local_name: str, tokens: TokenSource | None) -> Account:
    """Return the server and who we are there; files that settings name are looked for from `root`."""
    s = settings
    return Account(
        host=s.smtp_host,
        port=s.smtp_port,
        security=s.smtp_security,
        username=s.smtp_username,
        password=s.smtp_password.get_secret_value(),
        ca_file=_path(root, s.smtp_ca_file),
        connections=s.smtp_connections,
        window=s.smtp_window,
        local_name=local_name,
        mechanism="" if s.smtp_auth in CHOSEN else s.smtp_auth.upper(),
        tokens=tokens,
        client_cert=_path(root, s.smtp_client_cert),
        client_key=_path(root, s.smtp_client_key),
    )


def _path(root: Path, named: str) -> str:
    return str(root / named) if named else ""
