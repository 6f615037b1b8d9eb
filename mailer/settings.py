"""Settings: the process environment beats `.env`; a secret may also stand in a file named by `NAME_FILE`."""

from __future__ import annotations

import os
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from mailer.errors import SettingsError

ENV_FILE = ".env"
SECRETS = ("SMTP_PASSWORD", "SECRET_KEY", "DATABASE_URL")


class Preset(BaseModel):
    """What is known of a provider: host, port and published limits (`connections`; `rate` in messages/s).

    `overwrites` are header fields that it replaces, so that no signature of ours can cover them.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    connections: int | None = None
    rate: float | None = None
    overwrites: tuple[str, ...] = ()


# Limits only where the provider publishes one for every account; the rest is found by its replies.
PRESETS: dict[str, Preset] = {
    "ses": Preset(host="email-smtp.us-east-1.amazonaws.com", overwrites=("Date", "Message-ID")),
    "sendgrid": Preset(host="smtp.sendgrid.net"),
    "mailgun": Preset(host="smtp.mailgun.org"),
    "postmark": Preset(host="smtp.postmarkapp.com", connections=10),
    "brevo": Preset(host="smtp-relay.brevo.com"),
    "mailjet": Preset(host="in-v3.mailjet.com"),
    "mailersend": Preset(host="smtp.mailersend.net"),
    "sparkpost": Preset(host="smtp.sparkpostmail.com"),
    "gmail": Preset(host="smtp.gmail.com"),
    "gmail-relay": Preset(host="smtp-relay.gmail.com"),
    "office365": Preset(host="smtp.office365.com", connections=3, rate=0.5),
    "fastmail": Preset(host="smtp.fastmail.com", port=465, security="tls"),
}


class Settings(BaseModel):
    """Every setting, typed and checked. Field names are the variables of `.env.example` in lower case."""

    model_config = ConfigDict(frozen=True, str_strip_whitespace=True)

    smtp_provider: str = ""
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(1025, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_security: Literal["starttls", "tls", "none"] = "none"
    smtp_ca_file: str = ""
    smtp_connections: int = Field(4, ge=1, le=1000)
    smtp_window: int = Field(16, ge=0, le=1000)
    mail_from: str = "Harbour Gazette <editor@gazette.example>"
    mail_reply_to: str = ""
    mail_return_path: str = ""
    mail_unsubscribe: str = ""
    mail_rate: float = Field(0, ge=0)
    mail_warmup: str = ""
    mail_images: Literal["inline", "linked"] = "inline"
    database_url: SecretStr = SecretStr("sqlite:///subscribers/mailer.db")
    secret_key: SecretStr = SecretStr("")
    base_url: str = ""
    postal_address: str = ""
    look_accent: str = "#9a3412"
    look_font: str = "serif"
    look_logo: str = ""
    look_width: int = Field(640, ge=480, le=800)
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key_file: str = ""
    dkim_ed25519_selector: str = ""
    dkim_ed25519_key_file: str = ""
    tz: str = "UTC"
    uncertain: Literal["hold", "resend"] = "hold"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("smtp_provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        if value and value not in PRESETS:
            raise ValueError(f"no such preset; known are {', '.join(sorted(PRESETS))}")
        return value

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; write an IANA name such as Europe/Lisbon") from None
        return value

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must start with https:// (or http:// on loopback)")
        return value.rstrip("/")

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which a time typed without an offset is meant."""
        return ZoneInfo(self.tz)


NAMES = tuple(name.upper() for name in Settings.model_fields)


def load_settings(root: Path, environ: dict[str, str] | None = None) -> Settings:
    """Return the settings of the workspace at `root`; SettingsError names variable and origin."""
    environ = dict(os.environ if environ is None else environ)
    file = root / ENV_FILE
    from_file = (
        {k: v for k, v in dotenv_values(file, encoding="utf-8").items() if v} if file.is_file() else {}
    )
    origin = {**dict.fromkeys(from_file, str(file)), **dict.fromkeys(environ, "the environment")}
    values: dict[str, Any] = {**from_file, **{k: v for k, v in environ.items() if v}}
    chosen = {name.lower(): values[name] for name in NAMES if name in values}
    for name in SECRETS:
        if (path := values.get(f"{name}_FILE")) and name.lower() not in chosen:
            chosen[name.lower()] = _read_secret(root / path, f"{name}_FILE")
    if preset := PRESETS.get(chosen.get("smtp_provider", "")):
        chosen = _preset_values(preset) | chosen
    try:
        return Settings(**chosen)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper()
        reason = first["msg"].removeprefix("Value error, ")
        shown = "(not shown)" if name in SECRETS else repr(first["input"])
        raise SettingsError(
            f"{name} = {shown} in {origin.get(name, 'a preset')}: {reason}",
            next_step=f"Correct {name}; .env.example shows every setting with its default.",
        ) from None


def mistyped_names(root: Path) -> dict[str, str]:
    """Return the names in the workspace's `.env` that are no settings but look like one, and that one."""
    file = root / ENV_FILE
    known = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}
    unknown = (set(dotenv_values(file, encoding="utf-8")) if file.is_file() else set()) - known
    near = {name: get_close_matches(name.upper(), known, n=1, cutoff=0.8) for name in sorted(unknown)}
    return {name: found[0] for name, found in near.items() if found}


def _preset_values(preset: Preset) -> dict[str, Any]:
    values: dict[str, Any] = {
        "smtp_host": preset.host,
        "smtp_port": preset.port,
        "smtp_security": preset.security,
    }
    if preset.connections:
        values["smtp_connections"] = preset.connections
    if preset.rate:
        values["mail_rate"] = preset.rate
    return values


def _read_secret(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"{name} names {path}, which can't be read: {error.strerror}") from None
