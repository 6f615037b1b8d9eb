"""The tests of level unit by CPython 3.14 as WebAssembly; the value of the last line is the exit code.

Packages that are compiled for a processor are not to be had there. Whatever test comes to use one is skipped.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Generator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

sys.path[:0] = ["/checkout", "/checkout/tests", "/compiled", "/packages"]

import pytest  # noqa: E402 - found by the line above

COMPILED = {
    "lxml",
    "nh3",
    "PIL",
    "cryptography",
    "playwright",
    "uvloop",
    "greenlet",
    "nacl",
    "grimp",
    "psycopg",
}
OPTIONS = [
    "-q",
    "--rootdir=/checkout",
    "--capture=sys",
    "--continue-on-collection-errors",
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:xdist"),
    *("-W", "ignore::hypothesis.errors.HypothesisWarning"),
    *("-W", "ignore::pytest.PytestUnraisableExceptionWarning"),  # databases of tests that were broken off
    # Its images are made by a package that is not there.
    "--deselect=tests/compose/test_images.py::test_what_is_no_image_for_mail_is_refused",
    *("-m", "unit", "--hypothesis-profile", "quick"),
]


# What errors say where the system that WebAssembly runs on lacks something.
LACKING = re.compile(
    r"module 'os' has no attribute|No module named '(pwd|grp)'|can't start new thread|not support processes"
    r"|is unsupported on this system|'Absent'|\[Errno (10|28|138)\]"
)


class Tests:
    """Says whether a test is running, and skips it where the system lacks what it needs."""

    running = False

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_setup(self) -> Generator[None, object, object]:
        self.running = True
        return (yield from self._tried())

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self) -> Generator[None, object, object]:
        return (yield from self._tried())

    def pytest_runtest_teardown(self) -> None:
        self.running = False

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        report = yield
        if report.failed and LACKING.search(f"{report.longrepr}"):
            report.outcome = "skipped"
            report.longrepr = (report.nodeid, 0, "Skipped: the system lacks something")
        return report

    def _tried(self) -> Generator[None, object, object]:
        try:
            return (yield)
        except Exception as error:
            if LACKING.search(f"{error!r} {error}"):
                pytest.skip(f"the system lacks something: {error}")
            raise


tests = Tests()


class Absent(type):
    """The class of all that such a package has: it can be named, called and subclassed until a test does."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name, (Exception,), {"__module__": cls.__module__})

    def __call__(cls, *_: Any, **__: Any) -> Any:
        if tests.running:
            pytest.skip(f"{cls.__module__} is compiled, and not for WebAssembly")
        return cls


class AbsentModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(name, (Exception,), {"__module__": self.__name__})


class Absentees(MetaPathFinder, Loader):
    """Finds an empty module for whatever belongs to such a package."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:  # noqa: ARG002
        return ModuleSpec(name, self, is_package=True) if name.partition(".")[0] in COMPILED else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        pass


sys.meta_path.insert(0, Absentees())
print(f"== the tests of level unit by Python {sys.version}", flush=True)
# What has no process or socket has no tests of this level; collecting it takes a minute.
for folder in ("benchmarks", "e2e", "packaging", "sandbox", "torture", "web"):
    OPTIONS.append(f"--ignore=/checkout/tests/{folder}")
code = pytest.main([*OPTIONS, *options, "/checkout/tests"], plugins=[tests])  # type: ignore[name-defined]  # noqa: F821
print(f"== {len([name for name in sys.modules if name.startswith('mailer.')])} modules of mailer were loaded")
int(code)
