"""Settings: the process environment beats `.env`; a secret may also stand in a file named by `NAME_FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args
from urllib.parse import unquote
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo, field_validator

import mailer.settings.values as typed
from mailer.errors import SettingsError
from mailer.languages import DEFAULT, read_language
from mailer.settings.env_file import EnvFile, Names, read_env_file
from mailer.settings.misnamed import ENVIRONMENT, OURS, is_anybodys, meant, misnamed

ENV_FILE = ".env"
SECRETS = ("SMTP_PASSWORD", "SECRET_KEY", "DATABASE_URL")
EXACT = (*SECRETS, "SMTP_USERNAME")  # what somebody else made up: each character counts
PROSE = ("MAIL_FROM", "MAIL_REPLY_TO", "MAIL_RETURN_PATH", "MAIL_UNSUBSCRIBE", "POSTAL_ADDRESS", "LOOK_LOGO")


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

    model_config = ConfigDict(frozen=True)

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
    language: str = DEFAULT
    tz: str = "UTC"
    uncertain: Literal["hold", "resend"] = "hold"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("smtp_provider")
    @classmethod
    def _known_provider(cls, value: str) -> str:
        return typed.provider(value, sorted(PRESETS))

    @field_validator("smtp_host")
    @classmethod
    def _host(cls, value: str) -> str:
        return typed.host(value)

    @field_validator("smtp_security", "mail_images", "uncertain", "log_level", mode="before")
    @classmethod
    def _in_any_case(cls, value: str, info: ValidationInfo) -> str:
        words = get_args(cls.model_fields[info.field_name or ""].annotation)
        word = typed.one_of(value, words)
        if info.field_name == "smtp_security" and word not in words:
            raise ValueError(typed.SECURITY)
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
        return typed.web_address(value)

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which a time typed without an offset is meant."""
        return ZoneInfo(self.tz)


NAMES = tuple(name.upper() for name in Settings.model_fields)
KNOWN = {*NAMES, *(f"{name}_FILE" for name in SECRETS)}


def load_settings(root: Path, environ: dict[str, str] | None = None) -> Settings:
    """Return the settings of the workspace at `root`; SettingsError names variable and origin."""
    reading = read_settings(root, environ)
    for problem in reading.problems.values():
        raise problem
    return reading.settings


@dataclass(frozen=True, slots=True)
class SettingsReading:
    """Settings as far as they can be read, for whoever has to say what is wrong with them.

    `settings` has the default in the place of each that has a problem; `problems` are by the setting's name,
    or by `.env`. `origins` says where each value that isn't the default comes from.
    """

    settings: Settings
    origins: dict[str, str]
    problems: dict[str, SettingsError]
    env: EnvFile


class _Given(NamedTuple):
    value: Any
    origin: str


def read_settings(root: Path, environ: dict[str, str] | None = None) -> SettingsReading:
    """Return the settings of the workspace at `root`, where each comes from, and which can't be used."""
    environ = dict(os.environ if environ is None else environ)
    problems: dict[str, SettingsError] = {}
    try:
        env = read_env_file(root / ENV_FILE, Names(EXACT, PROSE, SECRETS, _is_ours))
    except SettingsError as error:
        env, problems[ENV_FILE] = EnvFile(root / ENV_FILE), error
    values = {name: _Given(value, f"{env.path}:{env.lines[name]}") for name, value in env.values.items()}
    values |= {
        name: _Given(_bare(name, value), ENVIRONMENT)
        for name, value in environ.items()
        if value and not (name == "LANGUAGE" and (name in values or _is_gettext(value)))
    }
    given = {name: values[name] for name in NAMES if name in values and values[name].value}
    for name in SECRETS:
        if (file := values.get(f"{name}_FILE")) and name not in given:
            try:
                given[name] = _Given(_read_secret(root / file.value, f"{name}_FILE"), f"{name}_FILE")
            except SettingsError as error:
                problems[name] = error
    given = _preset_values(given) | given
    problems |= dict(_faults(env)) | dict(_misnamed(values, given, env))
    return _checked(given, problems, env)


def _bare(name: str, value: str) -> str:
    return value if name in EXACT else value.strip()


def _is_ours(name: str) -> bool:
    return meant(name, KNOWN) is not None


