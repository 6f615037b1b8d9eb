"""A signature holds for two readers that others wrote, until anything that matters is changed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from dkim_readers import DOMAIN, Reader, by_dkimpy, each_reader, ed25519_key, records, rsa_key
from message_samples import EDITION, HEAD, HEADER, NAME, names_of

from mailer.errors import SettingsError
from mailer.message.dkim.signer import FIELDS, OVERSIGNED, SIGNED, Signer, is_aligned
from mailer.message.filling.residual import Edition, Hole, Place, Static
from mailer.message.mime.message import compile_message
from mailer.message.mime.template import MessageTemplate

pytestmark = pytest.mark.peers

MOMENT = 1_795_334_400
TEMPLATE = compile_message(EDITION, HEAD)
ADA = names_of(name="Ada  Quint", paid=True, berths=["3", "7  b"])
BOTH = {"news1": True, "news2": True}
NEITHER = {"news1": False, "news2": False}


def signer(**changes: Any) -> Signer:
    return Signer(DOMAIN, [rsa_key(), ed25519_key()], **changes)


def signed(
    template: MessageTemplate = TEMPLATE, names: Mapping[str, Any] = ADA, by: Signer | None = None
) -> bytes:
    header, body = template.parts(template.fillings(names))
    return (by or signer()).signatures(header, body, MOMENT) + template.fill(names)


def verdicts(read: Reader, *messages: bytes) -> list[dict[str, bool]]:
    return read(messages, records(rsa_key(), ed25519_key()))


def fields(message: bytes) -> list[bytes]:
    """The header's fields, each with its line ends."""
    header = message.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"[^\r\n]+\r\n(?:[ \t][^\r\n]*\r\n)*", header)


def rebuilt(header: Sequence[bytes], message: bytes) -> bytes:
    return b"".join(header) + message[message.index(b"\r\n\r\n") + 2 :]


def is_named(field: bytes, name: str) -> bool:
    return field.lower().startswith(f"{name}:".lower().encode())


def text_only(text: str) -> MessageTemplate:
    return compile_message(Edition("harbour", (Static("Ice"),), (Static("<p>Ice"),), (Static(text),)), HEAD)


# ------------------------------------------------------------------------------------------- it holds


SAMPLES = {
    "personal subject": (TEMPLATE, ADA),
    "nobody's name": (TEMPLATE, names_of(berths=[], paid=False)),
    "one subject": (compile_message(replace(EDITION, subject=(Static("Ice – again"),)), HEAD), ADA),
    "no reply-to, no web": (compile_message(EDITION, replace(HEAD, one_click=False, reply_to=None)), ADA),
    "base64": (text_only("氷室の時計がふたたび動き出し、町じゅうが針を見上げた。\n" * 40), ADA),
    "raw UTF-8 address": (
        TEMPLATE,
        names_of(HEADER._replace(to_name="", to_address="zoë.ångström@quay.example"), berths=[], paid=True),
    ),
    "nothing at all": (compile_message(Edition("harbour", (), (), ()), HEAD), ADA),
}


@each_reader
@pytest.mark.parametrize(("template", "names"), SAMPLES.values(), ids=SAMPLES)
def test_both_signatures_hold(read, template, names):
    assert verdicts(read, signed(template, names)) == [BOTH]


@each_reader
def test_one_signer_signs_one_message_after_another(read):
    one = signer()
    messages = [
        signed(template, {**names, "subscriber": {**names["subscriber"], "name": f"Reader {number}"}}, one)
        for number, (template, names) in product(range(3), SAMPLES.values())
    ]
    assert len(set(messages)) == len(messages) - 2 * 2  # two of the samples don't ask for a name
    assert verdicts(read, *messages) == [BOTH] * len(messages)


