"""What a list says in its mails instead of what the settings say: read, and shown with whose word it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any
from urllib.parse import urlsplit

from mailer.bootstrap import App
from mailer.compose.issue.fenced import read_value
from mailer.compose.issue.fields import FIELDS, UnfitField
from mailer.compose.tags.offered import refuse_tags
from mailer.compose.theme.theme import KEYS, read_theme
from mailer.contradictions import missing_logo
from mailer.domain.subscriber import SubscriberList
from mailer.errors import IssueError, PlanRefused, UsageError
from mailer.ledger.schedules import TO_COME, Schedule
from mailer.proof.proofread import errors_in
from mailer.services.check import CheckRequest, check
from mailer.services.report import Report, report_on
from mailer.services.welcome import welcome_of

LATEST = 3  # sends

# What an option says, by the column that keeps it: the key of front matter that is read alike.
TEXTS = {
    "title": "title",
    "description": "description",
    "sender": "from",
    "reply_to": "reply_to",
    "postal_address": "title",
    "language": "lang",
    "welcome": "title",
    "confirmed_url": "title",
}
SWITCHES = ("is_public", "double_opt_in", "in_archive")
# The settings that say it where the list doesn't, by the column.
SETTINGS = {
    "sender": "MAIL_FROM",
    "reply_to": "MAIL_REPLY_TO",
    "postal_address": "POSTAL_ADDRESS",
    "language": "LANGUAGE",
}
# How columns are called where people type or read them.
NAMES = {column: column.replace("_", "-") for column in TEXTS} | {"sender": "from", "params": "param"}
OF_THE_LIST = "list"


@dataclass(frozen=True, slots=True)
class Stated:
    """A value that stands in a list's mails, and whose word it is: the list's own, or a setting's."""

    name: str
    value: Any
    by: str


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What is to be said of a list: `texts` and `switches` by column, `params` as `NAME=VALUE`.

    `unset` has names of what the settings are to say again; `param:NAME` is one of the params.
    """

    texts: Mapping[str, str]
    switches: Mapping[str, bool]
    params: Sequence[str] = ()
    unset: Sequence[str] = ()

    def values(self, before: SubscriberList) -> dict[str, Any]:
        """Return the columns that change; UsageError for a value that a setting or an issue couldn't have."""
        values: dict[str, Any] = dict(self.switches)
        params = dict(before.params)
        for name in self.unset:
            _unset(name, before, values, params)
        values |= {column: _text(column, text) for column, text in self.texts.items()}
        params |= dict(map(_param, self.params))
        if params != before.params:
            values["params"] = _params(params) or None
        return values


def _text(column: str, text: str) -> str:
    option = f"--{NAMES[column]}"
    try:
        value: str = FIELDS[TEXTS[column]].read(text)
    except UnfitField as unfit:
        raise UsageError(f"{option} {text!r} {unfit}") from None
    try:
        refuse_tags(value, path=option, line=0, place=f"list's {NAMES[column]}")
    except IssueError as tag:
        raise UsageError(tag.problem, next_step=tag.next_step) from None
    if not value:
        raise UsageError(f"{option} is empty", next_step=f"To take it back: --unset {NAMES[column]}")
    if column == "confirmed_url":
        _refuse_no_page(value)
    return value


