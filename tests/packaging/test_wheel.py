"""What a wheel holds: the templates and samples inside the package, and no top-level name but `mailer`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from mailer.workspace.bundled import PACKAGE, SAMPLES

CHECKOUT = PACKAGE.parent

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("hatchling") is None or not (CHECKOUT / "pyproject.toml").is_file(),
    reason="building a wheel needs hatchling (pip install hatchling) and a checkout",
)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    (built,) = folder.glob("mailer_dispatch-*.whl")
    return built


def test_only_the_package_is_at_the_top(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"mailer"}


def test_every_template_of_the_checkout_is_inside(wheel: Path) -> None:
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("mailer/templates/")}
    templates = [path for path in (CHECKOUT / "templates").rglob("*") if path.is_file()]
    assert templates
    assert {f"mailer/{path.relative_to(CHECKOUT)}" for path in templates} <= inside


def test_a_workspace_is_made_from_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    # -P keeps the checkout, where the tests run, off the path.
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); sys.argv = ['mailer', 'init', 'news']\n"
        "import mailer.workspace.bundled as bundled, mailer.cli\n"
        "print(bundled.PACKAGE, bundled.templates_folder())\n"
        "mailer.cli.main()"
    )
    command = [sys.executable, "-P", "-c", script]
    done = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
    package = tmp_path / "site" / "mailer"
    assert done.stdout.splitlines()[0] == f"{package} {package / 'templates'}"
    for name, path in {
        "harbour.md": "issues/2026-11-22-harbour.md",
        "example.csv": "subscribers/example.csv",
        "subscribers.md": "subscribers/README.md",
    }.items():
        assert (tmp_path / "news" / path).read_bytes() == (CHECKOUT / SAMPLES[name][0]).read_bytes()
    assert (tmp_path / "news" / ".env").is_file()
