"""Sequences in a workspace of a test's own: their folders, and rounds that write letters and mail none."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from weakref import WeakKeyDictionary

from sqlalchemy import exists, select
from standing_clock import Clock

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.errors import MailerError
from mailer.ledger.outcomes import NEW, write
from mailer.services.sequence_due import any_to_follow
from mailer.services.sequence_files import read_rules
from mailer.services.sequence_letters import KeptLetters, StepLetters
from mailer.services.sequence_steps import follow
from mailer.services.sequences import activate
from mailer.store.schema import deliveries, outcomes, sequence_members, sequence_steps, sequences, subscribers

KEPT = WeakKeyDictionary[App, KeptLetters]()
# A layout with nothing in it but what a mail must have: it compiles in a twentieth of the time.
LAYOUT = {
    "bare.html": '<!DOCTYPE html><html lang="{{ page.lang }}"><head><meta charset="utf-8"><title>'
    "{{ issue.subject }}</title></head><body>{{ content }}"
    '<p><a href="{{ unsubscribe_url }}">Leave</a> {{ sender.postal_address }}</p></body></html>',
    "bare.txt": "{{ content }}\n\nLeave: {{ unsubscribe_url }}\n{{ sender.postal_address }}\n",
}
COMMAND = 'list = "weekly"\nstart = "command"\n'


def write_sequence(app: App, name: str, rules: str = COMMAND, **steps: str) -> Path:
    """Make the folder of a sequence of these rules; each step is front matter, by the name of its file."""
    folder = app.root / "sequences" / name
    layouts = app.root / "templates" / "email"
    for made in (folder, layouts):
        made.mkdir(parents=True, exist_ok=True)
    for layout, text in LAYOUT.items():
        if not (layouts / layout).exists():
            (layouts / layout).write_text(text, encoding="utf-8")
    (folder / "sequence.toml").write_text(rules, encoding="utf-8")
    for file, front in steps.items():
        write_step(folder, file, front)
    return folder


def write_step(folder: Path, name: str, front: str = "", body: str = "word by word") -> Path:
    """Write a step: `s1_hello` is 1-hello.md."""
    number, _, key = name.removeprefix("s").partition("_")
    file = folder / f"{number}-{key}.md"
    text = (
        f"---\ntitle: About {key}\n{front}\ntemplate: bare\n---\nThe news of {key} from the quay, {body}.\n"
    )
    file.write_text(text, encoding="utf-8")
    return file


def put_in(app: App, name: str, rules: str = COMMAND, **steps: str) -> Path:
    """Write a sequence, and put it in force."""
    folder = write_sequence(app, name, rules, **steps)
    activate(app, name)
    return folder


def pass_days(app: App, clock: Clock, days: float) -> None:
    """Let time pass, and do what a round does then; nothing is wrong."""
    clock.time += timedelta(days=days)
    assert write_due(app) == []


def person(name: str) -> Address:
    """Return the address of somebody whom `standing_clock.join` took in."""
    return Address.parse(f"{name}@inbox.example")


def write_due(app: App, *, mail: bool = True) -> list[MailerError]:
    """Do what a round does for sequences; return what is wrong. With `mail` all letters have gone then."""
    faults = follow(app, any_to_follow(app), lambda: False, KEPT.setdefault(app, {}))
    if mail:
        _settle(app)
    return faults


def _settle(app: App) -> None:
    d, o = deliveries.c, outcomes.c
    done = exists().where(o.send_id == d.send_id, o.subscriber_id == d.subscriber_id)
    with app.database.begin() as connection:
        waits = connection.execute(select(d.send_id, d.subscriber_id).where(~done)).all()
        write(connection, [NEW.then(*row, State.ACCEPTED, "250 OK", app.now()) for row in waits])


def compile_step(app: App, name: str, key: str) -> None:
    """Have a letter compiled already, as a daemon has it after the first that it wrote."""
    StepLetters(app, read_rules(app, name), KEPT.setdefault(app, {})).compose(key)


def got(app: App, name: str = "") -> list[tuple[str, str, str]]:
    """Return who got which step when, or why they were passed by, in the order of time."""
    p, t, q = subscribers.c, sequence_steps.c, sequences.c
    query = select(p.email, t.step, t.at, t.send_id, t.note).join(subscribers, p.id == t.subscriber_id)
    query = query.join(sequences, q.id == t.sequence_id)
    query = query.where(q.name == name) if name else query
    with app.database.connect() as connection:
        return [
            (
                row.email.partition("@")[0],
                row.step if row.send_id else f"{row.step}: {row.note}",
                f"{row.at:%Y-%m-%d %H:%M}",
            )
            for row in connection.execute(query.order_by(t.at, p.email, t.step))
        ]


def standing(app: App, name: str = "ada") -> list[str]:
    """Return how somebody stands in each sequence, with the reason."""
    p, m = subscribers.c, sequence_members.c
    query = select(m.state, m.reason).join(subscribers, p.id == m.subscriber_id)
    query = query.where(p.email_key == person(name).key).order_by(m.sequence_id, m.occasion)
    with app.database.connect() as connection:
        return [f"{state}: {reason}" if reason else state for state, reason in connection.execute(query)]
