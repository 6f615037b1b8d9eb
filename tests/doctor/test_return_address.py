"""Whether a return path with a token is taken where bounces go."""

from __future__ import annotations

import asyncio

import pytest
from postfix import postfix_server

from mailer.doctor.result import Grade
from mailer.doctor.return_address import ServerAnswer, ask, judge_return_address

ADDRESS = "bounces+00000000000000000000000000@news.test"


@pytest.mark.parametrize(
    "asked, grade",
    [
        (ServerAnswer(250, "2.1.5 Ok"), Grade.OK),
        (ServerAnswer(450, "4.2.0 Greylisted"), Grade.WARNING),
        (ServerAnswer(550, "5.1.1 User unknown"), Grade.ERROR),
        (ServerAnswer(0, "timed out"), Grade.NOTE),
    ],
)
def test_what_the_answer_means(asked: ServerAnswer, grade: Grade) -> None:
    result = judge_return_address(ADDRESS, "mx.news.test", asked)
    assert result.verdict is grade and result.section == "mx"
    assert bool(result.next_step) == (grade in (Grade.WARNING, Grade.ERROR))


@pytest.mark.peers
def test_a_real_server_is_asked_and_gets_no_message() -> None:
    # By its settings it knows one mailbox, and what stands behind a plus sign, or not.
    known = {"virtual_mailbox_maps": "inline:{ bounces@news.test=box/ }"}
    for delimiter, code in (("+", 250), ("", 550)):
        with postfix_server({**known, "recipient_delimiter": delimiter}) as server:
            assert asyncio.run(asyncio.to_thread(ask, server.host, server.port, ADDRESS)).code == code
            assert server.messages() == []


def test_who_can_not_be_reached_is_no_fault() -> None:
    assert judge_return_address(ADDRESS, "mx", ServerAnswer(0, "refused")).verdict is Grade.NOTE