@each_reader
def test_what_relays_may_change_changes_nothing(read):
    message = signed()
    unfolded = re.sub(rb"(?<!;)\r\n (?=[^\r\n]*\r\n)", b"\r\n\t ", message.partition(b"\r\n\r\n")[0])
    body = message[message.index(b"\r\n\r\n") :]
    harmless = [
        b"Received: from harbour.test by quay.example; Sun, 22 Nov 2026 08:00:01 +0000\r\n" + message,
        b"Return-Path: <editor@gazette.example>\r\nX-Spam: no\r\n" + message,
        message + b"\r\n\r\n",
        message[:-2] + b"  \t\r\n",
        message.replace(b"\r\nSubject: ", b"\r\nSUBJECT:  "),
        message.replace(b"\r\nDear", b" \r\nDear"),
        unfolded + body,
        rebuilt([*fields(message)[2:], *fields(message)[:2]], message),
    ]
    assert all(changed != message for changed in harmless)
    assert verdicts(read, *harmless) == [BOTH] * len(harmless)


# ----------------------------------------------------------------------------------------- it breaks


def mutants() -> dict[str, bytes]:
    """The message with each covered field changed, taken out, put in where it was not, and doubled."""
    message = signed()
    before = fields(message)
    made = {}
    for name in FIELDS:
        other = f"{name}: editor@elsewhere.example\r\n".encode()
        for number, field in enumerate(before):
            if is_named(field, name):
                rest = before[:number], before[number + 1 :]
                made[f"{name} changed"] = rebuilt([*rest[0], field[:-2] + b"x\r\n", *rest[1]], message)
                made[f"{name} taken out"] = rebuilt([*rest[0], *rest[1]], message)
        made[f"{name} put below"] = rebuilt([*before, other], message)
        if name in OVERSIGNED:
            made |= {
                f"{name} twice": rebuilt([*before, field], message)
                for field in before
                if is_named(field, name)
            }
            made[f"{name} put above"] = rebuilt([other, *before], message)
    return made


MUTANTS = mutants()


def test_every_covered_field_has_its_mutants():
    absent = {"Cc", "Content-Transfer-Encoding"}
    assert {name for name in FIELDS if f"{name} changed" not in MUTANTS} == absent
    assert {name for name in OVERSIGNED if f"{name} twice" not in MUTANTS} == absent


@each_reader
def test_no_changed_field_is_taken_for_ours(read):
    found = dict(zip(MUTANTS, verdicts(read, *MUTANTS.values()), strict=True))
    assert {name for name, verdict in found.items() if any(verdict.values())} == set()
    assert sum(verdict == NEITHER for verdict in found.values()) >= len(found) - 1  # no From: not even tried


@each_reader
def test_no_changed_body_is_taken_for_ours(read):
    message = signed()
    changed = [
        message.replace(b"rom here on", b"rom here off"),
        message.replace(b"\r\nDear", b"\r\n Dear"),
        message.replace(b"--\r\n", b"--\r\nP.S.\r\n"),
        message + b"P.S.\r\n",
        message[: message.rindex(b"\r\n--")] + b"\r\n",
        message.replace(b"multipart/alternative", b"multipart/mixed"),
    ]
    assert all(each != message for each in changed)
    assert verdicts(read, *changed) == [NEITHER] * len(changed)


@each_reader
@pytest.mark.parametrize("tag", [b"t", b"h", b"bh", b"d", b"s"])
def test_a_signature_covers_itself(read, tag):
    message = signed(by=Signer(DOMAIN, [rsa_key()]))
    changed = re.sub(
        rb"\b" + tag + rb"=(\w)", lambda found: tag + b"=" + bytes([found[1][0] ^ 1]), message, count=1
    )
    assert changed != message
    dns = {name: rsa_key().record for name in ("news1._domainkey.gazette.example", *_wrong_names())}
    assert not any(read([changed], dns)[0].values())


def _wrong_names() -> list[str]:
    return ["oews1._domainkey.gazette.example", "news1._domainkey.fazette.example"]


@each_reader
def test_a_relay_may_add_a_feedback_id_and_a_precedence(read):
    added = [f"{name}: list\r\n".encode() + signed() for name in SIGNED]
    assert verdicts(read, *added) == [BOTH] * len(added)


# ------------------------------------------------------------------------------------------ its form


