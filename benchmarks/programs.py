"""The programs that are measured: mailer as it stands here, and mailer as it was at an earlier commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from benchmarks.instruments import BUILD, HERE, Unavailable

TREE = HERE.parent


@dataclass(frozen=True, slots=True)
class Program:
    """A `mailer` that is installed."""

    command: Path

    def run(self, root: Path, *arguments: str) -> str:
        """Run it in a workspace and return what it prints; SystemExit if it fails."""
        done = subprocess.run(
            [self.command, "-C", root, *arguments],
            env=bare_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(
                f"mailer {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}{done.stdout}"
            )
        return done.stdout


HERE_AND_NOW = Program(Path(sys.executable).with_name("mailer"))


def earlier(revision: str) -> Program:
    """Return mailer as it was at a revision of this repository, installed in a folder of its own.

    That is done the first time. Unavailable where that history isn't.
    """
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
    folder = BUILD / "earlier" / commit
    if not (folder / ".venv" / ".installed").exists():
        with zipfile.ZipFile(BytesIO(_git("archive", "--format=zip", commit))) as tree:
            tree.extractall(folder)
        _install(folder)
    return Program(folder / ".venv" / "bin" / "mailer")


def bare_environment() -> dict[str, str]:
    """Return the environment without settings: those of the workspace are to hold."""
    ours = ("SMTP_", "MAIL_", "DKIM_", "DATABASE_URL", "BASE_URL", "SECRET_KEY", "POSTAL_ADDRESS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def extra_packages() -> Path:
    """Return a folder with the packages that only benchmarks need, installed there the first time."""
    wanted = HERE / "requirements.txt"
    folder = BUILD / "packages"
    stamp = folder / "requirements.txt"
    if stamp.exists() and stamp.read_bytes() == wanted.read_bytes():
        return folder
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    options = ["--no-deps", "--upgrade", "--target", str(folder), "-r", str(wanted)]
    done = subprocess.run([*pip, *options], stderr=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise Unavailable(f"{wanted.read_text().strip()} can't be installed")
    shutil.copy(wanted, stamp)
    return folder


def _git(*words: str) -> bytes:
    try:
        return subprocess.run(["git", "-C", TREE, *words], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise Unavailable("the commit to compare with is not in a git history here") from None


def _install(folder: Path) -> None:
    """Make the environment as that tree itself makes it, with this Python."""
    make = ["make", "-C", folder, f"PYTHON={Path(sys.executable).resolve()}", ".venv/.installed"]
    done = subprocess.run(make, env=_without_make(os.environ), capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"mailer as it was can't be installed:\n{done.stderr[-1000:]}")


def _without_make(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what a `make` is told that was not started by another one."""
    return {name: value for name, value in environment.items() if not name.startswith(("MAKE", "MFLAGS"))}
