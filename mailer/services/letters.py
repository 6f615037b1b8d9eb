"""Letters: mails that the program writes to one person because something happened.

    letter = compose(app, SendKind.CONFIRM, [weekly], "de", "confirm")  # it takes a while: beforehand
    with app.database.begin() as connection:
        letter.write(connection, person, app.now(), {"link": address})  # written if this is committed
    post(app)  # soon after, in any process

Whether somebody may be written to is for the caller to know. Whoever is suppressed or erased by the time that
a letter would go gets none (`mailer.ledger.taking.reason_gone`); else it is sent as everything else is: once,
tried again where it is put off, and with an account of what became of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.delivery import State
from mailer.domain.issue import Issue, Kind
from mailer.domain.send import Send, SendKind
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Composition
from mailer.engine.stopping import run
from mailer.errors import AtWork
from mailer.ledger.freezing import FrozenText
from mailer.ledger.letters import LetterText, has_letter, write_letter
from mailer.workspace.words import choose, read_words

LAYOUT = "notice"
LOOK = 0.2  # seconds, to see whether it is to stop
REST = ("rest", "ignore")  # paragraphs that a letter may have after its button, by the ends of their words


@dataclass(frozen=True, slots=True)
class Letter:
    """A compiled letter, to be written to anybody whom it concerns."""

    text: LetterText

    def write(
        self,
        connection: Connection,
        subscriber_id: int,
        now: datetime,
        values: Mapping[str, Any] | None = None,
        email: str | None = None,
    ) -> int:
        """Let a person get it, filled with `values`, else with their own; return the id of its send.

        It goes to the address that they have, or to this `email`.
        """
        return write_letter(connection, self.text, subscriber_id, now, values, email)

    def has(self, connection: Connection, subscriber_id: int) -> bool:
        """Return whether they have one of its kind in the name of its lists."""
        return has_letter(connection, self.text, subscriber_id)


def compose(
    app: App,
    kind: SendKind,
    lists: Sequence[SubscriberList],
    language: str,
    said: str,
    **values: str,
) -> Letter:
    """Compile a letter in the name of these lists, of which the first says who it is from.

    What it says are the words `{said}_subject`, `_lead`, `_button`, and `_rest` and `_ignore` if there are
    such, of `web/words/`, in the nearest language that there is; they may name `lists`, `sender` and what
    `values` has. Its button leads to the `link` that it is filled with. Raises what is wrong with settings
    and templates.
    """
    words = choose(read_words(app.template_folders), [language, lists[0].language, app.settings.language])
    compiler = app.compiler
    sender = app.sender.name or app.sender.address.wire
    named = {"lists": [each.title for each in lists], "sender": sender, **values}
    rest = [words.plain(name, **named) for part in REST if (name := f"{said}_{part}") in words]
    subject = words.plain(f"{said}_subject", **named)
    letter = {
        "lead": words.plain(f"{said}_lead", **named),
        "button": words.plain(f"{said}_button", **named),
        "rest": rest,
    }
    issue = Issue(
        path=f"the letter {said!r}",
        kind=Kind.TEXT,
        slug=f"{said}:{words.language}",
        title=subject,
        body="",
        template=LAYOUT,
        lang=words.language,
        params={"letter": letter},
    )
    return composed(kind, lists, compiler.compose(issue, lists, kind=kind))


def composed(kind: SendKind, lists: Iterable[SubscriberList], made: Composition) -> Letter:
    """Return a compiled issue as a letter in the name of these lists."""
    template, audience = made.template, Audience(tuple(each.name for each in lists))
    wording = FrozenText(
        made.issue.subject or made.issue.title, template.revision, template.dump(), template.fields
    )
    return Letter(LetterText(kind, made.issue.slug, audience, wording))


def post(app: App, stop: Callable[[], bool] = lambda: False) -> int:
    """Send the letters that may go now, in this thread; return how many were settled.

    For whoever serves pages: `mailer run`, `tick` and `work` send them by themselves, as whatever is
    unfinished. One that another process is just sending is left to it. Raises AccountFault and its kin.
    """
    settled = 0
    for send in app.ledger.unfinished():
        if send.kind.lasts and send.kind is not SendKind.NOTICE and not stop():
            settled += _post(app, send, stop)
    return settled


def post_notices(app: App, stop: Callable[[], bool]) -> None:
    """Send the mails of notices that may go now, apart from all others: nothing waits for what they meet."""
    for send in app.ledger.unfinished():
        if send.kind is SendKind.NOTICE and not stop():
            _post(app, send, stop)


def _post(app: App, send: Send, stop: Callable[[], bool]) -> int:
    now, sending = app.now(), app.sending()
    try:
        with sending.dispatcher.sending(send):
            sending.dispatcher.prepare(send, now)
            if not app.queries.totals(send).states.get(State.QUEUED) or sending.dispatcher.held(now):
                return 0
            return run(_sent(app, send, stop))
    except AtWork:
        return 0


async def _sent(app: App, send: Send, stop: Callable[[], bool]) -> int:
    sending, stopped, settled = app.sending(), asyncio.Event(), 0

    def count(more: int) -> None:
        nonlocal settled
        settled += more

    async def heed() -> None:
        while not stop():
            await asyncio.sleep(LOOK)
        stopped.set()

    heeding = asyncio.create_task(heed())
    try:
        await sending.run(send, app.now(), stopped, count)
    finally:
        heeding.cancel()
    return settled
