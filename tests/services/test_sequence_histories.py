"""Whatever happens to people and files, in whatever order, they get what a plain model of it says."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sequence_workspace import got, person, standing, write_due, write_sequence, write_step
from sqlalchemy import Engine, delete, event
from standing_clock import Clock, join, workspace

from mailer.bootstrap import App
from mailer.domain.consent import Source, SourceKind
from mailer.people.former import person_id
from mailer.people.pausing import pause
from mailer.sandbox.scripted_server import ScriptedServer, rehearsal
from mailer.services.edit import Edit, edit
from mailer.services.sequence_people import start
from mailer.services.sequences import activate
from mailer.services.subscribe import Subscribe, subscribe
from mailer.services.unsubscribe import Unsubscribe, unsubscribe
from mailer.store.schema import sequence_members

pytestmark = pytest.mark.peers

OURS = Source(SourceKind.COMMAND, "test")
RULES = 'list = "weekly"\nstart = "command"\ngoal = "tag:member"\n'
HOUR = timedelta(hours=1)
PEOPLE = ("ada", "bo")


class Planned(NamedTuple):
    """A step of a plan: its file is `number`-`key`.md, it goes so many hours after the one before."""

    number: int
    key: str
    hours: int
    only: bool = False


PLANS = (
    (Planned(1, "hello", 0), Planned(5, "quay", 24), Planned(7, "tide", 0)),
    (Planned(1, "hello", 0), Planned(2, "map", 5), Planned(5, "quay", 3), Planned(7, "tide", 30)),
    (
        *(Planned(1, "hello", 0), Planned(3, "map", 0, only=True)),
        *(Planned(5, "quay", 3), Planned(8, "tide", 3), Planned(9, "boat", 3, only=True)),
    ),
)


@dataclass
class Reader:
    """Somebody as the model has them; `run` is how they stand in the sequence."""

    on_list: bool = True
    broken: bool = False  # left since they began
    paused_until: datetime | None = None
    tags: set[str] = field(default_factory=set)
    state: str = ""
    since: datetime | None = None
    look: datetime | None = None
    done: list[str] = field(default_factory=list)


@dataclass
class Model:
    """What people get: as few rules as can be said."""

    plan: int = 0
    known: int = 0
    readers: dict[str, Reader] = field(default_factory=lambda: {name: Reader() for name in PEOPLE})
    log: list[tuple[str, str, str]] = field(default_factory=list)

    def begin(self, name: str, now: datetime) -> bool:
        reader = self.readers[name]
        if not reader.on_list or reader.state == "active":
            return False
        reader.state, reader.since, reader.look, reader.done = "active", now, now, []
        reader.broken = False
        self.log = [each for each in self.log if each[0] != name]  # as `--again` has it
        return True

    def tick(self, now: datetime) -> None:
        woken = self.plan != self.known
        self.known = self.plan
        for name, reader in self.readers.items():
            if reader.state == "active" and (woken or (reader.look and reader.look <= now)):
                self.go_on(name, reader, now)

    def go_on(self, name: str, reader: Reader, now: datetime) -> None:
        if not reader.on_list or reader.broken:
            reader.state = "left"
        elif "member" in reader.tags:
            reader.state = "goal"
        elif reader.paused_until and reader.paused_until > now:
            reader.look = reader.paused_until
        else:
            self.steps(name, reader, now)

    def steps(self, name: str, reader: Reader, now: datetime) -> None:
        keys = [each.key for each in PLANS[self.plan]]
        while True:
            place = max((keys.index(key) + 1 for key in reader.done if key in keys), default=0)
            if place == len(keys):
                reader.state = "finished"
                return
            step = PLANS[self.plan][place]
            assert reader.since
            if reader.since + step.hours * HOUR > now:
                reader.look = reader.since + step.hours * HOUR
                return
            passed = step.only and "boat" not in reader.tags
            said = f"{step.key}: not in segment tag:boat" if passed else step.key
            self.log.append((name, said, f"{now:%Y-%m-%d %H:%M}"))
            reader.done.append(step.key)
            reader.since = now
            following = PLANS[self.plan][place + 1 :]
            if not passed and following and following[0].hours == 0:
                reader.look = now + HOUR / 2  # one mail at a time
                return


@dataclass
class World:
    """The real thing, beside the model."""

    app: App
    clock: Clock
    model: Model
    names: dict[str, str]  # by the model's

    def edit(self, plan: int) -> None:
        folder = self.app.root / "sequences" / "first"
        for file in folder.glob("*.md"):
            file.unlink()
        for file in (self.app.root / "plans" / str(plan)).iterdir():
            shutil.copy2(file, folder / file.name)
        self.model.plan = plan

    def tick(self, hours: int, cut: int) -> None:
        """Let time pass, and make a round, once with the power gone at its nth write."""
        self.clock.time += hours * HOUR
        if cut:
            with power_cut(cut):
                write_due(self.app)
        assert write_due(self.app) == []
        self.model.tick(self.clock.time)

    def do(self, what: str, name: str, hours: int) -> None:
        now, reader, who = self.app.now(), self.model.readers[name], person(self.names[name])
        match what:
            case "start" if self.model.begin(name, now):
                start(self.app, "first", [who], again=True)
            case "leave":
                unsubscribe(self.app.database, Unsubscribe(who, ("weekly",), OURS), now)
                reader.on_list, reader.broken, reader.paused_until = False, True, None
            case "be away":
                self.do("leave", name, hours)
                self.do("come back", name, hours)
            case "come back":
                self.clock.time += HOUR / 60
                subscribe(self.app.database, Subscribe(who, ("weekly",), OURS, anew=True), self.app.now())
                reader.on_list = True
            case "pause" if reader.on_list:
                with self.app.database.begin() as connection:
                    number = person_id(connection, who.key)
                    assert number
                    pause(connection, number, None, now + hours * HOUR, OURS, now)
                reader.paused_until = now + hours * HOUR
            case "boat" | "member" as tag:
                reader.tags ^= {tag}
                texts = {"tags": ", ".join(["reader", *sorted(reader.tags)])}
                edit(self.app.database, Edit(who, texts), now)


class PowerCut(BaseException):
    """The machine is gone."""


class power_cut:
    """Let the power go at the nth write of a block."""

    def __init__(self, number: int) -> None:
        self.left = number

    def __enter__(self) -> None:
        event.listen(Engine, "before_cursor_execute", self.count)

    def __exit__(self, kind: type[BaseException] | None, *raised: Any) -> bool:
        event.remove(Engine, "before_cursor_execute", self.count)
        return kind is PowerCut

    def count(self, connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        self.left -= statement.startswith(("INSERT", "UPDATE", "DELETE"))
        if not self.left:
            raise PowerCut


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, kept_database_url: str) -> Iterator[App]:
    """One workspace for all histories, each of which has people of its own."""
    root: Path = tmp_path_factory.mktemp("histories")
    with rehearsal(ScriptedServer()) as server:
        made = workspace(root, kept_database_url, Clock(), server)
        for number, plan in enumerate(PLANS):
            folder = root / "plans" / str(number)
            folder.mkdir(parents=True)
            for each in plan:
                only = "\nonly: tag:boat" if each.only else ""
                write_step(folder, f"s{each.number}_{each.key}", f"after: {each.hours}h{only}")
        write_sequence(made, "first", RULES, s1_hello="")
        activate(made, "first")
        yield made
        made.let_go()


NAMES = st.sampled_from(PEOPLE)
HOURS = st.integers(1, 40)
DEEDS = st.sampled_from(["start", "start", "leave", "be away", "come back", "pause", "boat", "member"])
TICKS = st.tuples(st.just("tick"), HOURS, st.integers(0, 6))
ACTIONS = st.one_of(
    TICKS,
    TICKS,
    st.tuples(DEEDS, NAMES, HOURS),
    st.tuples(st.just("edit"), st.integers(0, len(PLANS) - 1), st.none()),
)


@settings(max_examples=15)
@given(history=st.lists(ACTIONS, max_size=25))
def test_everybody_gets_what_the_model_says_each_step_once(app: App, history: list[Any]) -> None:
    clock = app._clock
    assert isinstance(clock, Clock)
    clock.time += 1000 * HOUR
    with app.database.begin() as connection:
        connection.execute(delete(sequence_members))
    stamp = f"{clock.time:%Y%m%d%H%M}"
    world = World(app, clock, Model(), {name: f"{name}{stamp}" for name in PEOPLE})
    world.edit(0)
    assert write_due(app) == []
    for name in world.names.values():
        join(app, name)
        clock.time += HOUR / 60
    for what, about, more in [("start", PEOPLE[0], 1), *history, ("tick", 100, 0), ("tick", 100, 0)]:
        match what:
            case "tick":
                world.tick(about, more)
            case "edit":
                world.edit(about)
            case _:
                world.do(what, about, more)
    told = [(world.names[name], step, at) for name, step, at in world.model.log]
    assert sorted(got(app)) == sorted(told)
    states = {
        name: standing(app, own)[0].partition(":")[0] if standing(app, own) else ""
        for name, own in world.names.items()
    }
    assert states == {name: reader.state for name, reader in world.model.readers.items()}
