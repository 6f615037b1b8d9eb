"""Reading the settings: the environment beats `.env`; a secret may also be in a file named by `NAME_FILE`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from mailer.errors import SettingsError
from mailer.settings.env_file import EnvFile, Names, read_env_file
from mailer.settings.fields import EXACT, KNOWN, NAMES, PROSE, SECRETS, Settings
from mailer.settings.misnamed import ENVIRONMENT, OURS, is_anybodys, meant, misnamed
from mailer.settings.presets import PRESETS, plain

ENV_FILE = ".env"


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
    name = plain(given["SMTP_PROVIDER"].value) if "SMTP_PROVIDER" in given else ""
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
