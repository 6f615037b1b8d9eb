"""Notices are told: each by mail, through the ledger as every letter, and by webhook, signed."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from hashlib import sha256
from logging import getLogger

from mailer.bootstrap import App
from mailer.domain.admin_notice import NoticeRetries
from mailer.domain.issue import Issue, Kind
from mailer.domain.send import SendKind
from mailer.domain.subscriber import SubscriberList
from mailer.domain.suppression import OWN_WORD
from mailer.domain.webhook_signature import signed
from mailer.errors import MailerError
from mailer.ledger import admin_notices
from mailer.ledger.admin_notices import MAIL, KeptNotice, Telling, Way
from mailer.ledger.letters import ADMINS, write_letter
from mailer.online.posting import Posted, Posting, post_all
from mailer.people.suppressing import suppression_of
from mailer.services.letters import Letter, composed, post_notices
from mailer.services.notices import hook_name

log = getLogger(__name__)

RETRIES = NoticeRetries()
GONE = 410  # Standard Webhooks: nobody is there any more who wants it
FROM = "ADMIN_EMAIL"  # in the place of a list
LAYOUT = "admin"


def tell_noted(app: App, only: int | None = None, stop: Callable[[], bool] = lambda: False) -> None:
    """Tell what is to be told now, or one notice alone; what can't be told now is told another time.

    Nothing is raised but by the database. To be called where there is no event loop.
    """
    with app.database.begin() as connection:
        taken = admin_notices.take_due(connection, app.now(), only)
    by_mail = [each for each in taken if each[1].name == MAIL]
    _by_webhook(app, [each for each in taken if each[1].name != MAIL])
    letter = cache(partial(_letter, app))  # compiled once, if anybody gets it
    for notice, way in by_mail:
        _by_mail(app, notice, way, letter)
    _post(app, stop)


def _post(app: App, stop: Callable[[], bool]) -> None:
    try:
        post_notices(app, stop)
    except MailerError as error:
        log.warning("notices wait: %s", error.problem)


def _by_mail(app: App, notice: KeptNotice, way: Way, compiled: Callable[[], Letter]) -> None:
    try:
        address = app.mailboxes()["ADMIN_EMAIL"].address
        letter = compiled()
    except (KeyError, MailerError) as error:
        words = error.problem if isinstance(error, MailerError) else "ADMIN_EMAIL is set no longer"
        _failed(app, notice, way, words)
        return
    with app.database.connect() as connection:
        suppressed = suppression_of(connection, address.key)
    if suppressed:  # whoever said no, or can't be reached, is not written to by a setting either
        asked = " --they-asked" if suppressed.reason in OWN_WORD else ""
        words = f"{address.wire} is suppressed ({suppressed.reason}); to mail it: "
        _settle(app, way, Telling.GIVEN_UP, f"{words}mailer suppressions remove {address.wire}{asked}")
        return
    own = {"about": notice.title, "lines": [*notice.lines, f"See: mailer notices show {notice.id}"]}
    with app.database.begin() as connection:
        # Both or neither: it is written once, whoever is killed when.
        if admin_notices.settle(connection, way, Telling.TOLD, "written, and goes as any mail", app.now()):
            write_letter(connection, letter.text, ADMINS + notice.id, app.now(), own, address.wire)


def _letter(app: App) -> Letter:
    """Compile the mail of a notice: what it says is filled in, so that all are one send."""
    name = app.sender.name or app.sender.address.wire
    issue = Issue(
        path="the mail of a notice",
        kind=Kind.TEXT,
        slug="notice",
        title="Notice",
        subject="{{ subscriber.about }}",
        body="",
        template=LAYOUT,
        lang="en",
    )
    stand_in = SubscriberList(0, FROM, name)
    made = app.compiler.compose(issue, [stand_in], kind=SendKind.NOTICE)
    named = replace(made, issue=replace(made.issue, subject=""))
    return composed(SendKind.NOTICE, [stand_in], named)


def _by_webhook(app: App, taken: Sequence[tuple[KeptNotice, Way]]) -> None:
    wishes = app.notice_wishes
    addresses = {hook_name(each): each for each in wishes.hooks}
    known = [each for each in taken if each[1].name in addresses]
    for _, way in taken:
        if way.name not in addresses:
            _settle(app, way, Telling.GIVEN_UP, "NOTICE_WEBHOOK names it no longer")
    postings = [
        Posting(addresses[way.name], _fields(app, notice, body), body)
        for notice, way in known
        for body in [body_of(notice)]
    ]
    answers = post_all(postings, app.settings.told_networks) if postings else []
    for (notice, way), answer in zip(known, answers, strict=True):
        _answered(app, notice, way, answer)


def body_of(notice: KeptNotice) -> bytes:
    """Return what a webhook gets: JSON in UTF-8, the same each time it is tried (docs/how-to/notices.md)."""
    data = {"id": notice.id, "title": notice.title, "lines": list(notice.lines), **notice.data}
    told = {"type": str(notice.event), "timestamp": notice.at.isoformat(), "data": data}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def _fields(app: App, notice: KeptNotice, body: bytes) -> dict[str, str]:
    moment = int(app.now().timestamp())
    # The same for each attempt, and no other workspace's.
    own = f"{app.sender.address.wire}/{notice.id}/{notice.at.isoformat()}"
    message_id = f"notice_{sha256(own.encode()).hexdigest()[:24]}"
    return signed(app.notice_wishes.secret, message_id, moment, body)


def _answered(app: App, notice: KeptNotice, way: Way, answer: Posted) -> None:
    if answer.taken:
        _settle(app, way, Telling.TOLD, answer.words)
    elif answer.status == GONE:
        _settle(app, way, Telling.GIVEN_UP, answer.words)
    else:
        _failed(app, notice, way, answer.words)


def _failed(app: App, notice: KeptNotice, way: Way, words: str) -> None:
    now = app.now()
    pause = RETRIES.pause(way.attempts, now - notice.at, secrets.randbelow(1001) / 1000)
    log.warning("notice %d could not be told by %s: %s", notice.id, way.name, words)
    with app.database.begin() as connection:
        state = Telling.GIVEN_UP if pause is None else Telling.WAITING
        admin_notices.settle(connection, way, state, words, now if pause is None else now + pause)


def _settle(app: App, way: Way, state: Telling, words: str) -> None:
    with app.database.begin() as connection:
        admin_notices.settle(connection, way, state, words, app.now())
