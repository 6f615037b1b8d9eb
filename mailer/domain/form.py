"""What a sign-up form asks beside the address: its questions, and how an answer is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mailer.domain.address import CONTROLS
from mailer.domain.field import FieldError, FieldType, convert

LONGEST = 200  # characters of an answer
ANY = ""  # the language of a label that is the same in all


class Wrong(StrEnum):
    """What may be wrong with what somebody typed; the page has words for each."""

    EMAIL = "email"
    DISPOSABLE = "disposable"  # a mailbox that is gone in minutes
    NEEDED = "needed"
    CHOICE = "choice"
    DATE = "date"
    NUMBER = "number"
    CONSENT = "consent"
    LISTS = "lists"
    TEXT = "text"  # too long, or with control characters in it


class QuestionKind(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    CHOICE = "choice"
    DATE = "date"
    CONSENT = "consent"  # a box to tick: what is agreed to goes into the ledger of consent


FIELD_TYPES = {
    QuestionKind.TEXT: FieldType.TEXT,
    QuestionKind.CHOICE: FieldType.TEXT,
    QuestionKind.DATE: FieldType.DATE,
    QuestionKind.CONSENT: FieldType.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class FormQuestion:
    """A question that fills the field `name`. Labels are by language (BCP 47), or for ANY.

    Of a consent the label is what is agreed to, and `version` which wording of it that is.
    """

    name: str
    kind: QuestionKind
    labels: Mapping[str, str]
    required: bool = False
    choices: tuple[str, ...] = ()
    version: str = ""

    def label(self, language: str) -> str:
        """Return what it is called in a language, or in the first that it has."""
        for tag in (language, language.partition("-")[0], ANY, "en"):
            if tag in self.labels:
                return self.labels[tag]
        return next(iter(self.labels.values()))

    def wrong(self, text: str) -> Wrong | None:
        """Return what is wrong with an answer, which has no blanks round it."""
        if not text:
            missing = Wrong.CONSENT if self.kind is QuestionKind.CONSENT else Wrong.NEEDED
            return missing if self.required else None
        if len(text) > LONGEST or CONTROLS.search(text):
            return Wrong.TEXT
        match self.kind:
            case QuestionKind.CHOICE:
                return None if text in self.choices else Wrong.CHOICE
            case QuestionKind.DATE:
                try:
                    convert(text, FieldType.DATE)
                except FieldError:
                    return Wrong.DATE
        return None


@dataclass(frozen=True, slots=True)
class Form:
    """The questions of a form, which is called `name`; the one of all lists is `join`."""

    name: str
    questions: tuple[FormQuestion, ...] = ()

    def agreed(self, answers: Mapping[str, str], language: str) -> tuple[str, str]:
        """Return what whoever answers so agrees to, as they read it, and the version of that wording."""
        boxes = [each for each in self.questions if each.kind is QuestionKind.CONSENT]
        ticked = [each for each in boxes if answers.get(each.name)]
        versions = dict.fromkeys(each.version for each in ticked if each.version)
        return "\n".join(each.label(language) for each in ticked), ", ".join(versions)

    def read(self, answers: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Wrong]]:
        """Return what was answered, by field, as a person would type it; and what is wrong with which."""
        typed = {each.name: " ".join(answers.get(each.name, "").split()) for each in self.questions}
        wrong = {each.name: found for each in self.questions if (found := each.wrong(typed[each.name]))}
        for each in self.questions:
            if each.kind is QuestionKind.CONSENT:
                typed[each.name] = "yes" if typed[each.name] else "no"
        return {name: text for name, text in typed.items() if text}, wrong
