"""Whether domains take mail, asked of a name server of our own."""

from __future__ import annotations

import asyncio

import pytest
from name_server import address, mx, name_server, silent_server, zone

from mailer.errors import UsageError
from mailer.online.mail_domains import Domain, TakesMail, ask

pytestmark = pytest.mark.peers

ZONE = zone(
    mx("gmail.com", "mx.gmail.test"),
    mx("quay.example", "mx.quay.example"),
    mx("mute.example", ".", 0),
    address("web.example"),
    ["txt-record=words.example,nothing"],
)


def test_each_domain_says_whether_it_takes_mail() -> None:
    told: list[int] = []
    names = ["quay.example", "mute.example", "web.example", "words.example", "gone.example"]
    with name_server(ZONE) as server:
        found = asyncio.run(ask(names, server, told.append))
    assert {each.name: each.takes_mail for each in found} == {
        "quay.example": TakesMail.YES,
        "mute.example": TakesMail.NULL_MX,
        "web.example": TakesMail.PERHAPS,
        "words.example": TakesMail.NO,
        "gone.example": TakesMail.NO,
    }
    assert told == [1] * len(names)


def test_where_nobody_answers_nothing_is_said_of_a_domain() -> None:
    with silent_server() as server:
        found = asyncio.run(ask(["quay.example"], server, lambda done: None))
    assert found == [Domain("quay.example", None, "no name server answered for gmail.com within 5 s")]


def test_a_name_server_that_knows_nobody_says_nothing_of_a_domain() -> None:
    with name_server(mx("quay.example", "mx.quay.example")) as server:
        found = asyncio.run(ask(["quay.example", "gone.example"], server, lambda done: None))
    words = "the name server knows no mail server of gmail.com either"
    assert found == [Domain("quay.example", None, words), Domain("gone.example", None, words)]


def test_what_is_no_name_server_is_refused() -> None:
    with pytest.raises(UsageError, match="no address of a name server"):
        asyncio.run(ask(["quay.example"], "names.example", lambda done: None))
