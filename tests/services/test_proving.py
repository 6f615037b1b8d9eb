"""A large audience is proved by many: nothing goes before all is proved, or at all if it can't be."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from harbour_workspace import ISSUE, Workspace
from postgresql import Server
from sqlalchemy import func, select

from mailer.bootstrap import App
from mailer.errors import PlanRefused
from mailer.ledger.proofs import AudiencePart, ProofParts
from mailer.services.begin import begin
from mailer.services.prepare import PreparedSend, SendRequest, prepare
from mailer.services.together import help_to_prove
from mailer.store.schema import proofs, sends

pytestmark = pytest.mark.peers
NOW = datetime(2026, 11, 28, 8, tzinfo=UTC)
PEOPLE = 900


@pytest.fixture(scope="module")
def peopled(postgresql: Server, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root: Path = tmp_path_factory.mktemp("quay")
    (root / "issues").mkdir()
    workspace = Workspace(root, {"DATABASE_URL": postgresql.database(), "SECRET_KEY": "not-so-secret"})
    workspace.settings |= {"POSTAL_ADDRESS": "1 Quay Street, Port Example", "SMTP_PORT": "1"}
    workspace.run("lists", "create", "weekly")
    workspace.people(PEOPLE)
    return workspace


@pytest.fixture
def app(peopled: Workspace) -> Iterator[App]:
    app = App(peopled.root, peopled.environment())
    yield app
    app.let_go()


def large(app: App, peopled: Workspace, name: str, text: str = ISSUE) -> PreparedSend:
    """An issue of which the audience counts as a large one."""
    file = peopled.issue(text.replace("title:", f"slug: {name}\ntitle:"), f"{name}.md")
    prepared = prepare(app, SendRequest(file, name))
    sending = replace(prepared.sending, dispatcher=replace(prepared.sending.dispatcher, large=PEOPLE - 1))
    return replace(prepared, sending=sending)


def counted(app: App, table: object) -> int:
    with app.database.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def test_who_begins_it_proves_what_nobody_else_does_and_the_send_may_go(app, peopled):
    shown: list[int] = []

    class Shown:
        def __init__(self, title: str, total: int) -> None:
            assert total == PEOPLE

        def __enter__(self):
            return shown.append

        def __exit__(self, *error: object) -> None:
            pass

    begun = begin(large(app, peopled, "alone"), watch=Shown)
    assert begun.plan
    assert begun.plan.recipients == sum(shown) == PEOPLE
    assert app.ledger.send(begun.send.id).proved_at
    assert counted(app, proofs) == 0
    with app.database.connect() as connection:
        assert begun.send.id in app.jobs.sought(connection)


def test_others_help_and_it_is_refused_as_if_one_had_done_it(app, peopled):
    before = counted(app, sends)
    text = ISSUE.replace('|default("reader")', "")
    with pytest.raises(PlanRefused) as alone:
        begin(prepare(app, SendRequest(peopled.issue(text, "small.md"), "small")))
    prepared = large(app, peopled, "many", text)
    with ThreadPoolExecutor() as pool:
        refused = pool.submit(begin, prepared)
        helper = App(peopled.root, peopled.environment())
        while not refused.done():
            for each in unproved(helper):
                help_to_prove(helper, each, lambda: False)
        with pytest.raises(PlanRefused) as many:
            refused.result()
        helper.let_go()
    assert many.value.problem.replace("many", "small") == alone.value.problem
    assert "300 of 900" in many.value.problem
    assert many.value.next_step == alone.value.next_step
    assert (counted(app, sends), counted(app, proofs)) == (before, 0)


def unproved(app: App) -> list[int]:
    with app.database.connect() as connection:
        return list(connection.scalars(select(sends.c.id).where(sends.c.proved_at.is_(None))))


def test_a_part_is_one_helpers_and_the_last_one_lets_the_send_go_once(app, peopled):
    prepared, called = large(app, peopled, "parts"), list[str]()
    job = prepared.job
    text = {"subject": job.subject, "revision": job.template.revision, "template": job.template.dump()}
    send = app.ledger.freeze("parts", job.audience, **text, now=NOW, chunk=20)
    shared = ProofParts(app.database, send)
    shared.begin(lambda connection: called.append("to prove"))
    parts = [shared.take() for _ in range(4)]
    assert [part is None for part in parts] == [False, False, False, True]
    fine = {"total": 400, "counts": {}, "next_steps": {}, "examples": {}}
    for part in parts[:3]:
        assert isinstance(part, AudiencePart)
        assert app.ledger.unproved(send.id)
        shared.settle(part, fine, NOW, lambda connection: called.append("to send"))
    assert shared.standing() == (PEOPLE, True)
    assert app.ledger.send(send.id).proved_at == NOW
    shared.settle(parts[0], fine, NOW, lambda connection: called.append("once more"))
    assert called == ["to prove", "to send"]
