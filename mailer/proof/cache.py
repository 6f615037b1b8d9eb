"""Where specimens are made, each once as long as nothing changes that it comes from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from mailer.bootstrap import App
from mailer.domain.audience import Recipient
from mailer.errors import MailerError
from mailer.proof.compiled import Asked, CompiledIssue, compile_issue
from mailer.proof.readers import known_reader
from mailer.proof.sample import Sample, make_sample
from mailer.proof.watch import mark
from mailer.settings.reading import ENV_FILE

HELD = 16  # specimens


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a specimen: it, or the error that says why there is none.

    `mark` is another one as soon as it may come out differently; `email` is whose row in the database counts.
    """

    mark: str
    email: str
    made: Sample | MailerError


class PreviewCache:
    """One workspace, whose settings are read anew when `.env` is saved. Threads may share it."""

    def __init__(self, app: App, asked: Asked) -> None:
        self.root = app.root
        self._app = app
        self._asked = asked
        self._settings = mark([app.root / ENV_FILE])
        self._held: dict[tuple[Path, str], Outcome] = {}
        self._last_plate: tuple[Path, str, CompiledIssue] | None = None
        # One at a time: what is asked for together, the page and its frame, is mostly the same specimen.
        self._lock = Lock()

    @property
    def app(self) -> App:
        """The workspace with its settings as they are now."""
        if (now := mark([self.root / ENV_FILE])) != self._settings:
            self._settings, self._app = now, self._app.renewed()
        return self._app

    def look(self, file: Path, typed: str) -> Outcome:
        """Return what the reader whom `typed` means would get of the issue in `file`, as things stand."""
        with self._lock:
            held, ground = self._held.get((file, typed)), self._ground(file)
            if held is None or held.mark != self._mark(ground, held.email, None):
                held = self._make(file, typed, ground)
                if len(self._held) >= HELD:
                    self._held.clear()
                self._held[file, typed] = held
            return held

    def mark(self, file: Path, email: str) -> str:
        """Return the mark that an outcome for `file` and `email` would have now."""
        with self._lock:
            return self._mark(self._ground(file), email, None)

    def _make(self, file: Path, typed: str, ground: str) -> Outcome:
        try:
            made = make_sample(self.app, self._compiled(file, ground), typed)
        except MailerError as error:
            email = typed if "@" in typed else ""
            return Outcome(self._mark(ground, email, None), email, error)
        email = made.reader.email
        return Outcome(self._mark(ground, email, made.known), email, made)

    def _compiled(self, file: Path, ground: str) -> CompiledIssue:
        """Return the plate for all who read `file`: to compile it takes most of the time."""
        if self._last_plate is None or self._last_plate[:2] != (file, ground):
            self._last_plate = (file, ground, compile_issue(self.app, file, self._asked))
        return self._last_plate[2]

    def _ground(self, file: Path) -> str:
        """Return a mark of all that a plate comes from."""
        folders = [file.parent, self.root / "issues", *self._app.template_folders]
        # The issue itself first: a folder with very much in it is not looked at to its end.
        files = mark([self.root / ENV_FILE, file, *dict.fromkeys(folders)])
        # What is wrong with the settings or the database, the specimen says better.
        with suppress(MailerError):
            return f"{files} {self.app.directory.newest() if self.app.has_database else None}"
        return files

    def _mark(self, ground: str, email: str, known: Recipient | None) -> str:
        if email and known is None:
            with suppress(MailerError):
                known = known_reader(self.app, email)
        return blake2b(f"{ground} {known!r}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
