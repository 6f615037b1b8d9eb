"""A whole send, but for the world: to a copy of the people, by a mail server that makes trouble."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.delivery import State
from mailer.domain.estimate import Estimate, by_quota, by_rate, by_warming
from mailer.domain.learned import ACCOUNT, Learned
from mailer.errors import ExitCode, UsageError
from mailer.sandbox.troublemaker import ACCEPTED, DEEDS, running_troublemaker
from mailer.services.report import Report, report_on

if TYPE_CHECKING:
    from mailer.domain.issue import IssueNotice
    from mailer.domain.send import Send
    from mailer.engine.watch import Watch
    from mailer.services.prepare import SendRequest

ROUNDS = 30  # what was put off goes again in the next one; far more than anybody needs
LATER = timedelta(days=3)  # by then all that was put off is due
NAMED = 5  # addresses named for each thing that is wrong

# What the server does, as an editor understands it, and what it is called in its log.
TROUBLES = {
    "put messages off": {"421", "451"},
    "refused messages for good": {"550", "554"},
    "hung up, fell silent or spoke nonsense": {"CLOSE", "CUT", "STALL", "garbage"},
    "took messages and never said so": {"LOSE", "HUSH"},
}


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came of it: the summary, how often the server did what, and whatever isn't as it must be.

    `doubtful_copies` is how many of those in doubt did get their message. `estimate` is for the server of the
    workspace, None where nothing tells.
    """

    report: Report
    troubles: dict[str, int]
    wrong: list[str]
    doubtful_copies: int
    estimate: Estimate | None

    @property
    def exit_code(self) -> ExitCode:
        """0 if all is as it must be: refusals and doubts are what was rehearsed."""
        if self.wrong:
            return ExitCode.INTERNAL
        return ExitCode.INTERRUPTED if self.report.interrupted else ExitCode.COMPLETE


def rehearse(
    app: App, request: SendRequest, level: str, seed: int, watch: Watch, tell: Callable[[IssueNotice], None]
) -> Rehearsed:
    """Send an issue to everyone on its lists, by a server of ours that makes trouble at this `level`.

    Nothing of the workspace changes: people and ledger are a copy, as is what is learned. UsageError where
    there is nobody to send to yet.
    """
    if not app.has_database:
        raise UsageError(
            "there are no people yet to rehearse with",
            next_step="Import some: mailer subscribers import FILE --list L",
        )
    with tempfile.TemporaryDirectory(prefix="mailer-rehearsal-") as name:
        folder = Path(name)
        with running_troublemaker(folder, level, seed) as port:
            copy = _copy(app, folder, port)
            try:
                send = _begin(copy, request, tell)
                estimate = _estimate(app, copy, report_on(copy, send).queued)
                report = _rounds(copy, send, watch)
                return judged(copy, report, estimate, folder)
            finally:
                copy.let_go()


def _copy(app: App, folder: Path, port: int) -> App:
    """Return the workspace as it is, but with its people and its ledger copied, and this server."""
    from mailer.services.database import back_up
    from mailer.services.moving import copy_to_file

    database = folder / "mailer.db"
    if app.database_file:
        back_up(app, database)
    else:
        copy_to_file(app.database, database)
    changed = {
        "smtp_host": "127.0.0.1",
        "smtp_port": port,
        "smtp_security": "none",
        "smtp_username": "",
        "smtp_password": SecretStr(""),
        "mail_rate": 0.0,
        "mail_warmup": "",
        "uncertain": "hold",
        "database_url": SecretStr(f"sqlite:///{database}"),
    }
    return App(app.root, settings=app.settings.model_copy(update=changed))


def _begin(app: App, request: SendRequest, tell: Callable[[IssueNotice], None]) -> Send:
    from mailer.services.begin import begin
    from mailer.services.prepare import prepare

    prepared = prepare(app, request, tell)
    # What was begun before is not gone on with: a rehearsal is of everyone, whatever check says.
    for earlier in app.ledger.sends(prepared.job.issue.slug):
        app.ledger.cancel(earlier, "a rehearsal", app.now())
    return begin(prepared, again=True, force=True).send


