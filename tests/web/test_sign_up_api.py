"""Signing up by JSON: taken or refused, whoever has the address, and who may ask from a browser."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from quay import Quay, quay

SITE = "https://www.harbour.example"
ADA = {"email": "ada@inbox.example", "lists": ["weekly"]}
FORM = """
[[field]]
name = "town"
type = "choice"
choices = ["Ness", "Port"]
required = true
[[field]]
name = "since"
type = "date"
[[field]]
name = "terms"
type = "consent"
label = { en = "You may write.", de = "Sie dürfen schreiben." }
version = "7"
required = true
"""


@pytest.fixture
def harbour(tmp_path: Path) -> Iterator[Quay]:
    with quay(tmp_path, "sqlite:///mailer.db", SIGNUP_ORIGINS=SITE) as opened:
        yield opened


def send(harbour: Quay, said: Any, **headers: str) -> httpx.Response:
    body = said if isinstance(said, str) else json.dumps(said)
    given = {"content-type": "application/json"} | {
        name.replace("_", "-"): each for name, each in headers.items()
    }
    return harbour.client.post("/api/subscribe", content=body, headers=given)


def test_it_is_taken_in_as_by_a_form(harbour: Quay) -> None:
    (harbour.app.root / "forms").mkdir()
    (harbour.app.root / "forms" / "weekly.toml").write_text(FORM)
    fields = {"town": "Ness", "since": "2024-02-29", "terms": True}
    answer = send(harbour, ADA | {"fields": fields, "language": "de", "ref": "app"})
    assert (answer.status_code, answer.json()) == (202, {"status": "taken"})
    assert len(harbour.rung) == 1
    harbour.deliver()
    assert harbour.mails("ada@inbox.example")[0]["Subject"] == "Bitte bestätigen: Harbour Gazette"
    person = harbour.person("ada@inbox.example")
    assert person is not None
    assert person.language == "de"
    assert dict(person.fields) == {"town": "Ness", "since": "2024-02-29", "terms": True}
    with harbour.app.database.connect() as connection:
        from mailer.people.consents import told

        (asked,) = told(connection, [person.id])
    source = asked.source
    assert (source.kind, source.name, source.wording, source.version) == (
        "api",
        "join/weekly",
        "Sie dürfen schreiben.",
        "7",
    )
    assert (asked.evidence.ip, asked.evidence.note) == ("192.0.2.0", "app")


def test_what_is_wrong_is_said_of_each_field_and_nothing_is_kept(harbour: Quay) -> None:
    (harbour.app.root / "forms").mkdir()
    (harbour.app.root / "forms" / "join.toml").write_text(FORM)
    before = harbour.tables()
    fields = {"town": "Oslo", "since": "yesterday"}
    answer = send(harbour, {"email": "ada", "lists": ["weekly"], "fields": fields})
    assert answer.status_code == 422
    assert answer.json()["fields"] == {
        "email": "This is no e-mail address. It should look like name@example.org.",
        "town": "Please choose one of these.",
        "since": "Please write a date, such as 2026-11-23.",
        "terms": "We need your consent to this.",
    }
    assert harbour.tables() == before


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ("[" * 9000, 400),
        ({"email": 7}, 400),
        ({"email": "ada@inbox.example", "lists": [7]}, 400),
        ({"e-mail": "ada@inbox.example"}, 400),
        (ADA | {"fields": {"town": 7}}, 400),
        (ADA | {"lists": ["crew"]}, 422),
        (ADA | {"lists": []}, 422),
        (ADA | {"email": "a\r\nBcc: b@inbox.example"}, 422),
        (ADA | {"email": ""}, 422),
    ],
)
def test_what_is_no_sign_up_is_refused(harbour: Quay, said: Any, status: int) -> None:
    answer = send(harbour, said)
    assert (answer.status_code, "error" in answer.json()) == (status, True)
    assert harbour.rung == []


def test_only_sites_that_are_named_may_ask_from_a_browser(harbour: Quay) -> None:
    allowed = send(harbour, ADA, origin=SITE)
    assert allowed.headers["access-control-allow-origin"] == SITE
    asked = harbour.client.request("OPTIONS", "/api/subscribe", headers={"origin": SITE})
    assert (asked.status_code, asked.headers["access-control-allow-origin"]) == (204, SITE)
    assert asked.headers["access-control-allow-headers"] == "content-type"
    other = send(harbour, ADA, origin="https://elsewhere.example")
    assert "access-control-allow-origin" not in other.headers
    # A browser sends this without asking first: it must not count as JSON.
    assert send(harbour, ADA, content_type="text/plain").status_code == 415


def test_any_site_may_if_it_is_set_so(tmp_path: Path) -> None:
    with quay(tmp_path, "sqlite:///mailer.db", SIGNUP_ORIGINS="*") as harbour:
        assert send(harbour, ADA, origin=SITE).headers["access-control-allow-origin"] == "*"
