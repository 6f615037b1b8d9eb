"""Where sends stand, who got them, and what became of one person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.errors import UsageError
from mailer.ledger.queries import DeliveryRow, Event
from mailer.ledger.revisions import Revision
from mailer.services.issues import sends_of
from mailer.services.report import Report


def standings(app: App, named: str | None = None) -> list[Report]:
    """Return how every send stands, or those of one issue, and who is sending it just now; oldest first."""
    presence = app.presence
    # Where many send together none has the turn.
    helping = {each.doing.send_id: each.present for each in presence.seen() if each.unseen is None}
    return [
        Report(send, app.queries.totals(send), at_work=presence.whose_turn(send.id) or helping.get(send.id))
        for send in (sends_of(app, named) if named else app.ledger.sends())
    ]


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery of an issue, or of an erratum of it."""

    row: DeliveryRow
    erratum: bool


@dataclass(frozen=True, slots=True)
class Deliveries:
    """An issue's deliveries, read as they are asked for; `several` texts of it went out."""

    lines: Iterator[DeliveryLine]
    several: bool


def deliveries(app: App, named: str, state: State | None = None, revision: str = "") -> Deliveries:
    """Return who got an issue and who did not, or only those in one state, or with one text of it.

    UsageError if none of its texts has a revision that begins so.
    """
    sends = sends_of(app, named)
    if revision:
        _refuse_unknown(revision, [text for send in sends for text in app.queries.totals(send).revisions])
    lines = (
        DeliveryLine(row, send.corrects is not None)
        for send in sends
        for row in app.queries.deliveries(send, state, revision)
    )
    several = len({send.revision for send in sends}) > 1 or any(send.number > 1 for send in sends)
    return Deliveries(lines, several)


def _refuse_unknown(revision: str, texts: Sequence[Revision]) -> None:
    if not any(text.revision.startswith(revision) for text in texts):
        raise UsageError(
            f"no text of it has a revision that begins with {revision!r}",
            next_step=f"Its texts: {', '.join(text.revision[:6] for text in texts)}.",
        )


@dataclass(frozen=True, slots=True)
class History:
    """What an address got or did not get, and why, as it happened; nothing for one never heard of."""

    address: Address
    events: list[Event]


def history(app: App, email: str) -> History:
    """Return the history of an address; UsageError for what is none."""
    try:
        address = Address.parse(email)
    except ValueError as error:
        raise UsageError(f"{email}: {error}") from None
    return History(address, app.queries.history(address.key))
