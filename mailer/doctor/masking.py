"""Secrets, kept out of everything that is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qsl, unquote, urlsplit

from mailer.doctor.result import Result
from mailer.settings.fields import SECRETS, Settings

MASK = "•••"
SHORTEST = 3  # characters; masking what is shorter would only tell what it is


def masked_url(url: str) -> str:
    """Return `url` without password, fragment and the values of its query, where one may stand too.

    Where a `/`, `?` or `#` stands before the last `@`, nobody knows where a password ends: all is hidden.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return MASK  # no URL, so nobody knows what it is
    people, at, rest = rest.rpartition("@")
    if any(mark in people for mark in "/?#"):
        return f"{scheme}://{MASK}"
    rest, sharp, _ = rest.partition("#")
    where, question, query = rest.partition("?")
    user, colon, _ = people.partition(":")
    pairs = "&".join(f"{name.partition('=')[0]}={MASK}" for name in query.split("&")) if question else ""
    fragment = f"#{MASK}" if sharp else ""
    return f"{scheme}://{user}{f':{MASK}' if colon else ''}{at}{where}{question}{pairs}{fragment}"


def secrets_of(settings: Settings) -> set[str]:
    """Return every text in `settings` that nobody is to see, long enough to be told from other words."""
    secrets = {name: getattr(settings, name.lower()).get_secret_value() for name in SECRETS}
    url = secrets.pop("DATABASE_URL")
    found = {*secrets.values(), *_in_url(url), *_in_url(settings.base_url)}
    return {each for each in found if len(each) >= SHORTEST}


def without_secrets(results: Iterable[Result], secrets: Iterable[str]) -> list[Result]:
    """Return `results` as they may be shown."""
    hidden = sorted(secrets, key=len, reverse=True)
    return [
        replace(each, text=_without(each.text, hidden), next_step=_without(each.next_step, hidden))
        for each in results
    ]


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text


def _in_url(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
        password = parts.password or ""
    except ValueError:
        return []
    return [password, unquote(password), *(value for _, value in parse_qsl(parts.query))]
