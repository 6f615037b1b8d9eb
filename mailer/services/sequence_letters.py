"""The letters of a sequence: each step compiled, and looked over as an issue is before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from shlex import quote

from sqlalchemy import Row

from mailer.bootstrap import App
from mailer.domain.audience import Audience
from mailer.domain.send import SendKind
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
"""By sequence and step the letter, and of which version of what it is made from it is."""


@dataclass
class StepLetters:
    """The letters of a sequence as its files have them now; each is compiled once, until one of them changes.

    `files` are the fingerprint of the sequence's.
    """

    app: App
    rules: SequenceRules
    files: str
    kept: KeptLetters

    @cached_property
    def version(self) -> object:
        """What is another one whenever a letter would be: the sequence's files, its list, and templates."""
        templates = (self.app.root / "templates").rglob("*.*")
        return self.files, self.rules.list.changed_at, [(each, each.stat().st_mtime_ns) for each in templates]

    def of(self, key: str) -> StepLetter:
        """Return the letter of a step; NotComposed."""
        version, letter = self.kept.get((self.rules.name, key), (None, None))
        if letter is None or version != self.version:
            raise NotComposed(key)
        return letter

    def compose(self, key: str) -> None:
        """Compile a step's letter. IssueError with file and line; PlanRefused for what is not fit to go."""
        each = next(found for found in self.rules.files if found.step.key == key)
        job = job_of(self.app, self.rules, each)
        if errors := list(errors_in(proofread(self.app.sending(), job))):
            raise _unfit(each, self.rules.list.name, errors)
        text = composed(SendKind.SEQUENCE, [self.rules.list], job.composed).text
        text = replace(text, slug=f"sequence:{self.rules.name}:{key}")
        letter = StepLetter(text, MessageTemplate.load(text.wording.template))
        self.kept[self.rules.name, key] = self.version, letter


def job_of(app: App, rules: SequenceRules, each: StepFile) -> Job:
    """Return a step compiled for the list of its sequence."""
    composed = app.compiler.compose(each.issue, [rules.list], kind=SendKind.SEQUENCE)
    return Job(Audience((rules.list.name,)), [rules.list], composed)


def _unfit(each: StepFile, list_name: str, errors: Sequence[str]) -> PlanRefused:
    """Return the refusal of a step with errors."""
    named = str(each.file)
    return PlanRefused(
        "\n".join([f"{named} is not fit to be sent; nothing was sent:", *errors]),
        next_step=f"Correct it. All about it: mailer check {quote(named)} --list {list_name}",
    )