def _refuse_no_page(value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or " " in value:
        raise UsageError(
            f"--confirmed-url {value!r} is not the address of a page",
            next_step="Write it like https://www.harbour.example/welcome",
        )


def _param(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    if not (name.strip() and value.strip()):
        raise UsageError(f"--param {text!r} is not NAME=VALUE; write it like --param accent=#0b5345")
    return name.strip(), read_value(value.strip())


def _params(params: dict[str, Any]) -> dict[str, Any]:
    try:
        read: dict[str, Any] = FIELDS["params"].read(params)
    except UnfitField as unfit:
        raise UsageError(f"--param {unfit.key}={params[unfit.key]} {unfit}") from None
    return read


def _unset(name: str, before: SubscriberList, values: dict[str, Any], params: dict[str, Any]) -> None:
    """Note what is not to be said any more."""
    columns = {typed: column for column, typed in NAMES.items()}
    of_params, sign, param = name.partition(":")
    if of_params == NAMES["params"]:
        if param and param not in params:
            raise UsageError(f"--unset {name}: the list {before.name} has no such param")
        for each in [param] if sign else list(params):
            del params[each]
    elif name not in columns:
        known = ", ".join(sorted([*columns, "param:NAME"]))
        raise UsageError(f"--unset {name!r}: a list says no such thing", next_step=f"It may be: {known}")
    else:
        column = columns[name]
        values[column] = {"title": before.name, "description": ""}.get(column)


def create(app: App, name: str, said: ListChanges) -> SubscriberList:
    """Make a list that says this; UsageError for a name that is taken or a value that can't be."""
    values = said.values(SubscriberList(0, name, name))
    _refuse_missing_logo(app, values)
    _refuse_unfit_welcome(app, SubscriberList(0, name, name), values)
    return app.lists.create(name, app.now(), said=values)


def change(app: App, name: str, said: ListChanges) -> tuple[SubscriberList, SubscriberList]:
    """Let a list say this from now on; return it as it was and as it is. UsageError as for `create`."""
    before = app.lists.named(name)
    values = said.values(before)
    if not values:
        return before, before
    _refuse_missing_logo(app, values)
    _refuse_unfit_welcome(app, before, values)
    return before, app.lists.change(name, values, app.now())


def _refuse_missing_logo(app: App, values: Mapping[str, Any]) -> None:
    """Raise UsageError where no mail could be made; an issue's own logo may lie beside the issue."""
    params = values.get("params") or {}
    if gone := missing_logo(read_theme(params), app.root):
        raise UsageError(
            f"--param logo={params['logo']}: there is no file {gone}",
            next_step="Write the path of an image from the workspace, or its https address.",
        )


def _refuse_unfit_welcome(app: App, before: SubscriberList, values: Mapping[str, Any]) -> None:
    """Raise what is wrong with the welcome that a list is to have: nobody is there when it goes out."""
    if named := values.get("welcome"):
        welcome_of(app, replace(before, welcome=named))
        lists = (before.name,) if before.id else ()
        (checked,) = check(app, CheckRequest([app.root / named], lists))
        if errors := list(errors_in(checked.findings)):
            raise PlanRefused(
                "\n".join([f"{named} is not fit to welcome anybody; nothing was changed:", *errors]),
                next_step=f"Correct it. All about it: mailer check {quote(named)}",
            )


def archive(app: App, name: str, *, undo: bool = False) -> SubscriberList:
    """Put a list away, or take it up again, and return it; what was begun goes on. UsageError for none."""
    before = app.lists.named(name)
    if undo is (before.archived_at is None):
        return before
    return app.lists.change(name, {"archived_at": None if undo else app.now()}, app.now())


def said_of(app: App, found: SubscriberList) -> list[Stated]:
    """Return what stands in a list's mails, as far as its issues don't say otherwise."""
    own: dict[str, Any] = {column: getattr(found, column) for column in SETTINGS}
    shown = [
        Stated(NAMES[column], value or getattr(app.settings, SETTINGS[column].lower()), _by(value, column))
        for column, value in own.items()
    ]
    return [each for each in shown if each.value] + list(_looks(app, found))


def _by(value: str, column: str) -> str:
    return OF_THE_LIST if value else SETTINGS[column]


def _looks(app: App, found: SubscriberList) -> Iterator[Stated]:
    for key in KEYS:
        value = getattr(app.settings, f"look_{key}")
        if value and key not in found.params:
            yield Stated(f"{NAMES['params']}:{key}", value, f"LOOK_{key.upper()}")
    for key, value in found.params.items():
        yield Stated(f"{NAMES['params']}:{key}", value, OF_THE_LIST)


def differences(app: App, before: SubscriberList, after: SubscriberList) -> list[tuple[str, Any, Any]]:
    """Return what a list says otherwise than before: its name, then and now; None where nobody says it."""
    then, now = (_everything(app, each) for each in (before, after))
    return [
        (name, then.get(name), now.get(name))
        for name in dict.fromkeys([*then, *now])
        if then.get(name) != now.get(name)
    ]


def _everything(app: App, found: SubscriberList) -> dict[str, Any]:
    said = {each.name: f"{each.value} ({each.by})" for each in said_of(app, found)}
    return {"title": found.title, "description": found.description or None, **traits(found), **said}


def traits(found: SubscriberList) -> dict[str, str]:
    """Return what a list is, in words."""
    return {
        "shown": "public" if found.is_public else "private",
        "sign-up": "double opt-in" if found.double_opt_in else "single opt-in",
        "archive": "shown" if found.in_archive else "not shown",
        "welcome": found.welcome or "none",
        "confirmed-url": found.confirmed_url or "none",
    }


@dataclass(frozen=True, slots=True)
class ListUse:
    """What hangs on a list: schedules that name it, its latest sends, and those that are not over."""

    scheduled: Sequence[Schedule]
    latest: Sequence[Report]
    under_way: Sequence[Report]
    sends: int


def use_of(app: App, name: str) -> ListUse:
    """Return what hangs on the list of this name."""
    waiting = app.schedules.all(*TO_COME)
    sends = [each for each in app.ledger.sends() if name in each.audience.lists]
    open_ones = {each.id for each in (*app.ledger.unfinished(), *app.ledger.left_alone())}
    return ListUse(
        [each for each in waiting if name in (*each.audience.lists, *each.audience.exclude)],
        [report_on(app, each) for each in sends[-LATEST:]],
        [report_on(app, each) for each in sends if each.id in open_ones],
        len(sends),
    )
