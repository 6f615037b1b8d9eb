"""Every setting: its name, its type, its default, and what it may hold."""

from __future__ import annotations

from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, get_args
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator

from mailer.durations import parse_duration
from mailer.languages import DEFAULT, read_language
from mailer.settings import values
from mailer.settings.presets import read_provider

SECRETS = (
    "SMTP_PASSWORD",
    "SECRET_KEY",
    "DATABASE_URL",
    "IMAP_PASSWORD",
    "POP3_PASSWORD",
    "WEBHOOK_MAILGUN_KEY",
    "WEBHOOK_POSTMARK_SECRET",
    "WEBHOOK_BREVO_SECRET",
    "WEBHOOK_MAILJET_SECRET",
    "WEBHOOK_MAILERSEND_SECRET",
    "WEBHOOK_SPARKPOST_SECRET",
    "WEBHOOK_RESEND_SECRET",
    "NOTICE_WEBHOOK",
    "NOTICE_SECRET",
)
EXACT = (
    *SECRETS,
    "SMTP_USERNAME",
    "IMAP_USERNAME",
    "POP3_USERNAME",
)  # what somebody else made up: each character counts
PROSE = (
    "MAIL_FROM",
    "MAIL_REPLY_TO",
    "MAIL_RETURN_PATH",
    "MAIL_UNSUBSCRIBE",
    "ADMIN_EMAIL",
    "POSTAL_ADDRESS",
    "LOOK_LOGO",
)


