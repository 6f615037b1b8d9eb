"""Signed links: read back by the key that signed them, and by nothing else."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.domain.signed_links import (
    PAGE_OCTETS,
    LinkSigner,
    LinkToken,
    Purpose,
    _candidates,
    find_token,
    page_token,
    read_token,
    sign_token,
)

KEY = b"k" * 32
ids = st.integers(0, 2**40)
tokens = st.builds(LinkToken, ids, ids, ids)


@given(tokens)
def test_a_token_reads_back(token):
    text = sign_token(KEY, token)
    assert read_token(KEY, text) == token
    assert read_token(b"another key", text) is None
    assert text.isascii()
    assert text.replace("-", "").replace("_", "").isalnum()


@given(tokens)
def test_a_token_is_good_for_the_purpose_that_it_was_signed_for_alone(token):
    texts = {purpose: sign_token(KEY, token, purpose) for purpose in Purpose}
    assert len(set(texts.values())) == len(Purpose)
    for signed_for, text in texts.items():
        for purpose in Purpose:
            good = token if purpose is signed_for else None
            assert read_token(KEY, text, purpose) == find_token(KEY, f"{text}.", purpose) == good
        assert read_token(b"another key", text, signed_for) is None


@given(st.sampled_from((KEY, b"", b"k" * 64, b"longer than a block of SHA-256 " * 3)), tokens)
def test_what_signs_a_whole_send_signs_the_same(key, token):
    signer = LinkSigner(key, token.send_id, token.list_id)
    payload = signer.payload(token.subscriber_id)
    assert signer.sign(payload)[0] == sign_token(key, token)
    digest = signer.sign_pages(payload)
    for purpose, begin in PAGE_OCTETS.items():
        text = page_token(payload, digest, begin)
        assert text == sign_token(key, token, purpose)
        assert text[-1] not in "-_."


@given(tokens, st.data())
def test_no_character_may_change(token, data):
    purpose = data.draw(st.sampled_from(Purpose))
    text = sign_token(KEY, token, purpose)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != text[place]))
    assert read_token(KEY, text[:place] + other + text[place + 1 :], purpose) is None


@given(st.text(max_size=200))
def test_any_other_text_is_no_token(text):
    assert read_token(KEY, text) is None


def test_a_token_of_an_old_mail_still_reads():
    # Base64 of the varints 1, 54321 and 3, and of 16 octets of HMAC-SHA256: as the first mails had it.
    payload = bytes([1, 0xB1, 0xA8, 3, 3])
    mac = hmac.digest(KEY, b"mailer/delivery-link/1:" + payload, "sha256")[:16]
    text = urlsafe_b64encode(payload + mac).rstrip(b"=").decode()
    assert sign_token(KEY, LinkToken(1, 54321, 3)) == text
    assert read_token(KEY, text) == LinkToken(1, 54321, 3)


def old_text(key, token):
    """The token as it was written before it could be one octet longer."""
    payload = b"".join(map(varint, token))
    mac = hmac.digest(key, b"mailer/delivery-link/1:" + payload, "sha256")[:16]
    return urlsafe_b64encode(payload + mac).rstrip(b"=").decode()


def varint(number):
    *more, last = [number >> shift & 0x7F for shift in range(0, max(number.bit_length(), 1), 7)]
    return bytes([*(each | 0x80 for each in more), last])


@given(tokens)
def test_a_token_ends_in_nothing_that_programs_leave_out_of_a_link(token):
    assert sign_token(KEY, token)[-1] not in "-_."


def test_one_that_would_end_in_a_dash_is_read_in_either_form_and_without_the_dash():
    ending = [
        token
        for token in (LinkToken(1, person, 3) for person in range(20_000, 21_000))
        if old_text(KEY, token)[-1] in "-_"
    ]
    assert len(ending) > 10
    for token in ending:
        old, new = old_text(KEY, token), sign_token(KEY, token)
        assert new != old
        assert read_token(KEY, old) == read_token(KEY, new) == token
        assert read_token(KEY, old[:-1]) is None
        assert find_token(KEY, old[:-1]) == find_token(KEY, new + ".") == token


@given(tokens, st.text(max_size=50))
def test_it_is_found_before_any_remains(token, remains):
    for text in (sign_token(KEY, token), old_text(KEY, token)):
        assert find_token(KEY, text + remains) == token
        assert find_token(b"another key", text + remains) is None


@pytest.mark.parametrize(
    "mangled",
    [
        "&lt;{0}{1}&gt;",
        "%26lt%3B{0}{1}",
        "3D{0}{1}",
        "/{0}{1}",
        "https://gazette.example/u/{0}{1}",
        "{0}%0D%0A%3E%20{1}",  # in an answer that quotes the mail
        "{0}=0D=0A{1}",
        "{0}+{1}",
        "{0}\u202a{1}",
        "{0}%26shy%3B{1}.",
    ],
)
def test_it_is_found_in_what_programs_make_of_it(mangled):
    for person in range(20_000, 20_050):
        text = sign_token(KEY, LinkToken(1, person, 3))
        assert find_token(KEY, mangled.format(text[:9], text[9:])) == LinkToken(1, person, 3)


def test_it_is_found_where_its_dashes_were_escaped():
    for person in range(20_000, 20_200):
        text = sign_token(KEY, LinkToken(1, person, 3))
        for dash, escaped in [("-", "\\-"), ("_", "\\_"), ("-", "=2D"), ("_", "=5F"), ("-", "\u2011")]:
            assert find_token(KEY, text.replace(dash, escaped)) == LinkToken(1, person, 3)


def test_a_long_text_is_not_tried_at_every_place():
    assert len(list(_candidates("A" * 100_000))) < 1000


@given(st.text(max_size=2000))
def test_nothing_is_found_in_any_other_text(text):
    assert find_token(KEY, text) is None
