"""The tests of level unit by CPython 3.14 as WebAssembly; the value of the last line is the exit code.

Packages that are compiled for a processor are not to be had there. Whatever test comes to use one is skipped.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

sys.path[:0] = ["/checkout", "/checkout/tests", "/compiled", "/packages"]

import pytest  # noqa: E402 - found by the line above

COMPILED = {"lxml", "nh3", "PIL", "cryptography", "playwright", "uvloop", "greenlet", "nacl", "grimp"}
OPTIONS = [
    "-q",
    "--rootdir=/checkout",
    "--capture=sys",
    "--continue-on-collection-errors",
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:xdist"),
    *("-W", "ignore::hypothesis.errors.HypothesisWarning"),
    *("-m", "unit", "--hypothesis-profile", "quick"),
]


class Tests:
    """Whether a test is running, and which modules of ours were loaded."""

    running = False

    def pytest_runtest_setup(self) -> None:
        self.running = True

    def pytest_runtest_teardown(self) -> None:
        self.running = False


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
