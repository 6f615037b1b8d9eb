"""What Prometheus is told: the ledger in numbers, and how `mailer run` is. No names, and few series."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Lock
from time import monotonic, time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from mailer import __version__
from mailer.errors import MailerError
from mailer.ledger.tallies import Tallies, tallies
from mailer.services.run_state import RunState

if TYPE_CHECKING:
    from mailer.bootstrap import App

REST = 20  # times as long as counting took it is not done again: a twentieth of a processor at most


def measures(app: App, state: RunState, pid: int) -> CollectorRegistry:
    """Return what is told of a workspace and of the run that has this process id."""
    registry = CollectorRegistry()
    registry.register(RunMeasures(state))
    registry.register(LedgerMeasures(app))
    ProcessCollector(namespace="mailer_run", pid=lambda: pid, registry=registry)
    return registry


class RunMeasures(Collector):
    """How the run is."""

    def __init__(self, state: RunState) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield what it told."""
        state = self._state
        yield InfoMetricFamily("mailer_build", "Which mailer this is.", {"version": __version__})
        yield CounterMetricFamily("mailer_run_looks", "Looks at the clock that ended.", state.looks)
        yield CounterMetricFamily("mailer_run_errors", "Errors that looks met.", state.errors)
        yield GaugeMetricFamily("mailer_run_look_seconds", "How long the last look took.", state.seconds)
        yield GaugeMetricFamily(
            "mailer_run_looking", "1 while a look goes on, which sends too.", state.looking
        )
        yield GaugeMetricFamily("mailer_run_database_away", "1 while the database is waited for.", state.away)
        if state.ended_at is not None:
            ended = time() - (monotonic() - state.ended_at)
            yield GaugeMetricFamily(
                "mailer_run_last_look_timestamp_seconds", "When the last look ended.", ended
            )


class LedgerMeasures(Collector):
    """What the database says, counted anew not more often than it costs little."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._counting = Lock()
        self._known: Tallies | None = None
        self._took = 0.0
        self._until = 0.0

    def collect(self) -> Iterator[Metric]:
        """Yield the numbers; without a database that it can't be read."""
        with self._counting:
            if monotonic() >= self._until:
                began = monotonic()
                self._known = self._count()
                self._took = monotonic() - began
                self._until = monotonic() + REST * self._took
        yield GaugeMetricFamily("mailer_database_up", "1 if it could be read.", self._known is not None)
        yield GaugeMetricFamily("mailer_count_seconds", "How long counting took.", self._took)
        if self._known:
            yield from _numbers(self._known)

    def _count(self) -> Tallies | None:
        try:
            with self._app.database.connect() as connection:
                return tallies(connection, self._app.now())
        except MailerError:
            return None
        finally:
            self._app.let_go()


def _numbers(found: Tallies) -> Iterable[Metric]:
    deliveries = GaugeMetricFamily(
        "mailer_deliveries",
        "Mails to one person each, by what they are and their state.",
        labels=["kind", "state"],
    )
    for (kind, state), number in sorted(found.deliveries.items()):
        deliveries.add_metric([kind, state], number)
    yield deliveries
    yield _by("mailer_sends_open", "Sends that are not at their end.", "standing", found.open_sends)
    yield _by("mailer_schedules", "Schedules by state.", "state", found.schedules)
    yield GaugeMetricFamily("mailer_schedules_late", "Due for two minutes, and not begun.", found.late)
    yield CounterMetricFamily("mailer_returns", "Mails that came back, and refusals at once.", found.returned)
    yield GaugeMetricFamily(
        "mailer_notices_waiting", "What webhooks told and nobody read yet.", found.notices
    )
    yield GaugeMetricFamily("mailer_signups_waiting", "Sign-ups that nobody took in yet.", found.signups)
    yield GaugeMetricFamily("mailer_alerts", "Alerts that nobody has dismissed.", found.alerts)


def _by(name: str, words: str, label: str, numbers: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, words, labels=[label])
    for value, number in sorted(numbers.items()):
        family.add_metric([value], number)
    return family
