"""Every `mailer …` that the program prints is one that it takes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest
from click.exceptions import Exit
from test_docs_commands import LEAVES, parse

from mailer.cli import COMMANDS

PROGRAM = Path(__file__).parents[2] / "mailer"
NAMES = "|".join(COMMANDS)
# Quoted in a sentence, where its arguments may be left out; or after a colon, to be run as it stands.
QUOTED = re.compile(rf"`mailer ((?:{NAMES})\b[^`]*)`")
TO_RUN = re.compile(rf"(?:^ *|: )(mailer (?:{NAMES})\b(?! answers)[^\n`]*)", re.MULTILINE)


def texts(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module but its docstrings; 1 stands for each value that is put in."""
    skipped = set[ast.AST]()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
        elif isinstance(node, ast.JoinedStr):
            skipped.update(node.values)
            yield (
                node.lineno,
                "".join(
                    str(getattr(part, "value", "")) if isinstance(part, ast.Constant) else "1"
                    for part in node.values
                ),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node.lineno, node.value


@cache
def all_texts() -> list[tuple[str, str]]:
    """Return where each text of the program stands, and the text, if it speaks of mailer."""
    return [
        (f"{file.relative_to(PROGRAM)}:{line}", text)
        for file in sorted(PROGRAM.rglob("*.py"))
        if "mailer " in (source := file.read_text(encoding="utf-8"))
        for line, text in texts(ast.parse(source))
        if "mailer " in text
    ]


def printed(pattern: re.Pattern[str]) -> list[object]:
    return [
        pytest.param(command, id=f"{place}: {command}")
        for place, text in all_texts()
        for command in pattern.findall(text)
    ]


@pytest.mark.parametrize("command", printed(TO_RUN))
def test_a_command_that_is_printed_to_be_run_is_one_that_mailer_takes(command: str) -> None:
    parse(command.partition(" & ")[0])


@pytest.mark.parametrize("command", printed(QUOTED))
def test_a_command_in_a_sentence_has_a_name_and_options_that_there_are(command: str) -> None:
    words = command.split()
    name = next((" ".join(words[:length]) for length in (2, 1) if " ".join(words[:length]) in LEAVES), None)
    assert name or command in ("lists", "subscribers", "schedule")
    known = {option for each in (LEAVES[name].params if name else ()) for option in each.opts}
    assert {word for word in words if word.startswith("-")} <= known


def test_a_wrong_one_is_noticed() -> None:
    text = "Make it: mailer lists create. See `mailer lists --all` or\n  mailer statuses"
    assert TO_RUN.findall(text) == ["mailer lists create. See "]
    with pytest.raises((click.UsageError, AssertionError, Exit)):
        parse("mailer lists create.x y z")
