"""The commands and options in the documents are those of the program, and the other way round."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mailer.cli import mailer
from mailer.errors import PRECEDENCE, ExitCode

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SHOWN = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.rglob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^### (.*?)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)
# Every command has it, and the page says so once.
HELP = {"-h", "--help"}


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from leaves(child, (*path, name))
    else:
        yield " ".join(path), command


def options(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


LEAVES = dict(leaves(mailer))


def sections() -> dict[str, str]:
    """The text of each section of docs/cli.md by the commands in its heading."""
    found = {}
    for heading, text in SECTION.findall((DOCS / "cli.md").read_text(encoding="utf-8")):
        for usage in re.findall(r"`mailer ([^`]*)`", heading):
            words = [word for word in usage.split() if re.fullmatch(r"[a-z-]+", word)]
            found[" ".join(words)] = text
    return found


def test_every_command_has_its_section_and_no_other_has() -> None:
    assert sections().keys() == LEAVES.keys()


@pytest.mark.parametrize("name", LEAVES)
def test_every_option_is_in_its_section_and_no_other_is(name: str) -> None:
    text = sections()[name]
    rows = re.findall(r"^\| (`-.*?) \|", text, re.MULTILINE)
    described = set(re.findall(r"(?<=`)--?[A-Za-z-]+", " ".join(rows)))
    mentioned = set(re.findall(r"`(--?[A-Za-z-]+)", text))
    assert described <= options(LEAVES[name])
    assert options(LEAVES[name]) <= mentioned


def test_the_options_of_mailer_itself_are_described() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert all(f"`{name}" in text for name in options(mailer) | HELP)


def console_lines(path: Path) -> Iterator[str]:
    for block in CONSOLE.findall(path.read_text(encoding="utf-8")):
        yield from (line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ "))


COMMANDS = [
    pytest.param(line, id=f"{path.relative_to(ROOT)}: {line}")
    for path in SHOWN
    for line in console_lines(path)
    if line.startswith("mailer ")
]


def parse(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    command: click.Command = mailer
    context: click.Context | None = None
    while isinstance(command, click.Group) and words[0] != "--version":
        context = click.Context(command, parent=context, info_name=words[0])
        child = command.get_command(context, words.pop(0))
        assert child is not None, line
        command = child
    # Parses every word, converts every value, and runs nothing.
    with command.make_context(command.name, words, parent=context):
        pass


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_that_is_shown_is_one_that_mailer_takes(line: str) -> None:
    try:
        parse(line)
    except click.exceptions.Exit as done:  # --version
        assert done.exit_code == 0


def test_a_command_that_mailer_does_not_take_is_noticed() -> None:
    for wrong in ("mailer send-issue harbour --lists weekly", "mailer lists create", "mailer send harbour"):
        with pytest.raises((click.UsageError, AssertionError)):
            parse(wrong)


def test_make_targets_that_are_shown_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {line.split()[1] for path in SHOWN for line in console_lines(path) if line.startswith("make ")}
    assert shown
    assert shown <= targets


def test_the_exit_codes_are_those_of_the_program() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    table = text.partition("## Exit codes")[2].partition("## Start")[0]
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == set(ExitCode)
    order = re.search(r"the first of ([0-9, ]+) is it", table)
    assert order is not None
    assert [int(code) for code in order[1].split(",")] == list(PRECEDENCE)
