"""What providers tell by webhook: proved, written down, and read afterwards, by whoever comes to it first.

What is read becomes the same verdicts as mail that came back, and goes by `services.returns`. A request is
known for some days, what it told for good: neither counts twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from hashlib import sha256
from logging import getLogger
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from mailer.domain.address import Address
from mailer.domain.returned import ReadToken, Returned
from mailer.errors import SettingsError
from mailer.feedback.webhooks.judging import DIGITS, digest_of, verdict_of
from mailer.feedback.webhooks.notice import HookProvider, HookRequest, Notice, Refused
from mailer.feedback.webhooks.providers import hook_providers
from mailer.feedback.webhooks.ses import Fetch, confirmation
from mailer.ledger import notices as ledger
from mailer.ledger.notices import NoticeRow
from mailer.online.fetching import NotFetched, fetch
from mailer.people.former import person_id
from mailer.services.explain_returns import circumstances
from mailer.services.return_settings import policy_of
from mailer.services.returns import ReturnedMail, ReturnRecords

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.settings.fields import Settings

log = getLogger(__name__)

BATCH = 500  # requests that are read at once
KNOWN_FOR = timedelta(days=3)  # longer than any provider's request is taken
SHORTEST_NAME = 8  # characters of what a provider calls a message, to be looked for


@dataclass(slots=True)
class Webhooks:
    """The webhooks that the settings have a proof for."""

    app: App
    get: Fetch = fetch
    _certificates: dict[str, bytes] = field(default_factory=dict)
    _set: dict[str, tuple[HookProvider, str]] = field(init=False)

    def __post_init__(self) -> None:
        self._set = webhooks_set(self.app.settings, self._certificate)

    def knows(self, name: str) -> bool:
        """Whether there is a webhook of this provider."""
        return name in self._set

    def asks(self, name: str) -> bool:
        """Whether to prove a request may take asking its provider, and so time."""
        return name == "ses"

    def accept(self, name: str, fields: Mapping[str, str], octets: bytes) -> NoticeRow | None:
        """Return a request that is proved to be the provider's, to be kept; None if it needs no keeping.

        Refused if it isn't proved.
        """
        provider, secret = self._set[name]
        try:
            request = HookRequest(fields, octets, _json(octets), self.app.now().timestamp())
            copy = provider.prove(request, secret)
            if address := confirmation(request.data) if name == "ses" else "":
                self.get(address)
                log.info("the subscription to %s is confirmed", request.data["TopicArn"])
                return None
        except NotFetched as error:
            raise Refused(str(error), 503) from None
        digest = sha256(f"{name}\n{copy}".encode() if copy else f"{name}\n".encode() + octets).hexdigest()
        return NoticeRow(name, digest[:DIGITS], octets)

    def keep(self, rows: Sequence[NoticeRow]) -> list[bool]:
        """Write requests down, durably; return of each whether it is new."""
        with self.app.database.begin() as connection:
            fresh = ledger.keep(connection, rows, self.app.now())
        return [row.digest in fresh for row in rows]

    def is_good_once(self, name: str) -> bool:
        """Whether a request that comes again is somebody else's doing: the provider signs each try anew."""
        return name in ("mailgun", "resend")

    def _certificate(self, address: str) -> bytes:
        if address not in self._certificates:
            self._certificates[address] = self.get(address)
        return self._certificates[address]


def webhooks_set(settings: Settings, get: Fetch = fetch) -> dict[str, tuple[HookProvider, str]]:
    """Return the providers whose proof is set, and by what it goes; SettingsError for what can't be used."""
    found = {}
    for name, provider in hook_providers(get).items():
        value = getattr(settings, provider.setting.lower())
        secret = value if isinstance(value, str) else value.get_secret_value()
        if not secret:
            continue
        try:
            provider.check(secret)
        except (ValueError, Refused) as error:
            raise SettingsError(
                f"{provider.setting} can't be used: {error}",
                next_step="Copy it from the provider's page once more: docs/how-to/webhooks.md",
            ) from None
        found[name] = provider, secret
    return found


def read_webhooks(app: App) -> int:
    """Read what was kept and is yet to be read; return how many requests those were."""
    with app.database.connect() as connection:
        if not ledger.any_waiting(connection):
            return 0
    records = ReturnRecords(lambda: app.database, policy_of(app.settings))
    providers, number = hook_providers(fetch), 0
    while rows := _some(app):
        with app.database.connect() as connection:
            read_token = circumstances(app).read_token
            mails = list(_mails(connection, rows, providers, read_token))
        done = partial(ledger.were_read, ids=[row.id for row in rows], now=app.now())
        records.take(mails, app.now(), done)
        number += len(rows)
    with app.database.begin() as connection:
        ledger.forget(connection, app.now() - KNOWN_FOR)
    return number


def _some(app: App) -> list[Any]:
    with app.database.connect() as connection:
        return ledger.waiting(connection, BATCH)


def _mails(
    connection: Connection, rows: Sequence[Any], providers: Mapping[str, HookProvider], read_token: ReadToken
) -> Iterator[ReturnedMail]:
    for row in rows:
        for notice in providers[row.provider].read(_json(row.octets)):
            returned, by = _whose(connection, notice, read_token)
            verdict = verdict_of(notice, row.provider, returned, by)
            yield ReturnedMail(digest_of(notice, row.provider), f"webhook {row.provider}", verdict)


def _whose(connection: Connection, notice: Notice, read_token: ReadToken) -> tuple[Returned | None, str]:
    """Return whose copy it is about: by our token, else by what the server called it when it took it."""
    if found := read_token(notice.token):
        return found, "token in the metadata"
    if len(notice.queued) < SHORTEST_NAME:
        return None, ""
    try:
        person = person_id(connection, Address.parse(notice.address).key)
    except ValueError:
        return None, ""
    found = ledger.copy_queued_as(connection, person, notice.queued) if person else None
    return found, "the name that the server gave this copy" if found else ""


def _json(octets: bytes) -> Any:
    try:
        return json.loads(octets)
    except (ValueError, RecursionError):
        raise Refused("what it says isn't JSON", 400) from None