def test_the_tags_say_what_is_signed():
    header = fields(signed())
    for field, algorithm, selector in [
        (header[0], "rsa-sha256", "news1"),
        (header[1], "ed25519-sha256", "news2"),
    ]:
        assert all(len(line) <= 78 for line in field.split(b"\r\n"))
        name, _, value = field.decode("ascii").partition(":")
        assert name == "DKIM-Signature"
        tags = dict(tag.strip().split("=", 1) for tag in re.sub(r"\s+", " ", value).split(";"))
        assert list(tags) == ["v", "a", "c", "d", "s", "t", "bh", "h", "b"]  # no l=, no x=
        assert (tags["a"], tags["c"]) == (algorithm, "relaxed/relaxed")
        assert (tags["d"], tags["s"], tags["t"]) == (DOMAIN, selector, str(MOMENT))
        covered = tags["h"].replace(" ", "").split(":")
        present = {name for name in FIELDS if any(is_named(field, name) for field in header)}
        assert {name: covered.count(name) for name in covered} == {
            name: (name in present) + (name in OVERSIGNED) for name in FIELDS
        }


@each_reader
def test_fields_that_a_relay_overwrites_may_be_left_out(read):
    kept = [name for name in FIELDS if name not in ("Date", "Message-ID")]
    message = signed(by=signer(fields=kept))
    overwritten = re.sub(rb"\r\nMessage-ID: [^\r]*", b"\r\nMessage-ID: <1@relay.example>", message)
    overwritten = re.sub(rb"\r\nDate: [^\r]*", b"\r\nDate: Mon, 23 Nov 2026 08:00:00 +0000", overwritten)
    assert overwritten.count(b"23 Nov 2026") == overwritten.count(b"<1@relay.example>") == 1
    assert verdicts(read, message, overwritten) == [BOTH, BOTH]


def test_long_names_stay_within_the_line_limit():
    label = "a" * 60
    domain = ".".join([label, label, label, "example"])
    header, body = TEMPLATE.parts(TEMPLATE.fillings(ADA))
    key = replace(rsa_key(), selector=f"{label}.{label}")
    fields = Signer(domain, [key]).signatures(header, body, MOMENT)
    assert max(map(len, fields.split(b"\r\n"))) <= 998
    assert by_dkimpy([fields + TEMPLATE.fill(ADA)], records(key, domain=domain)) == [{key.selector: True}]


# ------------------------------------------------------------------------------- it is the sender's own


@pytest.mark.parametrize(
    ("signing", "author", "aligned"),
    [
        ("gazette.example", "gazette.example", True),
        ("gazette.example", "news.gazette.example", True),
        ("news.gazette.example", "gazette.example", True),
        ("gazette.example", "agazette.example", False),
        ("gazette.example", "gazette.test", False),
        ("a.gazette.example", "b.gazette.example", False),
        ("example", "gazette.example", False),
    ],
)
def test_a_domain_signs_for_itself_and_for_those_in_one_line_with_it(signing, author, aligned):
    assert is_aligned(signing, author) is aligned
    if not aligned:
        with pytest.raises(SettingsError) as caught:
            Signer(signing, []).require_alignment(author)
        assert signing in caught.value.problem
        assert author in caught.value.problem
        assert caught.value.next_step


# ----------------------------------------------------------------------------------------- its pieces


def test_parts_are_what_fill_joins():
    for template, names in SAMPLES.values():
        header, body = template.parts(template.fillings(names))
        assert b"".join([*header, b"\r\n", *body]) == template.fill(names)
        assert all(piece.endswith(b"\r\n") for piece in [*header, *body] if piece)
        assert b"\r\n\r\n" not in b"".join(header)


def test_a_personal_subject_alone_is_signed_anew_for_each():
    edition = Edition("harbour", (Hole(NAME, Place.HEADER),), (Static("<p>Ice"),), (Static("Ice"),))
    one, template = signer(), compile_message(edition, HEAD)
    messages = [signed(template, names_of(name=name), one) for name in ("Ada", "Bob", "Ada")]
    assert messages[0] == messages[2]  # both algorithms are deterministic
    assert verdicts(by_dkimpy, *messages) == [BOTH] * 3
