"""A key of front matter is one entry of a table: what nothing but layouts makes use of needs no more."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_filling import fill_text
from slow_way import SURROUNDINGS

from mailer.compose.body import write_body
from mailer.compose.issue.fields import FIELDS, IfUnfit
from mailer.compose.issue.source import read_issue
from mailer.compose.render import render
from mailer.domain.issue import Issue
from mailer.errors import IssueError

PRINTED = sorted(name for name, key in FIELDS.items() if not key.field)


def read(front: str) -> Issue:
    return read_issue("issues/tide.md", f"---\ntitle: Tide\n{front}---\nIt is late.\n".encode())[0]


def page(folder: Path, issue: Issue, layout: str) -> str:
    (folder / "email").mkdir(exist_ok=True)
    for ending in ("html", "txt"):
        (folder / "email" / f"newsletter.{ending}").write_text(f"{layout}{{{{ content }}}}", encoding="utf-8")
    edition = render(issue, write_body(issue), SURROUNDINGS, [folder])
    return fill_text(edition.text, {})


@pytest.mark.parametrize("key", PRINTED)
def test_layouts_print_it_and_know_whether_there_is_one(key: str, tmp_path: Path):
    field = f"issue.{key}.text" if key == "epigraph" else f"issue.{key}"
    layout = f"{{% if issue.{key} %}}[{{{{ {field} }}}}]{{% else %}}[none]{{% endif %}} "
    assert page(tmp_path, read(f"{key}: From the pier\n"), layout).startswith("[From the pier]")
    assert page(tmp_path, read(""), layout).startswith("[none]")


@pytest.mark.parametrize("key", PRINTED)
def test_a_misspelt_one_in_a_layout_is_refused(key: str, tmp_path: Path):
    with pytest.raises(IssueError, match=f"did you mean '{key}'"):
        page(tmp_path, read(""), f"{{{{ issue.{key}x }}}}")


def test_an_error_about_a_name_that_an_issue_has_not_says_that_it_is_an_issues(tmp_path: Path):
    with pytest.raises(IssueError, match="IssueNames object' has no attribute 'nope'"):
        page(tmp_path, read(""), "{{ issue.nope }}")


@pytest.mark.parametrize("key", sorted(FIELDS.keys() - {"params"}))  # which holds anything
def test_what_becomes_of_an_unfit_value_is_in_the_table(key: str):
    unfit = f"{key}: {{unfit: {{value: 1}}}}\n"
    if FIELDS[key].unfit is IfUnfit.IGNORED:
        assert any(notice.text.startswith(f"{key}: ") for notice in read(unfit).notices)
    else:
        with pytest.raises(IssueError, match=f":3: {key}: "):
            read_issue("issues/tide.md", f"---\nlang: en\n{unfit}---\nIt is late.\n".encode())


def test_what_becomes_a_field_of_an_issue_is_one():
    known = set(Issue.__slots__)
    assert {key.field for key in FIELDS.values() if key.field} <= known
    assert not known & set(PRINTED)
