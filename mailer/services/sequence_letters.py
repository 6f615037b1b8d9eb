"""The letters of a sequence: each step compiled, and looked over as an issue is before it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from shlex import quote

from sqlalchemy import Row

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.send import SendKind
from mailer.domain.sequence import letter_slug
from mailer.engine.compiler import Job
from mailer.errors import PlanRefused
from mailer.ledger.letters import LetterText
from mailer.message.expression.operations import CannotFill
from mailer.message.mime.template import MessageTemplate
from mailer.proof.proofread import errors_in, proofread
from mailer.services.letters import composed
from mailer.services.sequence_files import SequenceRules, StepFile
from mailer.store.snapshot import recipients


@dataclass(frozen=True, slots=True)
class StepLetter:
    """A step as it is mailed, and what fills it."""

    text: LetterText
    template: MessageTemplate

    def unfillable(self, app: App, rows: Sequence[Row[tuple[object, ...]]]) -> dict[int, str]:
        """Return which of these people can't get it, because it names what isn't known of them, and what."""
        found = {}
        personaliser = app.personaliser(0, 0)
        for reader in recipients(rows):
            try:
                self.template.fillings(personaliser.names(reader, 0))
            except CannotFill as error:
                found[reader.subscriber_id] = error.problem
        return found


class NotComposed(Exception):
    """A letter is needed that is not compiled yet, which takes too long for a transaction."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


KeptLetters = dict[tuple[str, str], tuple[object, StepLetter]]
"""By the names of sequence and step: the latest letter, and all that it was made from."""


@dataclass
class StepLetters:
    """The letters of a sequence as its files have them now; each is compiled once, until it changes."""

    app: App
    rules: SequenceRules
    kept: KeptLetters

    def of(self, key: str) -> StepLetter:
        """Return the letter of a step; NotComposed."""
        version, letter = self.kept.get((self.rules.name, key), (None, None))
        if letter is None or version != self._version(key):
            raise NotComposed(key)
        return letter

    def _version(self, key: str) -> object:
        """Return what changes whenever a letter does: its file, what lies beside it, list and templates."""
        file, steps = self._step(key).file, {each.file for each in self.rules.files}
        beside = (each for each in file.parent.rglob("*.*") if each not in steps)
        return self.rules.list.changed_at, _times((file, *beside)), self._templates

    @cached_property
    def _templates(self) -> object:
        return _times((self.app.root / "templates").rglob("*.*"))

    def _step(self, key: str) -> StepFile:
        return next(each for each in self.rules.files if each.step.key == key)

    def compose(self, key: str) -> None:
        """Compile a step's letter. IssueError with file and line; PlanRefused for what is not fit to go."""
        version, each = self._version(key), self._step(key)
        job = job_of(self.app, self.rules, each)
        if errors := list(errors_in(proofread(self.app.sending(), job))):
            raise _unfit(each, self.rules.list.name, errors)
        text = composed(SendKind.SEQUENCE, [self.rules.list], job.composed).text
        text = replace(text, slug=letter_slug(self.rules.name, key))
        letter = StepLetter(text, MessageTemplate.load(text.wording.template))
        self.kept[self.rules.name, key] = version, letter


def job_of(app: App, rules: SequenceRules, each: StepFile) -> Job:
    """Return a step compiled for the list of its sequence."""
    composed = app.compiler.compose(each.issue, [rules.list], kind=SendKind.SEQUENCE)
    return Job(Audience((rules.list.name,)), [rules.list], composed)


def _times(files: Iterable[Path]) -> tuple[tuple[str, int, int], ...]:
    seen = ((str(each), each.stat()) for each in files)
    return tuple(sorted((name, stat.st_mtime_ns, stat.st_size) for name, stat in seen))


def _unfit(each: StepFile, list_name: str, errors: Sequence[str]) -> PlanRefused:
    """Return the refusal of a step with errors."""
    named = str(each.file)
    return PlanRefused(
        "\n".join([f"{named} is not fit to be sent; nothing was sent:", *errors]),
        next_step=f"Correct it. All about it: mailer check {quote(named)} --list {list_name}",
    )
