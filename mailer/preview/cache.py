"""Where samples are made for the page, each once as long as nothing changes that it comes from."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from stat import S_ISDIR
from threading import Lock

from mailer.bootstrap import App
from mailer.domain.audience import Recipient
from mailer.engine.compiler import Job
from mailer.errors import MailerError
from mailer.proof.readers import known_reader
from mailer.proof.sample import Sample
from mailer.services.preview import PreviewRequest, compile_issue, preview
from mailer.settings.reading import ENV_FILE

HELD = 16  # samples
LIMIT = 5000  # files looked at below one folder; the nearest come first


@dataclass(frozen=True, slots=True)
class PreviewOutcome:
    """What came of making a sample: it, or the error that says why there is none.

    `mark` is another one as soon as it may come out differently; `email` is whose row in the database counts.
    """

    mark: str
    email: str
    made: Sample | MailerError


class PreviewCache:
    """One workspace, whose settings are read anew when `.env` is saved. Threads may share it."""

    def __init__(
        self,
        app: App,
        lists: tuple[str, ...] = (),
        subject: str | None = None,
        segment: str | None = None,
        excluded_segments: tuple[str, ...] = (),
    ) -> None:
        """`lists`, `subject` and `segment` stand in for those of every issue."""
        self.root = app.root
        self._app = app
        self._lists = lists
        self._subject = subject
        self._segments = segment, excluded_segments
        self._settings = mark([app.root / ENV_FILE])
        self._held: dict[tuple[Path, str], PreviewOutcome] = {}
        self._last_compiled: tuple[Path, str, Job] | None = None
        # One at a time: what is asked for together, the page and its frame, is mostly the same sample.
        self._lock = Lock()

    @property
    def app(self) -> App:
        """The workspace with its settings as they are now."""
        if (now := mark([self.root / ENV_FILE])) != self._settings:
            self._settings, self._app = now, self._app.renewed()
        return self._app

    def look(self, file: Path, typed: str) -> PreviewOutcome:
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

    def _make(self, file: Path, typed: str, ground: str) -> PreviewOutcome:
        request = PreviewRequest(file, typed, self._lists, self._subject, False, *self._segments)
        try:
            made = preview(self.app, request, self._compiled(request, ground))
        except MailerError as error:
            email = typed if "@" in typed else ""
            return PreviewOutcome(self._mark(ground, email, None), email, error)
        email = made.reader.email
        return PreviewOutcome(self._mark(ground, email, made.known), email, made)

    def _compiled(self, request: PreviewRequest, ground: str) -> Job:
        """Return the issue compiled for all its readers: that takes most of the time."""
        if self._last_compiled is None or self._last_compiled[:2] != (request.file, ground):
            self._last_compiled = (request.file, ground, compile_issue(self.app, request))
        return self._last_compiled[2]

    def _ground(self, file: Path) -> str:
        """Return a mark of all that a compiled issue comes from."""
        folders = [file.parent, self.root / "issues", *self._app.template_folders]
        # The issue itself first: a folder with very much in it is not looked at to its end.
        files = mark([self.root / ENV_FILE, file, *dict.fromkeys(folders)])
        # What is wrong with the settings or the database, the sample says better.
        with suppress(MailerError):
            return f"{files} {self.app.directory.newest() if self.app.has_database else None}"
        return files

    def _mark(self, ground: str, email: str, known: Recipient | None) -> str:
        if email and known is None:
            with suppress(MailerError):
                known = known_reader(self.app.directory, email) if self.app.has_database else None
        return blake2b(f"{ground} {known!r}".encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


def mark(places: Iterable[Path]) -> str:
    """Return a text that is another one once a file in `places` is: made, saved, moved or deleted.

    Each place is a file, or a folder with all that is in it except what is hidden.
    """
    seen = blake2b(digest_size=12)
    for place in places:
        for path, saved, size in islice(_files(place), LIMIT):
            seen.update(f"{path}\0{saved}\0{size}\0".encode("utf-8", "surrogateescape"))
    return seen.hexdigest()


def _files(place: Path) -> Iterator[tuple[str, int, int]]:
    places, entered = deque([place]), set()
    while places:
        path = places.popleft()
        # It may be gone meanwhile, or not be ours to read.
        with suppress(OSError):
            status = path.stat()
            if not S_ISDIR(status.st_mode):
                yield str(path), status.st_mtime_ns, status.st_size
            elif (folder := (status.st_dev, status.st_ino)) not in entered:
                entered.add(folder)  # links may lead round in a circle
                places += sorted(each for each in path.iterdir() if not each.name.startswith("."))
