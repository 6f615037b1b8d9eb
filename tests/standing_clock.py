"""Workspaces on a clock of the test's own."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.consent import Source, SourceKind
from mailer.sandbox.scripted_server import ScriptedServer
from mailer.services.rounds import Round, rounds
from mailer.services.subscribe import Subscribe, subscribe

SATURDAY = datetime(2026, 11, 28, 8, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is set."""

    def __init__(self, time: datetime = SATURDAY) -> None:
        self.time = time

    def __call__(self) -> datetime:
        return self.time


def workspace(root: Path, database_url: str, clock: Clock, server: ScriptedServer) -> App:
    """Return a workspace with an empty list `weekly`, which sends through `server`."""
    (root / "issues").mkdir()
    settings = {
        "SMTP_PORT": str(server.port),
        "POSTAL_ADDRESS": "1 Quay Street, Port Example",
        "DATABASE_URL": database_url,
    }
    made = App(root, settings, clock=clock)
    made.lists.create("weekly", made.now(), "Harbour Gazette")
    return made


def join(app: App, name: str, **own: str) -> None:
    """Take a reader in."""
    request = Subscribe(
        Address.parse(f"{name}@inbox.example"), ("weekly",), Source(SourceKind.COMMAND), own or {}
    )
    subscribe(app.database, request, app.now())


def write_issue(app: App, name: str, more: str = "") -> Path:
    """Put an issue into the workspace."""
    file = app.root / "issues" / f"{name}.md"
    text = f"---\ntitle: About {name}\n{more}---\nThe news of {name} from the quay, word by word.\n"
    file.write_text(text, encoding="utf-8")
    return file


def look(app: App) -> tuple[Round, list[str]]:
    """Make one round, as `mailer tick` does; return what came of it and what was said."""
    said: list[str] = []
    with rounds(app) as made:
        done = made.make(said.append, lambda send: True)
    app.let_go()
    return done, said
