"""Where specimens are made, each once as long as nothing changes that it comes from."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from threading import Lock

from mailer.bootstrap import App
from mailer.domain.recipient import Recipient
from mailer.errors import MailerError
from mailer.preview.readers import known_reader
from mailer.preview.specimen import Asked, Specimen, make_specimen
from mailer.preview.watch import mark
from mailer.settings import ENV_FILE

HELD = 16  # specimens


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of making a specimen: it, or the error that says why there is none.

    `mark` is another one as soon as it may come out differently; `email` is whose row in the database counts.
    """

    mark: str
    email: str
    made: Specimen | MailerError


class Bench:
    """One workspace, whose settings are read anew when `.env` is saved. Threads may share it."""

    def __init__(self, app: App, asked: Asked) -> None:
        self.root = app.root
        self._app = app
        self._asked = asked
        self._settings = mark([app.root / ENV_FILE])
        self._held: dict[tuple[Path, str], Outcome] = {}
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
            held = self._held.get((file, typed))
            files = mark(self._places(file))
            if held is None or held.mark != self._mark(files, held.email, None):
                held = self._make(file, typed, files)
                if len(self._held) >= HELD:
                    self._held.clear()
                self._held[file, typed] = held
            return held

    def mark(self, file: Path, email: str) -> str:
        """Return the mark that an outcome for `file` and `email` would have now."""
        with self._lock:
            return self._mark(mark(self._places(file)), email, None)

    def _make(self, file: Path, typed: str, files: str) -> Outcome:
        try:
            made = make_specimen(self.app, file, typed, self._asked)
        except MailerError as error:
            email = typed if "@" in typed else ""
            return Outcome(self._mark(files, email, None), email, error)
        email = made.reader.email
        return Outcome(self._mark(files, email, made.known), email, made)

    def _mark(self, files: str, email: str, known: Recipient | None) -> str:
        if email and known is None:
            # What is wrong with the settings or the database, the specimen says better.
            with suppress(MailerError):
                known = known_reader(self.app, email)
        return blake2b(f"{files} {known!r}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()

    def _places(self, file: Path) -> list[Path]:
        folders = [file.parent, self.root / "issues", *self._app.template_folders]
        # The issue itself first: a folder with very much in it is not looked at to its end.
        return [self.root / ENV_FILE, file, *dict.fromkeys(folders)]
