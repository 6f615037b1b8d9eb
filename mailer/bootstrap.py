"""Settings -> objects. Nothing else constructs; a command gets an `App` and takes what it needs."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from mailer.settings import Settings


def find_workspace(chosen: Path | None) -> Path:
    """Return the workspace: `-C DIR`, else MAILER_WORKSPACE, else the nearest above with .env or issues/."""
    if chosen is None and (named := os.environ.get("MAILER_WORKSPACE")):
        chosen = Path(named)
    if chosen is not None:
        if not chosen.is_dir():
            raise UsageError(
                f"no such workspace folder: {chosen}", next_step=f"Make one with: mailer init {chosen}"
            )
        return chosen.resolve()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".env").is_file() or (folder / "issues").is_dir():
            return folder
    return here


class App:
    """One workspace and what hangs on it, each made on first use."""

    def __init__(self, chosen: Path | None = None) -> None:
        self._chosen = chosen

    def now(self) -> datetime:
        """The time, aware, in UTC: the one place that reads the clock for decisions."""
        return datetime.now(UTC)

    @cached_property
    def root(self) -> Path:
        """The workspace folder."""
        return find_workspace(self._chosen)

    @cached_property
    def settings(self) -> Settings:
        """The settings of this workspace."""
        from mailer.settings import load_settings

        return load_settings(self.root)

    @cached_property
    def database(self) -> Engine:
        """The database, migrated, its file made if there was none."""
        from mailer.storage.database import open_database

        return open_database(self.settings.database_url.get_secret_value(), self.root)
