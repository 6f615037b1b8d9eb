"""A list is deleted: what would be lost is said before, and kept in a file; what happened stays known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mailer.bootstrap import App
from mailer.domain.subscriber import SubscriberList
from mailer.errors import PlanRefused
from mailer.services.export import keep_before
from mailer.services.list_settings import ListUse, use_of
from mailer.store.presence import BEGINNING


@dataclass(frozen=True, slots=True)
class ListRemoval:
    """What goes with a list: who is on it (`found` counts them), and the schedules that name it.

    Its sends and the `entries` of the ledger of consent stay.
    """

    found: SubscriberList
    use: ListUse
    entries: int


def removal_of(app: App, name: str) -> ListRemoval:
    """Return what goes with a list; PlanRefused as long as a send to it is not over."""
    found, use = app.lists.named(name), use_of(app, name)
    for report in use.under_way:
        raise PlanRefused(
            f"{report.name} is not over ({report.got_it}); nothing was deleted",
            next_step=f"Wait until it is, or let it never go on: mailer cancel {report.send.slug}",
        )
    return ListRemoval(found, use, app.lists.known_of(name)[1])


def remove(app: App, name: str) -> Path:
    """Delete a list, and take back the schedules that name it; return the file with who was on it.

    PlanRefused as `removal_of`, and UsageError where that file can't be written: then nothing is changed.
    """
    with app.at_work(), app.presence.turn(BEGINNING, app.command):
        removal = removal_of(app, name)
        people, _ = app.lists.known_of(name)
        kept = keep_before(app.database, app.root / "subscribers", f"delete-{name}", people, app.now())
        for each in removal.use.scheduled:
            app.schedules.remove(each.id, app.now())
        app.lists.delete(name, app.now())
        return kept
