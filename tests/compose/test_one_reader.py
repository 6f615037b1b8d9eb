"""HTML is read by our own reader alone: that of the standard library differs by the version of Python."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mailer.compose.html.tokens import TokenKind, read_html

PROGRAM = Path(__file__).parents[2] / "mailer"
OTHERS = {"html.parser", "_markupbase", "HTMLParser"}


def imported(file: Path) -> set[str]:
    """Return the names of the modules that a module imports, and of what it takes from them."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.name for each in node.names}
            names.add(getattr(node, "module", None) or "")
    return names


def test_no_module_has_the_standard_librarys_reader() -> None:
    files = list(PROGRAM.rglob("*.py"))
    assert len(files) > 100
    assert [file for file in files if imported(file) & OTHERS] == []


@pytest.mark.parametrize(
    "lost", ["<!--", "<!-- a", "<!", "<?", "</", "<title>", "<textarea>", "<script>", "<a b='"]
)
def test_what_never_ends_takes_nothing_with_it(lost: str) -> None:
    # By Python 3.14's html.parser what follows an unfinished comment is gone.
    html = f"<p>One {lost} <p>Two"
    tokens = list(read_html(html))
    assert "".join(token.source for token in tokens) == html
    assert "Two" in "".join(token.source for token in tokens if token.kind in (TokenKind.TEXT, TokenKind.RAW))
