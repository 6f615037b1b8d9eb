"""What sign-up forms ask: `forms/LIST.toml` for the page of a list, `forms/join.toml` for all others."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mailer.domain.field import LONGEST_NAME, field_name
from mailer.domain.form import ANY, Form, FormQuestion, QuestionKind
from mailer.domain.subscriber import OWN_FIELDS
from mailer.errors import IssueError
from mailer.services.toml_file import line_of, read_toml

FOLDER = "forms"
ALL = "join"
KEYS = ("name", "type", "label", "required", "choices", "version")
TAKEN = ("email", "tags", "list", "lists", "ref", "lang", "state")


class FormError(IssueError):
    """A form's file can't be used as it stands."""


def read_form(root: Path, list_name: str | None = None) -> Form:
    """Return the form of a list's page, or of the one for several; without a file it asks nothing more.

    FormError with file and line.
    """
    for name in filter(None, (list_name, ALL)):
        path = root / FOLDER / f"{name}.toml"
        if path.is_file():
            return _read(path, name)
    return Form(list_name or ALL)


def forms(root: Path) -> list[Form]:
    """Return every form that has a file. FormError with file and line."""
    return [_read(path, path.stem) for path in sorted((root / FOLDER).glob("*.toml"))]


def _read(path: Path, name: str) -> Form:
    text, said = read_toml(path, FormError)
    if strange := [key for key in said if key != "field"]:
        problem = f"{strange[0]!r} is nothing that a form has; its questions are [[field]]"
        raise FormError(str(path), line_of(text, strange[0]), problem, next_step=f"Correct {path}.")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[field]]"]
    questions: list[FormQuestion] = []
    for place, each in enumerate(said.get("field", ())):
        line_number = lines[place] if place < len(lines) else None
        question = _question(each, str(path), line_number)
        if question.name in {other.name for other in questions}:
            problem = f"the field {question.name} is asked for twice"
            raise FormError(str(path), line_number, problem, next_step=f"Correct {path}.")
        questions.append(question)
    return Form(name, tuple(questions))


def _question(said: Mapping[str, Any], path: str, line: int | None) -> FormQuestion:
    def refuse(problem: str, next_step: str = f"Correct {path}.") -> FormError:
        return FormError(path, line, problem, next_step=next_step)

    if strange := [key for key in said if key not in KEYS]:
        near = get_close_matches(strange[0], KEYS, n=1)
        known = f"Did you mean {near[0]}?" if near else f"A field has {', '.join(KEYS)}."
        raise refuse(f"{strange[0]!r} is nothing that a field has", known)
    name, kind = str(said.get("name", "")), str(said.get("type", QuestionKind.TEXT))
    if not name or field_name(name) != name or len(name) > LONGEST_NAME or name in TAKEN:
        raise refuse(f"name = {name!r} can't name a field: small letters, digits and _, and none of {TAKEN}")
    if kind not in set(QuestionKind):
        raise refuse(f"type = {kind!r} is none of {', '.join(QuestionKind)}")
    if name in OWN_FIELDS and kind not in (QuestionKind.TEXT, QuestionKind.CHOICE):
        raise refuse(f"the field {name} is a text, and type = {kind!r}")
    label, choices = said.get("label", name), said.get("choices", [])
    labels = label if isinstance(label, dict) else {ANY: label}
    if not labels or not all(isinstance(each, str) and each.strip() for each in labels.values()):
        raise refuse('label is a text, or a table of texts by language: { en = "Town", de = "Ort" }')
    if not isinstance(choices, list) or not all(isinstance(each, str) and each.strip() for each in choices):
        raise refuse('choices is a list of texts: ["Port", "Ness"]')
    if bool(choices) != (kind == QuestionKind.CHOICE):
        raise refuse("a choice has choices, and nothing else has")
    if not isinstance(said.get("required", False), bool):
        raise refuse(f"required = {said['required']!r} is not true or false")
    return FormQuestion(
        name,
        QuestionKind(kind),
        {tag.lower(): text for tag, text in labels.items()},
        said.get("required", False),
        tuple(choices),
        str(said.get("version", "")),
    )
