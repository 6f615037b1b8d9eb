"""Who has not confirmed is asked once more, and forgotten in the end: by a command, or by the clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.domain.confirm_link import ConfirmToken
from mailer.domain.send import SendKind
from mailer.errors import UsageError
from mailer.people import opting_in, pending, signups
from mailer.people.lists import list_ids
from mailer.people.opting_in import OpenList
from mailer.people.pending import Pending
from mailer.services.letters import Letter
from mailer.services.signup import ask_by_mail, link_to_confirm

AFTER = 3  # days, where no setting says it


@dataclass(frozen=True, slots=True)
class Patience:
    """Whom it is about: of the list of this name, or of all; only who `signed_up` here, or all unconfirmed.

    `remind` and `forget` are after how many days; None: not at all.
    """

    list_name: str | None = None
    remind: int | None = None
    forget: int | None = None
    signed_up: bool = False


@dataclass(frozen=True, slots=True)
class Reminding:
    """Who is to be reminded, and who is to be forgotten."""

    remind: Sequence[Pending]
    forget: Sequence[Pending]

    def __bool__(self) -> bool:
        return bool(self.remind or self.forget)


@dataclass(frozen=True, slots=True)
class Reminded:
    """How many were written to, how many were taken off lists, and how many of these are gone."""

    reminded: int
    forgotten: int
    gone: int


def look(app: App, patience: Patience) -> Reminding:
    """Return whom it is time for, changing nothing. UsageError for a list that is not there."""
    now, remind, forget = app.now(), list[Pending](), list[Pending]()
    with app.database.connect() as connection:
        which = list_ids(connection, [patience.list_name]) if patience.list_name else None
        if patience.remind is not None:
            before = now - timedelta(days=patience.remind)
            remind = pending.to_remind(connection, before, which, signed_up=patience.signed_up)
        if patience.forget is not None:
            before, reminded = (now - timedelta(days=each) for each in (patience.forget, _good_for(app)))
            forget = pending.to_forget(connection, before, reminded, which, signed_up=patience.signed_up)
    gone = {each.subscriber_id for each in forget}
    return Reminding([each for each in remind if each.subscriber_id not in gone], forget)


def _good_for(app: App) -> int:
    return app.settings.signup_link_days


def carry_out(app: App, reminding: Reminding) -> Reminded:
    """Write to those who are to be reminded, and let go of those who are to be forgotten.

    Nobody is written to twice, whoever else does this; letters go out as all do. UsageError without BASE_URL.
    """
    if reminding.remind and not app.settings.base_url:
        raise UsageError(
            "BASE_URL is not set, so nobody could confirm anything",
            next_step="Set it to where mailer serve is reached from outside.",
        )
    letters: dict[object, Letter] = {}
    reminded = sum(_remind(app, each, letters) for each in reminding.remind)
    gone = 0
    for each in reminding.forget:
        with app.database.begin() as connection:
            gone += pending.forget_pending(connection, each)
    return Reminded(reminded, len(reminding.forget), gone)


def _remind(app: App, each: Pending, letters: dict[object, Letter]) -> bool:
    with app.database.connect() as connection:
        wanted = opting_in.open_lists(connection, each.list_ids)
    language = each.language or wanted[0].language or app.settings.language
    key = (wanted, language)
    if key not in letters:
        letters[key] = ask_by_mail(app, SendKind.REMIND, wanted, language)
    with app.database.begin() as connection:
        if not signups.may_be_mailed(connection, each.email_key, app.now()):
            return False
        if not pending.note_reminded(connection, each, app.now()):
            return False
        _write(app, connection, each, wanted, letters[key])
    return True


def _write(
    app: App, connection: Connection, each: Pending, wanted: Sequence[OpenList], letter: Letter
) -> None:
    now, ids = app.now(), tuple(one.id for one in wanted)
    signup_id = pending.latest_signup(connection, each.email_key)
    link = link_to_confirm(app, ConfirmToken(now, each.subscriber_id, signup_id, ids))
    letter.write(connection, each.subscriber_id, now, {"link": link})
    signups.count_mail(connection, each.email_key, now)


def by_the_clock(app: App) -> Reminded | None:
    """Do what the settings say of who signed up here; None where they say nothing, or it is nobody's time."""
    remind, forget = app.settings.signup_remind_days, app.settings.signup_forget_days
    if not (remind or forget):
        return None
    reminding = look(app, Patience(remind=remind or None, forget=forget or None, signed_up=True))
    return carry_out(app, reminding) if reminding else None
