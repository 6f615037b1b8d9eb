"""What DNS says of our public key: the right one, and every way to get it wrong."""

from __future__ import annotations

from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from mailer.doctor.dkim import judge_key
from mailer.doctor.result import Grade, Result
from mailer.message.dkim.key import Algorithm, SigningKey
from mailer.online.lookup import Absent, Answer, Found, Unanswered

RSA = SigningKey("news1", Algorithm.RSA, rsa.generate_private_key(65537, 2048))
SMALL = SigningKey("news0", Algorithm.RSA, rsa.generate_private_key(65537, 1024))
ED = SigningKey("news2", Algorithm.ED25519, ed25519.Ed25519PrivateKey.generate())
P = RSA.record.partition("p=")[2]


def judged(*records: str, key: SigningKey = RSA) -> Result:
    return judge_key(key, "gazette.test", Found(records))


@pytest.mark.parametrize(
    "record",
    [
        RSA.record,
        f"p={P}",
        f"k=rsa; p={P};",
        f"v=DKIM1;t=s;s=email;h=sha256;p={P[:100]} {P[100:]}",
        f"v=DKIM1; h=sha1:sha256; s=*; n=quay; p={P}",
    ],
)
def test_a_record_that_matches(record: str) -> None:
    result = judged(record)
    assert (result.verdict, result.name) == (Grade.OK, "dkim.key")
    assert "RSA, 2048 bits" in result.text


def test_a_key_without_its_wrapping_is_the_same_key() -> None:
    bare = b64encode(RSA.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)).decode()
    assert judged(f"v=DKIM1; p={bare}").verdict is Grade.OK


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ("v=DKIM1; p=", "revoked"),
        (f"v=DKIM1; k=rsa; p={P[:200]}", "cut off: 200 of 392"),
        (f"v=DKIM1; k=rsa; p={P[:203]}", "cut off"),
        (f"v=DKIM1; k=rsa; p={SMALL.record.partition('p=')[2]}", "another key"),
        (f"v=DKIM1; k=rsa; p={b64encode(b'no key').decode()}", "another key"),
        (f"v=DKIM1; k=ed25519; p={P}", "k=ed25519"),
        (f"v=DKIM1; h=sha1; p={P}", "sha256"),
        (f"v=DKIM1; s=tlsrpt; p={P}", "not for mail"),
        (f"v=DKIM2; p={P}", "no DKIM record"),
        ("v=DKIM1; k=rsa", "no DKIM record"),
        ("hello", "can't be read"),
        (f"p={P}; p={P}", "twice"),
    ],
)
def test_a_record_that_does_not(record: str, words: str) -> None:
    result = judged(record)
    assert result.verdict is Grade.ERROR
    assert words in result.text
    assert result.record == ("news1._domainkey.gazette.test", "TXT", RSA.record)


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Absent(), Grade.ERROR),
        (Unanswered("silence"), Grade.WARNING),
        (Found((RSA.record, RSA.record)), Grade.ERROR),
    ],
)
def test_no_record_or_too_many(answer: Answer, verdict: Grade) -> None:
    result = judge_key(RSA, "gazette.test", answer)
    assert result.verdict is verdict
    assert result.next_step


def test_a_small_key_and_a_test_are_warned_of() -> None:
    assert "1024 bits" in judged(SMALL.record, key=SMALL).text
    assert judged(SMALL.record, key=SMALL).verdict is Grade.WARNING
    assert "t=y" in judged(f"v=DKIM1; t=y:s; p={P}").text
    assert judged(f"v=DKIM1; t=y:s; p={P}").verdict is Grade.WARNING


def test_the_second_key() -> None:
    assert judged(ED.record, key=ED).verdict is Grade.OK
    assert judged(ED.record, key=ED).name == "dkim.ed25519"
    assert judged(RSA.record, key=ED).verdict is Grade.ERROR
