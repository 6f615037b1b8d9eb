"""The DKIM settings and key files, as a signer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailer.domain.address import Address, AddressError
from mailer.errors import SettingsError
from mailer.message.dkim.key import Algorithm, SigningKey, UnfitKey
from mailer.message.dkim.signer import FIELDS, Signer
from mailer.settings.fields import Settings
from mailer.settings.presets import preset_of

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")  # RFC 6376 3.1
_OTHERS = 0o007  # the permissions of those who are neither owner nor group
_HOW_TO = "docs/how-to/dkim.md shows how to make a key and what to put in DNS."


@dataclass(frozen=True, slots=True)
class KeySettings:
    """The names of the settings of one key."""

    algorithm: Algorithm
    selector: str
    file: str


RSA = KeySettings(Algorithm.RSA, "DKIM_SELECTOR", "DKIM_KEY_FILE")
ED25519 = KeySettings(Algorithm.ED25519, "DKIM_ED25519_SELECTOR", "DKIM_ED25519_KEY_FILE")


def read_signer(settings: Settings, root: Path) -> Signer:
    """Return what signs by the DKIM settings, at least one of which is set; paths are relative to `root`.

    Raises SettingsError that names setting and file, and shows nothing of a key.
    """
    names = ("DKIM_DOMAIN", RSA.selector, RSA.file, ED25519.selector, ED25519.file)
    given = {name: value for name in names if (value := getattr(settings, name.lower()))}
    wanted = [RSA, ED25519] if ED25519.selector in given or ED25519.file in given else [RSA]
    _require(given, wanted)
    keys = [_key(each, given, root) for each in wanted]
    warnings = [
        f"{each.file} is {warning}"
        for each, key in zip(wanted, keys, strict=True)
        for warning in _weaknesses(key, root / given[each.file])
    ]
    return Signer(_domain(given["DKIM_DOMAIN"]), keys, _fields(settings), warnings)


def _require(given: Mapping[str, str], wanted: list[KeySettings]) -> None:
    needed = ["DKIM_DOMAIN", *(name for each in wanted for name in (each.selector, each.file))]
    if missing := [name for name in needed if name not in given]:
        raise SettingsError(
            f"{', '.join(given)} set, but not {', '.join(missing)}, without which nothing is signed",
            next_step=f"Set {' and '.join(missing)} too; {_HOW_TO}",
        )


def _key(names: KeySettings, given: Mapping[str, str], root: Path) -> SigningKey:
    selector, path = given[names.selector], root / given[names.file]
    if not _SELECTOR.fullmatch(selector):
        raise SettingsError(
            f"{names.selector} = {selector!r} is no selector",
            next_step=f"Use letters, digits and hyphens, such as news1; {_HOW_TO}",
        )
    try:
        return SigningKey.read(selector, names.algorithm, path.read_bytes())
    except OSError as error:
        raise SettingsError(
            f"{names.file} names {path}, which can't be read: {error.strerror}", next_step=_HOW_TO
        ) from None
    except UnfitKey as error:
        raise SettingsError(f"{names.file} names {path}, which holds {error}", next_step=_HOW_TO) from None


def _weaknesses(key: SigningKey, path: Path) -> Iterator[str]:
    if key.advice:
        yield key.advice
    if path.stat().st_mode & _OTHERS:
        yield f"open to everyone on this machine: chmod 600 {path}"


def _domain(text: str) -> str:
    """Return the A-label form of a domain, checked as that of an address is."""
    try:
        return Address.parse(f"postmaster@{text}").domain
    except AddressError:
        raise SettingsError(
            f"DKIM_DOMAIN = {text!r} is no domain", next_step="Set it to the domain of MAIL_FROM."
        ) from None


def _fields(settings: Settings) -> list[str]:
    """Return the fields to cover: but for those that the provider is known to overwrite."""
    overwritten = preset_of(settings.smtp_provider).overwrites
    return [field for field in FIELDS if field not in overwritten]
