"""Which templates of the workspace stand in the place of bundled ones."""

from __future__ import annotations

from pathlib import Path

from mailer.doctor.result import Result, note, ok

NAME = "templates.overrides"


def examine_templates(own: Path, bundled: Path) -> list[Result]:
    """Compare the templates in the folders `own` and `bundled`; a checkout's are the bundled ones."""
    if not own.is_dir() or own.samefile(bundled):
        return [ok(NAME, "the bundled ones, as they come")]
    changed, same, added = [], [], []
    for path in sorted(own.rglob("*")):
        name = path.relative_to(own)
        if not path.is_file() or name == Path("README.md"):
            continue
        twin = bundled / name
        if not twin.is_file():
            added.append(name)
        elif twin.read_bytes() == path.read_bytes():
            same.append(name)
        else:
            changed.append(name)
    results = [
        note(NAME, f"{what}: {', '.join(map(str, names))}")
        for what, names in {
            "differ from the bundled ones, which no longer count": changed,
            "are copies that change nothing, and hide what a newer version brings": same,
            "are the workspace's own": added,
        }.items()
        if names
    ]
    return results or [ok(NAME, "the bundled ones, as they come")]
