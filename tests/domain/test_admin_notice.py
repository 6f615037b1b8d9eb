"""Notices: of what, when they are tried again, and how a webhook of ours is signed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from mailer.domain.admin_notice import GROUPS, NoticeEvent, NoticeRetries, read_events, wanted
from mailer.domain.webhook_signature import read_secret, signed


def test_events_are_named_one_by_one_or_by_kind():
    assert read_events("send.failed,  returns") == "send.failed returns"
    assert wanted(NoticeEvent.SEND_FAILED, "send.failed returns")
    assert wanted(NoticeEvent.RETURNS_ALERT, "send.failed returns")
    assert not wanted(NoticeEvent.SEND_FINISHED, "send.failed returns")
    assert wanted(NoticeEvent.TEST, "")
    assert all(wanted(each, " ".join(GROUPS)) for each in NoticeEvent)
    with pytest.raises(ValueError, match="'sends' is nothing to be told of; write some of: account, "):
        read_events("sends")


def test_it_is_tried_again_ever_later_and_given_up_after_three_days():
    retries, age, pauses = NoticeRetries(), timedelta(), []
    while (pause := retries.pause(len(pauses) + 1, age, 0.5)) is not None:
        pauses.append(int(pause.total_seconds()))
        age += pause
    assert pauses[:7] == [30, 90, 270, 810, 2430, 7290, 21600]
    assert set(pauses[7:]) == {21600}
    assert timedelta(hours=66) < age <= timedelta(hours=72)
    assert retries.pause(1, timedelta(), 0) == timedelta(seconds=24)
    assert retries.pause(1, timedelta(), 1) == timedelta(seconds=36)


def test_a_webhook_is_signed_as_the_standard_has_it():
    secret, body = "whsec_" + base64.b64encode(bytes(range(32))).decode(), '{"title":"Größer"}'
    fields = signed(read_secret(secret), "notice_1", int(datetime.now(UTC).timestamp()), body.encode())
    assert Webhook(secret).verify(body, fields) == {"title": "Größer"}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body.replace("r", "R"), fields)


@pytest.mark.parametrize("text", ["", "tide-table", "whsec_", "whsec_c2hvcnQ=", "whsec_%%%", "c" * 44])
def test_a_secret_that_is_none_is_refused_and_not_repeated(text):
    with pytest.raises(ValueError, match="openssl rand -base64 32") as refused:
        read_secret(text)
    typed = text.removeprefix("whsec_")
    assert not typed or typed not in str(refused.value)


def test_a_secret_has_its_octets():
    assert read_secret("whsec_" + base64.b64encode(bytes(32)).decode()) == bytes(32)
