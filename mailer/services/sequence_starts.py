"""Who begins a sequence because of what is known of them: a tag that they got, a date that comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection

from mailer.bootstrap import App
from mailer.domain.local_time import utc_of
from mailer.domain.segment.writing import quoted
from mailer.domain.sequence import DAY, MemberState, SequenceStart, StartKind
from mailer.ledger.sequences import (
    ActiveSequence,
    add_members,
    begin,
    change,
    changed_since,
    with_date,
)
from mailer.services.sequence_files import SequenceRules, zone_of

# Who begins, where nobody tells: looked for each hour, and by a tag whenever anybody changed.
LOOKED_FOR = (StartKind.TAG, StartKind.DATE)
EVERY = OVERLAP = timedelta(hours=1)  # what was being written during one look is seen by the next
AROUND = 2  # days before and after this one that it may be anywhere within a day from now


def look(app: App, sequence: ActiveSequence, rules: SequenceRules) -> None:
    """Let those begin who do so by a tag or a date, if it is time to look."""
    now, start = app.now(), rules.start
    if not sequence.to_look:
        return
    tagged = has_tag(app, start) if start.kind is StartKind.TAG else None
    with app.database.begin() as connection:
        if tagged:
            lately = changed_since(sequence.looked_at - OVERLAP)
            begin(connection, sequence.id, start.text(), lately & tagged(connection), now)
        else:
            add_members(connection, list(_of_these_days(app, connection, sequence, rules)))
        change(connection, sequence.id, {"looked_at": now, "look_at": now + EVERY})


def has_tag(app: App, start: SequenceStart) -> Callable[[Connection], ColumnElement[bool]]:
    """Return what makes the SQL of who has the tag that a sequence begins by."""
    from mailer.people.segments.selecting import selected  # lark
    from mailer.services.segments import kept

    segment = kept(app, [(f"tag:{quoted(start.name)}", False)])
    return lambda connection: selected(connection, segment)


def _of_these_days(
    app: App, connection: Connection, sequence: ActiveSequence, rules: SequenceRules
) -> Iterator[dict[str, Any]]:
    """Yield a row for everybody whose day begins within a day from now, or began within the last one."""
    now, start = app.now(), rules.start
    begin_on, occasions = dict[str, date](), dict[str, str]()
    for shift in range(-AROUND, AROUND + 1):
        day = now.date() + shift * DAY
        for meant, written in start.days(day).items():
            begin_on[meant.isoformat()] = day
            occasions |= dict.fromkeys(written, meant.isoformat())
    for person in with_date(connection, sequence.id, sequence.list_id, start.name, occasions):
        zone = zone_of(app, person.timezone)
        begins = utc_of(datetime.combine(begin_on[person.occasion], time()), zone)
        if now - DAY < begins <= now + DAY:
            yield {
                "sequence_id": sequence.id,
                "subscriber_id": person.id,
                "occasion": person.occasion,
                "why": start.text(),
                "started_at": begins,
                "on_list_at": now,
                "state": MemberState.ACTIVE,
                "reason": "",
                "since": begins,
                "next_at": rules.plan.steps[0].due(begins, zone),
                "changed_at": now,
            }
