"""What is one recipient's own beyond their fields: the link by which they leave, and the Message-ID."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from message_samples import EDITION, HEAD

from mailer.domain.audience import Recipient
from mailer.domain.return_path import ReturnTokens, Verp
from mailer.domain.returned import Returned
from mailer.domain.signed_links import LinkToken, Purpose, read_token
from mailer.engine.personaliser import Personaliser
from mailer.message.mime.message import compile_message
from mailer.settings.presets import PRESETS

KEY = b"k" * 32
MOMENT = datetime(2026, 11, 22, 8, tzinfo=UTC)
ADA = Recipient(54321, "ada@quay.example", "Ada")
BO = ADA._replace(fields={"berths": ["2"], "paid": True})
ids = st.integers(1, 2**40)


def personaliser(**options: Any) -> Personaliser:
    given = {"send_id": 1, "list_id": 3, "seed": "a seed", "key": KEY, "base_url": "https://gazette.example"}
    return Personaliser(
        sender_domain="gazette.example",
        return_path="editor@gazette.example",
        unsubscribe_address="leave@gazette.example",
        **given | options,
    )


def mac_of(send_id: int, subscriber_id: int, list_id: int) -> tuple[bytes, bytes]:
    """Return the numbers and their HMAC, by the description of the token."""
    numbers = b"".join(map(varint, (send_id, subscriber_id, list_id)))
    return numbers, hmac.digest(KEY, b"mailer/delivery-link/1:" + numbers, "sha256")


def varint(number: int) -> bytes:
    *more, last = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(each | 0x80 for each in more), last])


@given(ids, ids, ids)
def test_the_message_id_has_no_octet_of_the_token(send_id: int, subscriber_id: int, list_id: int) -> None:
    names = personaliser(send_id=send_id, list_id=list_id).names(ADA._replace(subscriber_id=subscriber_id), 0)
    token = names["unsubscribe_url"].removeprefix("https://gazette.example/u/")
    numbers, mac = mac_of(send_id, subscriber_id, list_id)
    assert read_token(KEY, token) == LinkToken(send_id, subscriber_id, list_id)
    signed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    assert signed in (numbers + mac[:16], numbers + mac[:17])
    local, _, domain = names["header"].message_id.partition("@")
    assert urlsafe_b64decode(local) == mac[17:29] + sha256(b"a seed").digest()[:6]
    assert domain == "gazette.example"


def test_each_link_is_signed_for_its_page_and_no_other() -> None:
    names = personaliser().names(ADA, 0)
    for name, purpose in (("browser_url", Purpose.VIEW), ("preferences_url", Purpose.PREFERENCES)):
        start, token = names[name].rsplit("/", 1)
        assert f"{start}/" == f"https://gazette.example{purpose.value}"
        assert read_token(KEY, token, purpose) == LinkToken(1, 54321, 3)
        assert read_token(KEY, token) is None


def test_what_a_text_does_not_name_is_not_signed() -> None:
    assert personaliser().names(ADA, 0, pages=False).keys() == {"subscriber", "unsubscribe_url", "header"}
    assert personaliser(base_url="").names(ADA, 0)["preferences_url"] is None


def test_the_message_id_hangs_on_the_key() -> None:
    # Who knows all the numbers, and the seed, can't tell the Message-ID: nor does it tell them.
    assert personaliser().message_id(ADA) != personaliser(key=b"another").message_id(ADA)


def test_message_ids_of_another_database_with_the_same_key_are_others() -> None:
    assert personaliser(seed="another").message_id(ADA) != personaliser().message_id(ADA)
    assert personaliser().message_id(ADA) == personaliser().names(ADA, 1e9)["header"].message_id


def test_no_two_recipients_share_a_message_id() -> None:
    sends = [personaliser(), personaliser(send_id=2), personaliser(version=1)]
    people = [ADA._replace(subscriber_id=number) for number in range(1, 1000)]
    assert len({send.message_id(each) for send in sends for each in people}) == 3 * len(people)


def test_a_send_that_an_older_program_began_keeps_its_message_ids() -> None:
    expected = urlsafe_b64encode(sha256(b"a seed/54321/ada@quay.example").digest()[:18]).decode()
    older = personaliser(version=1)
    assert older.message_id(ADA) == f"{expected}@gazette.example"
    assert older.names(ADA, 0)["header"].message_id == older.message_id(ADA)
    erratum = personaliser(send_id=2, corrects=older).names(ADA, 0)["header"]
    assert erratum.answers == older.message_id(ADA)
    assert erratum.message_id != erratum.answers


def test_a_message_id_is_within_its_bound_whatever_the_domain() -> None:
    domain = ".".join(["harbour"] * 20)
    for version in (1, 2):
        own = Personaliser(1, 1, "s", domain, "", "", key=KEY, version=version).message_id(ADA)
        assert len(own) <= 78
        assert own.endswith(".harbour")


def test_without_a_web_address_people_leave_by_mail() -> None:
    names = personaliser(base_url="").names(ADA, 0)
    assert names["unsubscribe_url"] == "mailto:leave@gazette.example?subject=unsubscribe"


def test_a_copy_comes_back_to_an_address_of_its_own() -> None:
    made = personaliser(verp=Verp.PLUS)
    token = made.return_token(54321, MOMENT.timestamp())
    assert made.return_to(token) == f"editor+{token}@gazette.example"
    assert ReturnTokens(KEY).find(made.return_to(token), MOMENT) == Returned(1, 54321)


def test_without_a_key_or_a_send_nothing_is_signed() -> None:
    for nobodys in (personaliser(verp=Verp.PLUS, key=b""), personaliser(verp=Verp.PLUS, send_id=0)):
        assert nobodys.return_to(nobodys.return_token(54321, 0)) == "editor@gazette.example"


def test_a_relay_is_told_the_token_in_its_own_field() -> None:
    template = compile_message(EDITION, HEAD)
    for name, preset in PRESETS.items():
        made = personaliser(metadata=preset.metadata)
        names = made.names(BO, 0)
        message = made.write(template, template.fillings(names), 0, "c0ffee")
        plain = made.write(template, template.fillings(names), 0)
        field = message.removesuffix(plain)
        assert message.endswith(plain) and field.count(b"\r\n") == bool(preset.metadata), name
        assert (b"c0ffee" in field) == bool(preset.metadata), name
