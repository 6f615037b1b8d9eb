"""The files that come with the program: templates, `.env.example`, the sample issue and list."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).parents[1]

# name: (where it stands in a checkout, where the wheel puts it in the package); pyproject.toml says the same.
SAMPLES = {
    "env.example": (".env.example", "templates/env.example"),
    "harbour.md": ("issues/2026-11-22-harbour.md", "templates/sample/harbour.md"),
    "example.csv": ("subscribers/example.csv", "templates/sample/example.csv"),
    "subscribers.md": ("subscribers/README.md", "templates/sample/subscribers.md"),
}


def _in_wheel() -> bool:
    # A checkout keeps templates/ at its top level; only a wheel has a folder of that name inside the package.
    return (PACKAGE / "templates").is_dir()


def templates_folder() -> Path:
    """The folder of the bundled templates (`email/…`, `web/…`), in a wheel and in a checkout alike."""
    return (PACKAGE if _in_wheel() else PACKAGE.parent) / "templates"


def sample(name: str) -> Path:
    """The bundled file called `name` (a key of SAMPLES); KeyError for any other."""
    checkout, wheel = SAMPLES[name]
    return PACKAGE / wheel if _in_wheel() else PACKAGE.parent / checkout
