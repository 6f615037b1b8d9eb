"""What the ledger knows of people, by the words of `domain.segment.vocabulary.EVENTS`: SELECTs of their ids.

One that is of issues has their `sends` in it, so that they can be told apart by the slug.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, select, union

from mailer.domain.delivery import State
from mailer.domain.segment.conditions import Happened
from mailer.domain.send import SendKind
from mailer.people.suppressing import Suppressing
from mailer.store.schema import outcomes, sends, subscribers


def received(never: Suppressing) -> Select[Any]:  # noqa: ARG001
    """Those whose copy the server took. Who may have one (uncertain) is not among them."""
    o = outcomes.c
    found = select(o.subscriber_id).join_from(outcomes, sends, sends.c.id == o.send_id)
    return found.where(o.state == State.ACCEPTED, sends.c.kind == SendKind.ISSUE)


def bounced(never: Suppressing) -> Select[Any]:
    """Those who are suppressed for it, and those of whom a copy failed for good, and none was taken since."""
    o, later = outcomes.c, outcomes.alias("later")
    again = exists().where(
        later.c.send_id == o.send_id, later.c.subscriber_id == o.subscriber_id, later.c.number > o.number
    )
    # Looked up send by send, because the outcomes of all are found by their sends.
    in_any = later.c.send_id.in_(select(sends.c.id)) & (later.c.subscriber_id == o.subscriber_id)
    taken = exists().where(in_any, later.c.state == State.ACCEPTED, later.c.at > o.at)
    few = o.send_id.in_(select(sends.c.id)) & (o.state != State.ACCEPTED)
    failed = select(o.subscriber_id).where(few, o.state == State.FAILED, ~again, ~taken)
    kept_out = never.joined(select(subscribers.c.id)).where(never.reason() == "bounced")
    either = union(failed, kept_out).subquery()
    return select(either.c.subscriber_id)


SELECTS: Mapping[str, Callable[[Suppressing], Select[Any]]] = {"received": received, "bounced": bounced}


def latest_issues(number: int | None = None) -> Select[Any]:
    """Return a SELECT of the slugs of issues that were sent, those that were begun last first."""
    begun = func.max(sends.c.id)
    sent = select(sends.c.slug).where(
        sends.c.kind == SendKind.ISSUE, sends.c.proved_at.is_not(None), sends.c.corrects.is_(None)
    )
    return sent.group_by(sends.c.slug).order_by(begun.desc()).limit(number)


def happened(condition: Happened, never: Suppressing) -> ColumnElement[bool]:
    """Return whether what a condition says happened to a subscriber."""
    found, slug, last = SELECTS[condition.word](never), condition.slug, condition.last
    if slug is not None:
        found = found.where(sends.c.slug == slug)
    if last is not None:
        found = found.where(sends.c.slug.in_(latest_issues(last).subquery().select()))
    return subscribers.c.id.in_(found)
