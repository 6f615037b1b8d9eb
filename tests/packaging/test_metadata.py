"""What the package says of itself, and what is done for each change, are one."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).parents[2]
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WORKFLOWS = CHECKOUT / ".github" / "workflows"
MAKEFILE = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
# A tag can be moved to other code, a commit can't.
PINNED = re.compile(r"uses: (\./\S+|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)")


def workflow(name: str) -> dict[str, Any]:
    return yaml.safe_load((WORKFLOWS / name).read_text(encoding="utf-8"))


def runs(job: dict[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_each_python_that_is_promised_is_tried() -> None:
    promised = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert workflow("test.yml")["jobs"]["test"]["strategy"]["matrix"]["python"] == promised
    assert PROJECT["requires-python"] == f">={promised[0]}"


def test_a_change_is_tried_as_the_checks_of_this_repository_are() -> None:
    targets = re.compile(r"^make ([a-z]+)", re.MULTILINE)
    asked = targets.findall((CHECKOUT / ".ci" / "run").read_text(encoding="utf-8"))
    assert "pythons" in asked  # there as a matrix
    assert {*asked} - {"pythons"} <= {*targets.findall("\n".join(runs(workflow("test.yml")["jobs"]["test"])))}


def test_actions_are_pinned_to_commits() -> None:
    used = re.findall(r"uses: .*", "".join(file.read_text() for file in WORKFLOWS.iterdir()))
    assert [line for line in used if not PINNED.fullmatch(line)] == []
    assert len(used) > 4


def test_what_is_published_was_tried_and_only_that_job_may_publish() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert (jobs["publish"]["needs"], jobs["build"]["needs"]) == ("build", "test")
    assert jobs["test"]["uses"] == "./.github/workflows/test.yml"
    assert workflow("release.yml")["permissions"] == {"contents": "read"}
    allowed = {name: job["permissions"] for name, job in jobs.items() if "permissions" in job}
    assert allowed == {"publish": {"id-token": "write"}}
    assert "secrets." not in (WORKFLOWS / "release.yml").read_text(encoding="utf-8")


def test_a_commit_is_asked_what_make_check_asks() -> None:
    hooks = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    assert [repository["repo"] for repository in hooks] == ["local"]
    asked = {hook["name"]: hook["entry"] for hook in hooks[0]["hooks"]}
    check = MAKEFILE.partition("\ncheck:")[2].partition("\n\n")[0]
    steps = re.findall(r'"== (.*?)"; \$\(BIN\)/(\S+)', check)
    assert [(name, Path(entry.split()[0]).name) for name, entry in asked.items()] == steps
