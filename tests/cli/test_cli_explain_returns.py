"""`mailer returns read --explain`: what a message would be taken for, and that nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from returned_corpus import WHO, samples

from mailer.cli import mailer
from mailer.domain.return_path import ReturnSigner
from mailer.domain.signed_links import LinkToken, sign_token
from mailer.errors import UsageError

KEY = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "issues").mkdir()
    (tmp_path / ".env").write_text(f"SECRET_KEY={KEY}\nTRUSTED_AUTHSERV=mx.gazette.example\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def bounce(root: Path, token: str = "") -> Path:
    octets = next(each.octets for each in samples() if each.name.startswith("postfix: 550 5.1.1"))
    path = root / "bounce.eml"
    path.write_bytes(octets.replace(b"0123456789abcdef", token.encode() or b"0123456789abcdef"))
    return path


def run(*arguments: object, stdin: bytes | None = None) -> Result:
    words = ["returns", "read", "--explain", *map(str, arguments)]
    result = CliRunner().invoke(mailer, words, input=stdin, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def token(subscriber: int) -> str:
    from mailer.bootstrap import App

    return ReturnSigner(KEY.encode(), 3).sign(subscriber, App(None).now().timestamp())


def test_a_line_of_data_a_message(root: Path) -> None:
    path = bounce(root)
    found = json.loads(run("--json", path).stdout)
    evidence = found.pop("evidence")
    said = found["recipients"][0].pop("said")
    assert found == {
        "file": str(path),
        "verdict": "hard",
        "recipients": [{"address": WHO, "verdict": "hard", "status": "5.1.1", "reason": "no such mailbox"}],
        "trusted": False,
        "notes": [],
    }
    assert evidence[0] == "message/delivery-status"
    assert said.startswith("550 5.1.1")


def test_a_token_of_ours_proves_whom_it_is_about(root: Path) -> None:
    assert json.loads(run("--json", bounce(root, token(17))).stdout)["trusted"] is True
    assert "yes: send 3, subscriber 17" in run(bounce(root, token(17))).stdout
    forged = token(17)[:-1] + "0"
    assert "no: without a token of ours" in run(bounce(root, forged + "1")).stdout


def test_the_link_to_unsubscribe_in_the_copy_proves_it_too(root: Path) -> None:
    octets = bounce(root).read_bytes()
    assert b"<https://gazette.example/u/token>" in octets
    for key, trusted in ((KEY, True), (KEY[::-1], False)):
        link = sign_token(key.encode(), LinkToken(3, 17, 1))
        (root / "bounce.eml").write_bytes(octets.replace(b"/u/token>", f"/u/{link}>".encode()))
        assert json.loads(run("--json", root / "bounce.eml").stdout)["trusted"] is trusted


def test_standard_input_has_the_address_that_it_was_delivered_to(root: Path) -> None:
    octets = bounce(root).read_bytes()
    address = f"bounces+{token(5)}@news.example"
    found = json.loads(run("--json", "--recipient", address, "-", stdin=octets).stdout)
    assert (found["file"], found["trusted"]) == ("-", True)


def test_people_see_the_words_and_why(root: Path) -> None:
    shown = run(bounce(root)).stdout
    assert shown.startswith(f"hard         {root / 'bounce.eml'}\n")
    assert f"\n  who        {WHO}: no such mailbox (5.1.1)\n  said       550 5.1.1" in shown
    assert "  because    message/delivery-status;" in shown


def test_nothing_is_changed(root: Path) -> None:
    path = bounce(root, token(17))
    before = {each: each.stat().st_mtime_ns for each in root.rglob("*")}
    run(path)
    run("--json", root)
    assert {each: each.stat().st_mtime_ns for each in root.rglob("*")} == before


def test_every_message_of_a_folder_has_its_line(root: Path) -> None:
    folder = root / "all"
    folder.mkdir()
    for number, each in enumerate(samples()[::40]):
        (folder / f"{number:03}.eml").write_bytes(each.octets)
    lines = [json.loads(line) for line in run("--json", folder).stdout.splitlines()]
    assert [line["verdict"] for line in lines] == [each.kind for each in samples()[::40]]


def test_a_file_that_is_not_there_is_an_error(root: Path) -> None:
    with pytest.raises(UsageError, match="can't be read"):
        run("gone.eml")
