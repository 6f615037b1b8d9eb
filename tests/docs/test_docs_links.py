"""Every link between documents leads somewhere, and every name in them is one of the program's."""

from __future__ import annotations

import importlib
import re
import unicodedata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    *(ROOT / f"{name}.md" for name in ("README", "CHANGELOG", "CONTRIBUTING", "SECURITY")),
    *(ROOT / name / "README.md" for name in ("templates", "subscribers")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "samples"),
]
FENCE = re.compile(r"^```.*?^```\n", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
NAME = re.compile(r"`(mailer(?!\.db\b)(?:\.\w+)+)`")  # mailer.db is a file
FILE = re.compile(r"`((?:mailer|templates|docs|tests|issues|subscribers|benchmarks)/[\w./-]*\.\w+)`")
# What a workspace gets only when it is used or changed.
MADE_LATER = {
    "subscribers/disposable-domains.txt",
    "subscribers/formats/harbour-office.toml",
    "subscribers/mailer.db",
    "subscribers/mailer.journals",
    "subscribers/rejects.csv",
    "templates/email/notice.html",
    "templates/email/notice.txt",
}


def text_of(path: Path) -> str:
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The names that headings have as targets of links: lower case, hyphens for spaces, nothing else."""
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", text_of(path), re.MULTILINE)}


def anchor(heading: str) -> str:
    kept = (char for char in heading.lower() if char in " -_" or unicodedata.category(char)[0] in "LN")
    return "".join(kept).strip().replace(" ", "-")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    broken = []
    for markdown, html in LINK.findall(text_of(path)):
        target = markdown or html
        if re.match(r"[a-z]+:", target):
            continue
        file, _, fragment = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (fragment and fragment not in anchors(there)):
            broken.append(target)
    assert broken == []


def test_the_index_names_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    named = {(index.parent / each).resolve() for each, _ in LINK.findall(index.read_text(encoding="utf-8"))}
    assert {path for path in DOCUMENTS if path.is_relative_to(index.parent)} - {index} <= named


def exists(name: str) -> bool:
    """Whether `mailer.x.y.z` is a module, or something in one, however deep."""
    words = name.split(".")
    for length in range(len(words), 0, -1):
        try:
            found: object = importlib.import_module(".".join(words[:length]))
        except ModuleNotFoundError:
            continue
        for word in words[length:]:
            fields = getattr(found, "__dataclass_fields__", {})
            if not hasattr(found, word) and word not in fields:
                return False
            found = getattr(found, word, None)
        return True
    return False


def test_a_name_that_does_not_exist_is_noticed() -> None:
    assert exists("mailer.domain.delivery.NEXT")
    assert not exists("mailer.domain.delivery.NEXTS")
    assert not exists("mailer.nowhere.at_all")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_of_the_program_exists(path: Path) -> None:
    assert [name for name in NAME.findall(text_of(path)) if not exists(name)] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_that_is_named_exists(path: Path) -> None:
    named = set(FILE.findall(text_of(path))) - MADE_LATER
    assert [file for file in sorted(named) if not (ROOT / file).exists()] == []


def test_the_architecture_names_much_of_the_program() -> None:
    assert len(set(NAME.findall(text_of(ROOT / "docs" / "architecture.md")))) > 30