def _rounds(app: App, send: Send, watch: Watch) -> Report:
    """Send until nothing is left that may go; what was put off is due at once, in the next round."""
    from mailer.services.continuing import Portion, go_on

    seconds, settled = 0.0, 0
    for number in range(1, ROUNDS + 1):
        title = f"Rehearsing {send.slug}" if number == 1 else f"Round {number}"
        report = go_on(app, send, Portion(workers=1), partial(_titled, watch, title))
        seconds, settled = seconds + report.seconds, settled + report.settled
        app.ledger.requeue_due(send, app.now() + LATER)
        if report.interrupted or not report_on(app, send).queued:
            break
    return replace(report_on(app, send), interrupted=report.interrupted, seconds=seconds, settled=settled)


def _titled(watch: Watch, title: str, _: str, total: int) -> AbstractContextManager[Callable[[int], None]]:
    return watch(title, total)


def judged(app: App, report: Report, estimate: Estimate | None, folder: Path) -> Rehearsed:
    """Hold the ledger against the logs that the server kept in `folder`."""
    copies = Counter(line.partition(" ")[0] for line in _lines(folder / ACCEPTED))
    states = {Address.parse(row.email).wire: row.state for row in app.queries.deliveries(report.send)}
    found = {
        "got more than one copy": [who for who, number in copies.items() if number > 1],
        "got a message and should not have": sorted(copies.keys() - states.keys()),
        "are accepted, and got nothing": _those(states, State.ACCEPTED, copies, had=False),
        "failed, and got a message": _those(states, State.FAILED, copies, had=True),
        "are left": [who for who, state in states.items() if state in _LEFT and not report.interrupted],
    }
    kinds = Counter(line.rpartition(" ")[2] for line in _lines(folder / DEEDS))
    return Rehearsed(
        report,
        {words: sum(kinds[kind] for kind in of) for words, of in TROUBLES.items()},
        [f"{len(who):,} {what}: {', '.join(who[:NAMED])}" for what, who in found.items() if who],
        len(_those(states, State.UNCERTAIN, copies, had=True)),
        estimate,
    )


_LEFT = (State.QUEUED, State.CLAIMED, State.HANDED, State.DEFERRED, State.CANCELLED)


def _those(states: dict[str, State], state: State, copies: Counter[str], *, had: bool) -> list[str]:
    return [who for who, theirs in states.items() if theirs is state and (who in copies) is had]


def _lines(log: Path) -> Iterator[str]:
    if log.exists():
        with log.open(encoding="utf-8") as file:
            yield from (line.rstrip("\n") for line in file)


def _estimate(app: App, copy: App, messages: int) -> Estimate | None:
    """Return how long so many messages take through the server of `app`, by what `copy` remembers of it."""
    from mailer.engine.send_gate import SendGate
    from mailer.ledger.pace_memory import PaceMemory, account_key

    account, now = app.smtp_account, app.now()
    memory = PaceMemory(copy.database, account_key(account.host, account.username))
    learned = next((each for each in memory.recall(now) if each.scope == ACCOUNT), Learned(ACCOUNT))
    rate, took = app.settings.mail_rate, memory.throughput(now)
    warming = SendGate(memory, app.warmup, app.sender.address.domain, app.settings.zone).warming(now)
    found = [
        by_rate(messages, rate, "MAIL_RATE") if rate else None,
        by_rate(messages, learned.rate.rate, "what the server lets through") if learned.rate else None,
        by_rate(messages, took, "as it went in the last days") if took else None,
        by_quota(messages, learned.quota, now.timestamp()) if learned.quota else None,
        by_warming(messages, warming) if warming else None,
    ]
    return max((each for each in found if each), key=lambda each: each.lasts, default=None)