class Settings(BaseModel):
    """Every setting, typed and checked. Field names are the variables of `.env.example` in lower case."""

    model_config = ConfigDict(frozen=True)

    smtp_provider: str = ""
    smtp_host: str = "127.0.0.1"
    smtp_port: int = Field(1025, ge=1, le=65535)
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_auth: Literal[
        "auto", "password", "oauth2", "plain", "login", "cram-md5", "scram-sha-256", "scram-sha-256-plus"
    ] = "auto"
    smtp_security: Literal["starttls", "tls", "none"] = "none"
    smtp_ca_file: str = ""
    smtp_client_cert: str = ""
    smtp_client_key: str = ""
    smtp_connections: int = Field(4, ge=1, le=1000)
    smtp_window: int = Field(16, ge=0, le=1000)
    mail_from: str = "Harbour Gazette <editor@gazette.example>"
    mail_reply_to: str = ""
    mail_return_path: str = ""
    mail_verp: Literal["off", "plus", "subdomain"] = "plus"
    mail_unsubscribe: str = ""
    trusted_authserv: str = ""
    imap_host: str = ""
    imap_port: int = Field(993, ge=1, le=65535)
    imap_security: Literal["starttls", "tls", "none"] = "tls"
    imap_username: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_ca_file: str = ""
    imap_folder: str = "INBOX"
    pop3_host: str = ""
    pop3_port: int = Field(995, ge=1, le=65535)
    pop3_security: Literal["starttls", "tls", "none"] = "tls"
    pop3_username: str = ""
    pop3_password: SecretStr = SecretStr("")
    pop3_ca_file: str = ""
    returns_folder: str = ""
    returns_unknown: str = "unknown"
    returns_delete: Literal["yes", "no"] = "no"
    returns_hard: Literal["suppress", "count", "note"] = "suppress"
    returns_soft: str = "5/10d"
    returns_complaint: Literal["suppress", "leave"] = "suppress"
    returns_unsubscribe: Literal["leave", "suppress"] = "leave"
    returns_blocked: Literal["note", "count"] = "note"
    returns_refused: Literal["yes", "no"] = "yes"
    admin_email: str = ""
    alert_complaints: float = Field(0.1, ge=0, le=100)
    alert_bounces: float = Field(2, ge=0, le=100)
    alert_blocked: int = Field(10, ge=0)
    alert_stops: Literal["yes", "no"] = "yes"
    notices: str = "send schedule sequence account returns signups feed"
    notice_webhook: SecretStr = SecretStr("")
    notice_secret: SecretStr = SecretStr("")
    notice_networks: str = ""
    mail_rate: float = Field(0, ge=0)
    mail_warmup: str = ""
    mail_images: Literal["inline", "linked"] = "inline"
    database_url: SecretStr = SecretStr("sqlite:///subscribers/mailer.db")
    secret_key: SecretStr = SecretStr("")
    base_url: str = ""
    trusted_proxies: int = Field(0, ge=0, le=10)
    postal_address: str = ""
    look_accent: str = "#9a3412"
    look_font: str = "serif"
    look_logo: str = ""
    look_width: int = Field(640, ge=480, le=800)
    webhook_ses_topic: str = ""
    webhook_sendgrid_key: str = ""
    webhook_mailgun_key: SecretStr = SecretStr("")
    webhook_postmark_secret: SecretStr = SecretStr("")
    webhook_brevo_secret: SecretStr = SecretStr("")
    webhook_mailjet_secret: SecretStr = SecretStr("")
    webhook_mailersend_secret: SecretStr = SecretStr("")
    webhook_sparkpost_secret: SecretStr = SecretStr("")
    webhook_resend_secret: SecretStr = SecretStr("")
    dkim_domain: str = ""
    dkim_selector: str = ""
    dkim_key_file: str = ""
    dkim_ed25519_selector: str = ""
    dkim_ed25519_key_file: str = ""
    signup_link_days: int = Field(7, ge=1, le=90)
    signup_remind_days: int = Field(0, ge=0, le=365)
    signup_forget_days: int = Field(0, ge=0, le=3650)
    signup_origins: str = ""
    signup_per_network: int = Field(20, ge=0)
    signup_per_day: int = Field(5000, ge=0)
    signup_surge: int = Field(100, ge=0)
    signup_proof: Literal["surge", "always", "never"] = "surge"
    signup_seconds: float = Field(2, ge=0, le=60)
    signup_disposable: Literal["allow", "refuse"] = "allow"
    archive_indexed: Literal["yes", "no"] = "yes"
    consent_ip: Literal["truncated", "whole", "none"] = "truncated"
    language: str = DEFAULT
    tz: str = "UTC"
    schedule_grace: str = "1h"
    feed_networks: str = ""
    local_time_past: Literal["next-day", "at-once"] = "next-day"
    schedule_calendar: str = ""
    run_listen: str = ""
    uncertain: Literal["hold", "resend"] = "hold"
    log_level: Literal["", "DEBUG", "INFO", "WARNING", "ERROR"] = ""
    log_format: Literal["text", "json"] = "text"

    @field_validator("smtp_provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        return read_provider(value)

    @field_validator("smtp_host", "imap_host", "pop3_host")
    @classmethod
    def _host(cls, value: str, info: ValidationInfo) -> str:
        return values.host(value, (info.field_name or "").partition("_")[0].upper()) if value else value

    @field_validator(
        "smtp_auth",
        "smtp_security",
        "imap_security",
        "pop3_security",
        "returns_delete",
        "returns_hard",
        "returns_complaint",
        "returns_unsubscribe",
        "returns_blocked",
        "returns_refused",
        "alert_stops",
        "mail_verp",
        "mail_images",
        "archive_indexed",
        "consent_ip",
        "local_time_past",
        "uncertain",
        "signup_proof",
        "signup_disposable",
        "log_level",
        "log_format",
        mode="before",
    )
    @classmethod
    def _in_any_case(cls, value: str, info: ValidationInfo) -> str:
        words = get_args(cls.model_fields[info.field_name or ""].annotation)
        word = values.one_of(value, words)
        if word not in words and (said := values.SAID.get(info.field_name or "")):
            raise ValueError(said)
        return word

    @field_validator("language")
    @classmethod
    def _known_language(cls, value: str) -> str:
        return read_language(value)

    @field_validator("tz")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("no such time zone; write an IANA name such as Europe/Lisbon") from None
        return value

    @field_validator("schedule_grace")
    @classmethod
    def _stretch_of_time(cls, value: str) -> str:
        parse_duration(value)
        return value

    @field_validator("run_listen")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        if value:
            values.host_and_port(value)
        return value

    @field_validator("database_url")
    @classmethod
    def _no_null(cls, value: SecretStr) -> SecretStr:
        # SQLAlchemy reads %00 as one, and no file name may hold it.
        if "\0" in unquote(value.get_secret_value()):
            raise ValueError("holds a null character, as %00")
        return value

    @field_validator("base_url")
    @classmethod
    def _web_address(cls, value: str) -> str:
        return values.web_address(value)

    @field_validator("signup_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        return values.origins(value)

    @field_validator("notice_webhook")
    @classmethod
    def _hooks(cls, value: SecretStr) -> SecretStr:
        return SecretStr(values.hooks(value.get_secret_value()))

    @field_validator("feed_networks", "notice_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        return values.networks(value)

    @property
    def own_networks(self) -> list[IPv4Network | IPv6Network]:
        """Private networks in which feeds may be read."""
        return [ip_network(each) for each in self.feed_networks.split()]

    @property
    def told_networks(self) -> list[IPv4Network | IPv6Network]:
        """Private networks in which webhooks may be told."""
        return [ip_network(each) for each in self.notice_networks.split()]

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """Whose Authentication-Results are believed, in small letters."""
        return frozenset(self.trusted_authserv.lower().replace(",", " ").split())

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which a time typed without an offset is meant."""
        return ZoneInfo(self.tz)

    @property
    def grace(self) -> timedelta:
        """How late a schedule may begin that nothing looked at in time."""
        return parse_duration(self.schedule_grace)


NAMES = tuple(name.upper() for name in Settings.model_fields)
KNOWN = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}
