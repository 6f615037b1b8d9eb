"""Sign-ups by programs: what is taken, what is asked for, and what a stranger gets of a thousand of them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import httpx
import pytest
from altcha.v1 import Challenge, Payload, solve_challenge
from quay import KEY, Quay, quay
from sqlalchemy import func, select, update

from mailer.services.signup_proof import challenge, proved
from mailer.store.schema import signups

ADA = "ada@inbox.example"
SUM = re.compile(r'data-sum="([^"]+)"')


@pytest.fixture
def harbour(tmp_path: Path, database_url: str) -> Iterator[Quay]:
    with quay(tmp_path, database_url, SIGNUP_PER_NETWORK="0") as opened:
        yield opened


def by_settings(root: Path, **settings: str) -> AbstractContextManager[Quay]:
    return quay(root, "sqlite:///mailer.db", **settings)


def kept(harbour: Quay) -> int:
    with harbour.app.database.connect() as connection:
        return connection.scalar(select(func.count()).select_from(signups)) or 0


def ask(harbour: Quay, email: str = ADA, **more: str) -> int:
    return harbour.client.post("/join/weekly", data={"email": email} | more).status_code


def done(asked: str) -> str:
    """Do the sum, as a browser does."""
    names = ("algorithm", "challenge", "maxnumber", "salt", "signature")
    parts = Challenge(*map(json.loads(asked).get, names))
    found = solve_challenge(parts.challenge, parts.salt, parts.algorithm, parts.max_number)
    assert found is not None
    return Payload(parts.algorithm, parts.challenge, found.number, parts.salt, parts.signature).to_base64()


def test_a_thousand_sign_ups_of_one_address_are_one_mail(harbour: Quay) -> None:
    statuses = [ask(harbour) for _ in range(120)]
    assert statuses == [200] * 100 + [403] * 20  # from the hundredth on they leap
    harbour.deliver()
    assert len(harbour.mails(ADA)) == 1


def test_so_many_are_taken_of_a_network_and_in_all(tmp_path: Path) -> None:
    with by_settings(tmp_path, SIGNUP_PER_NETWORK="3", SIGNUP_PER_DAY="5") as harbour:
        assert [ask(harbour, f"{n}@inbox.example") for n in range(5)] == [200, 200, 200, 429, 429]
        page = harbour.client.post("/join/weekly", data={"email": ADA})
        assert ("Please try again tomorrow" in page.text, page.headers["retry-after"]) == (True, "3600")
        assert send_json(harbour).status_code == 429
        with harbour.app.database.begin() as connection:
            connection.execute(update(signups).values(network="elsewhere"))
        assert [ask(harbour, f"more{n}@inbox.example") for n in range(3)] == [200, 200, 429]
        assert kept(harbour) == 5
        with harbour.app.database.begin() as connection:
            connection.execute(update(signups).values(at=datetime.now(UTC) - timedelta(days=1)))
        assert ask(harbour) == 200


def send_json(harbour: Quay, **more: str) -> httpx.Response:
    said = {"email": ADA, "lists": ["weekly"]} | more
    return harbour.client.post("/api/subscribe", json=said)


def test_who_fills_in_what_nobody_sees_or_is_too_quick_is_told_the_same_and_not_kept(harbour: Quay) -> None:
    form = harbour.client.get("/join/weekly").text
    opened = re.search(r'name="opened" value="([^"]+)"', form)
    assert opened
    answers = [
        harbour.client.post("/join/weekly", data={"email": ADA} | more).content
        for more in ({"website": "https://buy.example"}, {"opened": opened[1]})
    ]
    assert kept(harbour) == 0
    person = harbour.client.post("/join/weekly", data={"email": ADA})
    assert kept(harbour) == 1
    nonce = re.compile(rb'nonce="[^"]+"')
    assert {nonce.sub(b"", each) for each in answers} == {nonce.sub(b"", person.content)}


def test_work_is_proved_once_for_each_sign_up(tmp_path: Path) -> None:
    with by_settings(tmp_path, SIGNUP_PROOF="always") as harbour:
        refused = harbour.client.post("/join/weekly", data={"email": ADA})
        assert (refused.status_code, kept(harbour)) == (403, 0)
        assert f'value="{ADA}"' in refused.text  # what was typed is there still
        asked = SUM.search(refused.text)
        assert asked
        assert "script-src 'nonce-" in refused.headers["content-security-policy"]
        proof = done(unescape(asked[1]))
        assert ask(harbour, proof=proof) == 200
        assert ask(harbour, "ben@inbox.example", proof=proof) == 403
        assert kept(harbour) == 1
        told = send_json(harbour)
        assert told.status_code == 403
        assert send_json(harbour, proof=done(json.dumps(told.json()["sum"]))).status_code == 202


def test_a_page_that_asks_for_no_work_runs_no_script(harbour: Quay) -> None:
    page = harbour.client.get("/join/weekly")
    assert "<script" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]


def test_a_proof_that_is_none_is_none() -> None:
    now = datetime.now(UTC)
    good = done(challenge(KEY, now))
    assert proved(good, KEY)
    assert not proved(good, b"another key")
    assert not proved(done(challenge(KEY, now - timedelta(hours=1))), KEY)
    for wrong in ("", "x", good[:-8], "bnVsbA==", "W10=", "eyJhbGdvcml0aG0iOjF9", "é" * 20, "A" * 5000):
        assert proved(wrong, KEY) == ""


def test_that_sign_ups_leap_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with by_settings(tmp_path, SIGNUP_SURGE="3", SIGNUP_PROOF="never") as harbour:
        with caplog.at_level(logging.WARNING, "mailer"):
            assert [ask(harbour, f"{n}@inbox.example") for n in range(6)] == [200] * 6
        (warning,) = [each.message for each in caplog.records]
        assert "3 sign-ups in 0:10:00: they leap" in warning


def test_a_mailbox_that_lasts_for_minutes_is_refused_if_it_is_to_be(tmp_path: Path) -> None:
    (tmp_path / "subscribers").mkdir()
    (tmp_path / "subscribers" / "disposable-domains.txt").write_text("# 2026-11-01\ngone.example\n")
    with by_settings(tmp_path, SIGNUP_DISPOSABLE="refuse") as harbour:
        assert ask(harbour, "ada@gone.example") == 422
        assert ask(harbour, ADA) == 200
