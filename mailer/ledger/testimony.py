"""Late testimony: what a worker that was taken for lost, or its journal, says of those left in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, select

from mailer.domain.delivery import Settlement, State
from mailer.ledger.chunks import move, settle_elsewhere
from mailer.ledger.journal import Handed
from mailer.ledger.outcomes import histories, latest
from mailer.ledger.taking import words_of_loss
from mailer.store.schema import outcomes

NOT_HANDED = "its sender was taken for lost, but says that it had not handed it over"


def testify(
    connection: Connection,
    send_id: int,
    worker: str,
    said: Mapping[int, Settlement | Handed],
    revision: int,
    now: datetime,
    *,
    whole: bool = True,
) -> int:
    """Settle those left in doubt by the loss of `worker`, as far as that one knows better; return how many.

    Accepted is accepted. Whoever was refused, put off or never handed over goes again; with `whole` that is
    everyone in doubt whom it doesn't name, too. What was decided meanwhile stays decided.
    """
    o = outcomes.c
    mine = (o.send_id == send_id) & (o.state == State.UNCERTAIN) & (o.reply == words_of_loss(worker))
    people = connection.scalars(select(o.subscriber_id).where(mine, latest())).all()
    doubted = {key: said.get(key) for key in people if key in said or whole}
    known = histories(connection, send_id, o.subscriber_id.in_(doubted)) if doubted else {}
    accepted = {
        key: (word, known[key])
        for key, word in doubted.items()
        if isinstance(word, Settlement) and word.state is State.ACCEPTED
    }
    settle_elsewhere(connection, send_id, accepted, revision)
    again = {
        key: known[key] for key, word in doubted.items() if key not in accepted and not _may_have_it(word)
    }
    return len(accepted) + move(connection, send_id, again, State.QUEUED, NOT_HANDED, now)


def _may_have_it(word: Settlement | Handed | None) -> bool:
    return isinstance(word, Handed) or (word is not None and word.state is State.UNCERTAIN)
