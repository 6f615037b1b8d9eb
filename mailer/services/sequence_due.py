"""Whether a round has anything to do for sequences: one question to the database, and a look at file times.

Most rounds find nothing, so that nothing is loaded for it that reads or makes mail.
"""

from __future__ import annotations

from hashlib import sha256

from mailer.bootstrap import App
from mailer.ledger.sequences import ActiveSequence, in_force

FOLDER = "sequences"


def any_to_follow(app: App) -> list[ActiveSequence]:
    """Return the sequences in force of which something is to be done now: due, or other files."""
    now = app.now()
    with app.database.connect() as connection:
        every = in_force(connection, now)
    going = (each for each in every if not each.is_paused)
    return [
        each
        for each in going
        if (each.due and not each.held(now)) or fingerprint(app, each.name) != each.files
    ]


def fingerprint(app: App, name: str) -> str:
    """Return what changes whenever a file of a sequence does; no file is read."""
    folder = app.root / FOLDER / name
    files = sorted(each for each in (*folder.glob("*"), *folder.glob("*/index.*")) if each.is_file())
    seen = [(str(each.relative_to(folder)), each.stat().st_mtime_ns, each.stat().st_size) for each in files]
    return sha256(repr(seen).encode()).hexdigest()
