"""`mailer check`: its three forms, its exit codes, and that it needs no database."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailer.cli import mailer
from mailer.errors import UsageError

GOOD = """---
title: Low tide at the ice house
description: Herring is back in the harbour, and the clock on the ice house goes again.
---
The [harbour office](https://harbour.example/tides) was open.
"""
BAD = GOOD.replace("https://harbour.example/tides", "TK")
WORSE = "---\ntitle: 100%, a, b\ndraft: true\n---\nSee\n[the tables]() and [this](http://harbour.example/).\n"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "issues").mkdir()
    (tmp_path / ".env").write_text("POSTAL_ADDRESS=1 Quay Street, Port Example\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def issue(root: Path, text: str, name: str = "low-tide") -> None:
    (root / "issues" / f"2026-11-22-{name}.md").write_text(text, encoding="utf-8")


def run(*arguments: str, expect: int = 0) -> Result:
    result = CliRunner().invoke(mailer, ["check", *arguments], catch_exceptions=False)
    assert result.exit_code == expect, result.output
    return result


def test_a_good_issue(root: Path) -> None:
    issue(root, GOOD)
    assert run().stdout == "✓ nothing to find fault with in low-tide\n"
    assert run("low-tide", "--strict").exit_code == 0


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_an_issue_that_windows_saved(root: Path, encoding: str) -> None:
    (root / "issues" / "low-tide.md").write_bytes(WORSE.replace("\n", "\r\n").encode(encoding))
    assert "issues/low-tide.md:6: error: link “the tables” has no address" in run("low-tide", expect=3).stdout


def test_it_needs_no_database_and_makes_none(root: Path) -> None:
    issue(root, GOOD)
    assert "No database yet" in run().stderr
    with pytest.raises(UsageError, match="there is no list weekly"):
        run("--list", "weekly")
    assert not (root / "subscribers").exists()


def test_text_names_the_place_the_rule_and_what_to_do(root: Path) -> None:
    issue(root, WORSE)
    lines = run("low-tide", expect=3).stdout.splitlines()
    assert lines[0] == "issues/2026-11-22-low-tide.md:3: error: is marked as a draft [draft]"
    assert lines[1] == "    Take `draft: true` out of it once it is ready."
    assert "issues/2026-11-22-low-tide.md:6: error: link “the tables” has no address [link-empty]" in lines
    assert lines[-1] == "✗ 2 errors, 2 warnings in low-tide"


def test_all_issues_are_looked_at_unless_some_are_named(root: Path) -> None:
    issue(root, GOOD)
    issue(root, BAD, "high-tide")
    (root / "issues" / "harbour").mkdir()
    (root / "issues" / "harbour" / "index.md").write_text(GOOD)
    (root / "issues" / "README.md").write_text("# What stands here\n")
    assert [line.split()[-1] for line in run(expect=3).stdout.splitlines()[-3:]] == [
        "high-tide",
        "low-tide",
        "harbour",
    ]
    assert run("low-tide", "issues/harbour/index.md").exit_code == 0


def test_strict_takes_warnings_for_errors(root: Path) -> None:
    issue(root, GOOD.replace("https://", "http://"))
    assert "1 warning in low-tide" in run().stdout
    run("--strict", expect=3)


def test_an_issue_that_can_not_be_read_is_a_finding_and_stops_no_other(root: Path) -> None:
    issue(root, GOOD)
    issue(root, "---\ntitle: x\n---\nOne\n\n{{ subscirber.name }}\n", "broken")
    issue(root, "---\ntitle: x\n---\n", "empty")
    data = json.loads(run("--format", "json", "empty", "broken", "low-tide", expect=3).stdout)
    empty, broken, good = data["issues"]
    assert good["findings"] == []
    (finding,) = broken["findings"]
    assert (finding["rule"], finding["severity"], finding["line"]) == ("unreadable", "error", 6)
    assert "subscriber" in finding["text"] + finding["hint"]
    assert not finding["text"].startswith("issues/")
    assert (empty["slug"], empty["findings"][0]["line"]) == ("empty", None)


def test_json_is_stable(root: Path) -> None:
    issue(root, BAD)
    data = json.loads(run("--format", "json", expect=3).stdout)
    (found,) = data["issues"]
    (finding,) = found.pop("findings")
    assert data == {
        "version": 1,
        "issues": [found],
        "counts": {"error": 1, "warning": 0, "advice": 0},
    }
    assert found == {
        "path": "issues/2026-11-22-low-tide.md",
        "slug": "low-tide",
        "counts": {"error": 1, "warning": 0, "advice": 0},
    }
    assert finding == {
        "rule": "link-placeholder",
        "severity": "error",
        "path": "issues/2026-11-22-low-tide.md",
        "line": 5,
        "text": "link “harbour office” leads to a placeholder: TK",
        "hint": "Write the address that was to stand here.",
        "places": [{"line": 5, "text": "link “harbour office” leads to a placeholder: TK"}],
    }


def test_github_gets_commands_that_nothing_in_them_can_break(root: Path) -> None:
    issue(root, GOOD.replace("[harbour office](https://harbour.example/tides)", "[100%: a, b]()"), "a,b:c")
    (line,) = run("--format", "github", expect=3).stdout.splitlines()
    assert line == (
        "::error file=issues/2026-11-22-a%2Cb%3Ac.md,line=5,title=link-empty"
        "::link “100%25: a, b” has no address%0AWrite where it leads."
    )


def test_what_stands_in_many_places_is_said_once_with_its_lines(root: Path) -> None:
    cell = '<td style="color: #111111 !important">Low.</td>'
    picture = '<img src="https://harbour.example/{}.png" alt="A boat">'
    rows = "\n".join(f"<tr>{cell}<td>{picture.format(number)}</td></tr>" for number in range(14))
    document = (
        f"<!doctype html><html lang=en><title>Tides</title><body><table>\n{rows}\n</table></body></html>"
    )
    (root / "issues" / "borrowed.html").write_text(f"---\ndescription: {'Low tide ' * 6}\n---\n{document}\n")
    said = run().stdout
    lines = "lines 5–18"
    assert f":5: warning: the style of a <td> has color with !important (in 14 places: {lines})" in said
    assert (
        f"image https://harbour.example/0.png has no width, and 13 more of the kind ({lines}) [image-width]"
        in said
    )
    assert "! 2 warnings, 1 advice in borrowed" in said
    found = {
        each["rule"]: each for each in json.loads(run("--format", "json").stdout)["issues"][0]["findings"]
    }
    assert [place["line"] for place in found["image-width"]["places"]] == list(range(5, 19))
    assert found["image-width"]["places"][13]["text"] == "image https://harbour.example/13.png has no width"
    assert run("--format", "github").stdout.count("::warning file=issues/borrowed.html,line=") == 28


def test_github_knows_warnings_and_notices(root: Path) -> None:
    issue(root, GOOD.replace("https://", "http://").replace("title: ", "title: As seen "))
    assert {line.split()[0] for line in run("--format", "github").stdout.splitlines()} == {
        "::warning",
        "::notice",
    }


def test_fields_are_looked_at_where_there_is_a_database(root: Path) -> None:
    issue(root, GOOD + "\nHello {{ subscriber.name }}, {{ subscriber.boat|default('sailor') }}.\n")
    runner = CliRunner()
    people = root / "people.csv"
    people.write_text("email,name\nada@quay.example,Ada\nbo@quay.example,\n")
    for words in (["lists", "create", "weekly"], ["subscribers", "import", str(people), "--list", "weekly"]):
        assert runner.invoke(mailer, words, catch_exceptions=False).exit_code == 0
    data = json.loads(run("--format", "json", "--list", "weekly", expect=3).stdout)
    found = {each["rule"]: each for each in data["issues"][0]["findings"]}
    assert found["field-missing"]["text"] == "subscriber.name has no value: 1 of 2"
    assert found["field-missing"]["line"] == 7
    assert found["field-unknown"]["severity"] == "warning"
    with pytest.raises(UsageError, match="weekly"):
        run("--list", "weakly")


def test_a_list_that_is_not_there_is_told(root: Path) -> None:
    CliRunner().invoke(mailer, ["lists", "create", "weekly"], catch_exceptions=False)
    issue(root, GOOD.replace("---\nThe", "list: weakly\n---\nThe"))
    assert "there is no list 'weakly'" in run().stdout


def test_without_issues_there_is_something_to_do_first(root: Path) -> None:
    with pytest.raises(UsageError, match="no issue") as refusal:
        run()
    assert "mailer new" in (refusal.value.next_step or "")


@pytest.mark.peers
def test_colours_only_on_a_terminal(root: Path) -> None:
    issue(root, WORSE)
    command = [sys.executable, "-m", "mailer", "check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "\x1b" not in done.stdout
    coloured = CliRunner().invoke(mailer, ["check"], color=True, catch_exceptions=False)
    assert re.search(r"\x1b\[31m\x1b\[1merror", coloured.stdout)


class Pages(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/tides" else 404)
        self.end_headers()

    do_GET = do_HEAD

    def log_message(self, *args: object) -> None:
        pass


@pytest.mark.peers
def test_links_are_tried_only_if_asked_and_in_our_networks_only_if_named(root: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Pages)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    text = GOOD.replace("https://harbour.example", address)
    issue(root, text + f"\n[One]({address}/tides) and\n[two]({address}/gone).\n")
    try:
        assert "link-dead" not in run().stdout
        tried = run("--online").stdout  # one address is linked to twice
        assert tried.count("private network") == 2
        assert "and 1 more of the kind (lines 5, 7)" in tried
        lines = run("--online", "--online-network", "127.0.0.0/8").stdout.splitlines()
    finally:
        server.shutdown()
        server.server_close()
    dead = [line for line in lines if "link-dead" in line and address in line]
    assert len(dead) == 1
    assert ":8: warning: link “two”" in dead[0]
    assert "404 Not Found" in dead[0]


@pytest.mark.parametrize(
    "words", [["--online-network", "10.0.0.0/8"], ["--online", "--online-network", "here"]]
)
def test_a_network_is_one_and_goes_with_online(root: Path, words: list[str]) -> None:
    issue(root, GOOD)
    with pytest.raises(UsageError, match="online-network"):
        run(*words)
