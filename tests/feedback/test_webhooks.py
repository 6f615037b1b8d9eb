"""What providers tell by webhook: each in its own words, each with its own proof, and none without."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webhook_samples import (
    ADA,
    CERTIFICATE,
    COVERED,
    NOW,
    SECRET,
    SIGNING,
    TOPIC,
    Posted,
    amazon,
    post,
    settings,
    sns_signed,
)
from webhook_words import TOLD, Told

from mailer.domain.returned import Kind, Returned
from mailer.feedback.webhooks.judging import digest_of, verdict_of
from mailer.feedback.webhooks.notice import HookRequest, Refused
from mailer.feedback.webhooks.providers import hook_providers
from mailer.feedback.webhooks.ses import confirmation, is_amazons

PROVIDERS = hook_providers(lambda address: amazon()[1] if address == CERTIFICATE else b"")
TOKEN = "0102deadbeef"
FIRST = {told.provider: told for told in reversed(TOLD.values())}


def proved(provider: str, posted: Posted, at: float = NOW.timestamp()) -> str:
    """Ask for the proof of a request that comes at a moment."""
    try:
        data = json.loads(posted.octets)
    except (ValueError, UnicodeDecodeError):
        raise Refused("no JSON", 400) from None
    known = PROVIDERS[provider]
    return known.prove(HookRequest(posted.fields, posted.octets, data, at), settings()[known.setting])


def refused(provider: str, posted: Posted, at: float = NOW.timestamp()) -> bool:
    try:
        proved(provider, posted, at)
    except Refused as error:
        return 400 <= error.status < 500
    return False


@pytest.mark.parametrize("told", TOLD.values(), ids=TOLD)
def test_what_is_told_is_understood(told: Told) -> None:
    posted = post(told.provider, told.data(TOKEN))
    proved(told.provider, posted)
    notices = list(PROVIDERS[told.provider].read(json.loads(posted.octets)))
    if told.kind is None:
        assert notices == []
        return
    (notice,) = notices
    verdict = verdict_of(notice, told.provider, Returned(1, 2), "token in the metadata")
    assert verdict.kind is told.kind, verdict
    (person,) = verdict.recipients
    assert person.address == ADA and person.kind is told.kind
    assert told.reason in person.reason and verdict.evidence[0] == "token in the metadata"
    assert TOKEN in notice.token or (told.provider == "mailersend" and notice.queued == TOKEN)
    assert notice.queued


def test_each_kind_that_counts_is_told_by_each_provider() -> None:
    for provider in PROVIDERS:
        kinds = {told.kind for told in TOLD.values() if told.provider == provider}
        assert {Kind.HARD, Kind.COMPLAINT, None} <= kinds, provider


@pytest.mark.parametrize("provider", COVERED)
def test_one_changed_octet_is_refused(provider: str) -> None:
    posted = post(provider, FIRST[provider].data(TOKEN))
    unsigned = 0
    for place in range(0, len(posted.octets), 3):
        changed = bytearray(posted.octets)
        changed[place] ^= 1
        if not refused(provider, Posted(posted.fields, bytes(changed))):
            # SNS signs neither the address to unsubscribe at, nor blanks between the names.
            assert provider == "ses"
            before, after = json.loads(posted.octets), json.loads(changed)
            names = {name for name in {*before, *after} if before.get(name) != after.get(name)}
            assert all(name == "UnsubscribeURL" or name not in before for name in names), names
            assert {*before} - {*after} <= {"UnsubscribeURL"}
            unsigned += 1
    assert unsigned < len(posted.octets) / 15


@pytest.mark.parametrize("provider", SIGNING)
def test_a_proof_that_is_changed_in_one_place_is_none(provider: str) -> None:
    posted = post(provider, FIRST[provider].data(TOKEN))
    for name, value in posted.fields.items():
        if name == "content-type":
            continue
        for place in range(0, len(value), 5):
            if provider == "resend" and name == "svix-signature" and place <= value.index(" "):
                continue  # of the older secret
            other = "A" if value[place] not in "Aa" else "Q"
            changed = {**posted.fields, name: value[:place] + other + value[place + 1 :]}
            assert refused(provider, Posted(changed, posted.octets)), (name, place)
        without = {each: said for each, said in posted.fields.items() if each != name}
        assert refused(provider, Posted(without, posted.octets)), name


def test_mailgun_signs_time_and_token() -> None:
    data = json.loads(post("mailgun", FIRST["mailgun"].data(TOKEN)).octets)
    for name, value in data["signature"].items():
        for place in range(len(value)):
            other = "1" if value[place] != "1" else "2"
            changed = data["signature"] | {name: value[:place] + other + value[place + 1 :]}
            assert refused("mailgun", Posted({}, json.dumps(data | {"signature": changed}).encode()))
    for broken in (None, [], {}, {"timestamp": 1}, {"token": ["x"]}, {"timestamp": "x", "token": "y"}):
        assert refused("mailgun", Posted({}, json.dumps(data | {"signature": broken}).encode()))


@pytest.mark.parametrize(
    "provider, hours", [("ses", 1), ("sendgrid", 26), ("mailgun", 12), ("resend", 1 / 12)]
)
def test_what_is_old_or_of_tomorrow_is_refused(provider: str, hours: float) -> None:
    posted = post(provider, FIRST[provider].data(TOKEN))
    for late in (0, hours * 3_500, -hours * 3_500):
        proved(provider, posted, NOW.timestamp() + late)
    for late in (hours * 3_700, -hours * 3_700, 86_400 * 400):
        assert refused(provider, posted, NOW.timestamp() + late), late


def test_a_copy_is_known_where_each_try_is_signed_anew() -> None:
    for provider in ("mailgun", "resend"):
        keys = [proved(provider, post(provider, FIRST[provider].data(TOKEN), nonce=nonce)) for nonce in "aab"]
        assert keys[0] == keys[1] != keys[2]


@pytest.mark.parametrize("version", ["1", "2"])
def test_amazon_signs_in_two_ways(version: str) -> None:
    proved("ses", post("ses", FIRST["ses"].data(TOKEN), version=version))


def forged(**changes: str) -> Posted:
    message = json.loads(post("ses", FIRST["ses"].data(TOKEN)).octets)
    message.pop("Signature")
    return sns_signed(message | changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"TopicArn": f"{TOPIC}2"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com.quay.example/x.pem"},
        {"SigningCertURL": "https://quay.example/sns.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": CERTIFICATE.replace("https", "http")},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com@quay.example/x.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com:8443/x.pem"},
        {"SigningCertURL": "https://s3.eu-west-1.amazonaws.com/x.pem"},
        {"SigningCertURL": "https://sns.eu-west-1.amazonaws.com/other.pem"},
        {"SignatureVersion": "3"},
        {"Type": "Something"},
        {"Timestamp": "yesterday"},
    ],
)
def test_signed_by_amazon_is_not_enough(changes: dict[str, str]) -> None:
    assert not refused("ses", forged())
    assert refused("ses", forged(**changes))


def test_only_addresses_of_amazons_are_asked() -> None:
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        return amazon()[1]

    known = hook_providers(fetch)["ses"]
    for address in (
        "http://127.0.0.1/x.pem",
        "https://quay.example/x.pem",
        "file:///etc/passwd",
        CERTIFICATE,
    ):
        octets = forged(SigningCertURL=address).octets
        try:
            known.prove(HookRequest({}, octets, json.loads(octets), NOW.timestamp()), TOPIC)
        except Refused:
            assert address != CERTIFICATE
    assert asked == [CERTIFICATE]


def test_only_what_is_proved_and_amazons_is_confirmed() -> None:
    posted = post("ses", "subscribe")
    proved("ses", posted)
    data = json.loads(posted.octets)
    assert confirmation(data).startswith("https://sns.eu-west-1.amazonaws.com/?Action=Confirm")
    assert confirmation(data | {"SubscribeURL": "https://quay.example/"}) == ""
    assert confirmation(data | {"Type": "Notification"}) == ""
    assert list(PROVIDERS["ses"].read(data)) == []
    assert is_amazons("https://sns.cn-north-1.amazonaws.com.cn/x") and not is_amazons("https://[x")


def test_a_secret_goes_along_as_password_or_as_token() -> None:
    for said in (f"Bearer {SECRET}", post("brevo", {}).fields["authorization"]):
        proved("brevo", Posted({"authorization": said}, b"{}"))
    for said in ("", "Bearer", f"Bearer {SECRET}x", SECRET, "Basic Og==", f"bearer {SECRET}½"):
        assert refused("brevo", Posted({"authorization": said}, b"{}"))


NAMES = [
    *("event", "event-data", "mail", "data", "type", "Type", "msys", "bounce", "Message", "email", "to"),
    *("recipient", "RecordType", "headers", "delivery-status", "message_event", "complaint", "tags"),
    *("eventType", "bouncedRecipients", "Complaint"),
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["bounce", "Bounce"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(list(TOLD.values())), st.integers(0, 99))
def test_whatever_json_it_is_nothing_raises(data: object, told: Told, place: int) -> None:
    for name, provider in PROVIDERS.items():
        for notice in provider.read(data):
            digest_of(notice, name)
            verdict_of(notice, name, None, "")
    # A good one with one value exchanged.
    whole = told.data(TOKEN)
    where = whole[-1] if isinstance(whole, list) else whole
    where[list(where)[place % len(where)]] = data
    list(PROVIDERS[told.provider].read(whole))
    list(PROVIDERS["ses"].read({"Type": "Notification", "Message": json.dumps(whole)}))


def test_what_is_told_again_is_known_again() -> None:
    for told in TOLD.values():
        again = [json.loads(post(told.provider, told.data(TOKEN)).octets) for _ in range(2)]
        first, second = (
            [digest_of(each, told.provider) for each in PROVIDERS[told.provider].read(data)] for data in again
        )
        assert first == second
    later = post("resend", FIRST["resend"].data(TOKEN), NOW + timedelta(minutes=1))
    assert proved("resend", later, NOW.timestamp() + 60)