def _faults(env: EnvFile) -> Iterator[tuple[str, SettingsError]]:
    """Yield what is wrong with lines of the file: that it is no setting first, where it is none."""
    for fault in env.faults:
        if fault.name and fault.name not in KNOWN:
            setting = meant(fault.name, KNOWN) or ""
            yield fault.name, misnamed(fault.name, f"{env.path}:{fault.line}", setting)
        else:
            yield fault.name or f"{ENV_FILE}:{fault.line}", fault.error(env.path)


def _misnamed(
    values: dict[str, _Given], given: dict[str, _Given], env: EnvFile
) -> Iterator[tuple[str, SettingsError]]:
    """Yield the names that are no settings, but would be taken for one by whoever wrote them.

    In the environment, which is everybody's, only while the setting itself is not there; against what is
    anybody's an empty line of `.env` will do.
    """
    for name, (_, origin) in values.items():
        setting = None if name in KNOWN else meant(name, KNOWN)
        if setting is None:
            continue
        there = setting in given or (is_anybodys(name) and setting in env.lines)
        if origin != ENVIRONMENT or (setting and not there and OURS.match(name)):
            yield name, misnamed(name, origin, setting)


def _is_gettext(value: str) -> bool:
    """Whether LANGUAGE is the system's list of locales (`en_US:en`): that says nothing about a newsletter."""
    return bool({*":_."} & {*value}) or value in ("C", "POSIX")


def _preset_values(given: dict[str, _Given]) -> dict[str, _Given]:
    name = typed.plain(given["SMTP_PROVIDER"].value) if "SMTP_PROVIDER" in given else ""
    preset = PRESETS.get(name)
    if preset is None:
        return {}
    values = {
        "SMTP_HOST": preset.host,
        "SMTP_PORT": preset.port,
        "SMTP_SECURITY": preset.security,
        "SMTP_CONNECTIONS": preset.connections,
        "MAIL_RATE": preset.rate,
    }
    return {key: _Given(value, f"the preset {name}") for key, value in values.items() if value}


def _checked(given: dict[str, _Given], problems: dict[str, SettingsError], env: EnvFile) -> SettingsReading:
    origins = {name: each.origin for name, each in given.items()}
    try:
        settings = Settings(**{name.lower(): each.value for name, each in given.items()})
    except ValidationError as error:
        found = {str(each["loc"][0]).upper(): each for each in error.errors()}
        for name, each in found.items():
            reason = _range(name) or each["msg"].removeprefix("Value error, ")
            # As in https://user:password@host/?key=secret.
            secret = name in EXACT or ("://" in str(each["input"]) and set("@?#") & set(str(each["input"])))
            shown = "(not shown)" if secret else repr(each["input"])
            problems[name] = SettingsError(
                f"{name} = {shown} in {origins[name]}: {reason}",
                next_step=f"Correct {name}; .env.example shows every setting with its default.",
            )
        return _checked({name: each for name, each in given.items() if name not in found}, problems, env)
    return SettingsReading(settings, origins, problems, env)


def _range(name: str) -> str:
    """Return which numbers a setting may be; nothing if it is no number."""
    bounds = Settings.model_fields[name.lower()].metadata
    least, most = (next((getattr(b, end) for b in bounds if hasattr(b, end)), None) for end in ("ge", "le"))
    if least is None:
        return ""
    return f"must be a number from {least} to {most}" if most else f"must be a number, {least} or more"


def _read_secret(path: Path, name: str) -> str:
    try:
        secret = path.read_text(encoding="utf-8-sig").rstrip("\n")
    except OSError as error:
        raise SettingsError(
            f"{name} names {path}, which can't be read: {error.strerror}",
            next_step=f"Correct {name}, or let this user read {path}.",
        ) from None
    except UnicodeDecodeError:
        raise SettingsError(
            f"{name} names {path}, which is no text in UTF-8", next_step=f"Put the secret alone into {path}."
        ) from None
    if not secret or secret != secret.strip() or "\n" in secret:
        problem = "blanks round it or several lines" if secret else "nothing in it"
        raise SettingsError(
            f"{name} names {path}, which has {problem}", next_step=f"Put the secret alone into {path}."
        )
    return secret
