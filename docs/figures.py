"""Print how large the program's rooms, files and functions are, and write it into docs/architecture.md.

Run it from a checkout with the development dependencies: make figures
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tokenize
from collections import Counter
from functools import cached_property
from io import StringIO
from itertools import combinations
from math import ceil
from pathlib import Path
from statistics import median

import grimp

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "mailer"
PAGE = ROOT / "docs" / "architecture.md"
BETWEEN = re.compile(r"(?<=<!-- figures: -->\n).*?(?=<!-- :figures -->)", re.DOTALL)
COLUMNS = (
    "room",
    "files",
    "lines",
    "file: median, longest",
    "function: median, p95, longest",
    "complexity: p95, most",
    "comments",
    "docstrings",
)
NO_CODE = {getattr(tokenize, name) for name in ("COMMENT", "NL", "NEWLINE", "INDENT", "DEDENT", "ENDMARKER")}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


class Source:
    """One file of Python, and which of its lines are what."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8")
        self.lines = self.text.count("\n")

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of its syntax tree."""
        return list(ast.walk(ast.parse(self.text)))

    @cached_property
    def tokens(self) -> list[tokenize.TokenInfo]:
        """Its tokens, comments among them."""
        return list(tokenize.generate_tokens(StringIO(self.text).readline))

    @cached_property
    def docstrings(self) -> set[int]:
        """The numbers of the lines that docstrings take."""
        kinds = ast.Module | ast.ClassDef | FUNCTION
        documented = (node for node in self.nodes if isinstance(node, kinds) and ast.get_docstring(node))
        return {line for node in documented for line in _lines(node.body[0])}

    @cached_property
    def code(self) -> set[int]:
        """The numbers of the lines with code."""
        spans = ((each.start[0], each.end[0] + 1) for each in self.tokens if each.type not in NO_CODE)
        return {line for span in spans for line in range(*span)} - self.docstrings

    @cached_property
    def comments(self) -> set[int]:
        """The numbers of the lines that are comments and nothing else."""
        return {each.start[0] for each in self.tokens if each.type == tokenize.COMMENT} - self.code

    @cached_property
    def functions(self) -> list[int]:
        """How many lines of code each function has, its `def` among them."""
        return [len(self.code & {*_lines(node)}) for node in self.nodes if isinstance(node, FUNCTION)]

    @cached_property
    def classes(self) -> list[str]:
        """The names of its classes but the private ones, which nobody takes for another file's."""
        return [each.name for each in self.nodes if isinstance(each, ast.ClassDef) and each.name[0] != "_"]


def _lines(node: ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def sources(folder: Path) -> list[Source]:
    """Return the files of Python in `folder`, however deep."""
    return [Source(path) for path in sorted(folder.rglob("*.py"))]


def complexities() -> dict[Path, list[int]]:
    """Return the complexity of each function of the program, by its file, as ruff counts it."""
    ruff = [str(Path(sys.executable).with_name("ruff")), "check", "--isolated", "--output-format", "json"]
    every = ["--select", "C901", "--config", "lint.mccabe.max-complexity=0", str(PROGRAM)]
    found: dict[Path, list[int]] = {}
    for each in json.loads(subprocess.run([*ruff, *every], stdout=subprocess.PIPE, check=False).stdout):
        found.setdefault(Path(each["filename"]), []).append(int(each["message"].split("(")[1].split()[0]))
    return found


def two_way_imports() -> list[tuple[str, str]]:
    """Return the pairs of the program's folders that import each other, neither of them in the other."""
    graph = grimp.build_graph(PROGRAM.name, cache_dir=None)
    folders = {module for module in graph.modules if graph.find_children(module)}
    home = {module: module if module in folders else module.rpartition(".")[0] for module in graph.modules}
    imports = {
        (home[module], home[imported])
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return [
        (one, other)
        for one, other in combinations(sorted(folders), 2)
        if {(one, other), (other, one)} <= imports and not other.startswith(f"{one}.")
    ]


def repeated_classes() -> dict[str, int]:
    """Return the names that more than one class of the program has, and how many have it."""
    names = Counter(name for source in sources(PROGRAM) for name in source.classes)
    return {name: number for name, number in names.most_common() if number > 1}


def row(room: str, files: list[Source], complexity: dict[Path, list[int]]) -> str:
    """Return the table's row for a room."""
    sizes = [file.lines for file in files]
    lengths = [length for file in files for length in file.functions]
    degrees = [degree for file in files for degree in complexity.get(file.path, ())]
    return _cells(
        room,
        str(len(files)),
        f"{sum(sizes):,}",
        f"{median(sizes):.0f}, {max(sizes)}",
        f"{median(lengths):.0f}, {_p95(lengths)}, {max(lengths)}",
        f"{_p95(degrees)}, {max(degrees)}",
        f"{sum(len(file.comments) for file in files) / sum(sizes):.0%}",
        f"{sum(len(file.docstrings) for file in files) / sum(sizes):.0%}",
    )


def _cells(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _p95(numbers: list[int]) -> int:
    return sorted(numbers)[ceil(0.95 * len(numbers)) - 1]


def figures() -> str:
    """Return all of it as Markdown."""
    rooms: dict[str, list[Source]] = {}
    for source in (program := sources(PROGRAM)):
        folder, *inside = source.path.relative_to(PROGRAM).parts
        rooms.setdefault(f"`{folder}/`" if inside else "`*.py`", []).append(source)
    complexity = complexities()
    rows = [row(room, files, complexity) for room, files in sorted(rooms.items())]
    pairs = [" and ".join(name.replace(".", "/") for name in pair) for pair in two_way_imports()]
    names = [f"`{name}` ({number})" for name, number in repeated_classes().items()]
    tests = sum(source.lines for source in sources(ROOT / "tests")) / sum(source.lines for source in program)
    said = (
        _counted("Pairs of folders that import each other", pairs),
        _counted("Names that several classes have", names),
        f"- Lines of tests for each line of the program: {tests:.2f}\n",
    )
    head = _cells(*COLUMNS) + _cells(*["---"] * len(COLUMNS))
    return "".join([head, *rows, row("all", program, complexity), "\n", *said])


def _counted(what: str, found: list[str]) -> str:
    listed = f" ({', '.join(found)})" if found else ""
    return f"- {what}: {len(found)}{listed}\n"


def main() -> None:
    """Print the figures, and write them where they belong."""
    page, now = PAGE.read_text(encoding="utf-8"), figures()
    print(now, end="")
    PAGE.write_text(BETWEEN.sub(lambda _: now, page), encoding="utf-8")


if __name__ == "__main__":
    main()
