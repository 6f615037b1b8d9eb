"""Keys as OpenSSL writes them are read; what can't sign is refused without being shown."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from dkim_readers import DOMAIN, each_reader, ed25519_key, records, rsa_key
from message_samples import EDITION, HEAD, names_of

from mailer.message.dkim.key import Algorithm, SigningKey, UnfitKey
from mailer.message.dkim.signer import Signer
from mailer.message.mime.message import compile_message

RSA, ED25519 = Algorithm.RSA, Algorithm.ED25519
MOMENT = 1_795_334_400
TEMPLATE = compile_message(EDITION, HEAD)
NAMES = names_of(name="Ada", berths=[], paid=True)
PARTS = TEMPLATE.parts(TEMPLATE.fillings(NAMES))


def openssl(*arguments: object, stdin: bytes = b"") -> bytes:
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=stdin, check=True, capture_output=True).stdout


def signed(*keys: SigningKey) -> bytes:
    return Signer(DOMAIN, keys).signatures(*PARTS, MOMENT) + TEMPLATE.fill(NAMES)


PKCS8 = openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")
PKCS1 = openssl("rsa", "-traditional", stdin=PKCS8)
EDWARDS = openssl("genpkey", "-algorithm", "ed25519")


@pytest.mark.peers
@each_reader
@pytest.mark.parametrize(
    ("algorithm", "pem"),
    [(RSA, PKCS8), (RSA, PKCS1), (ED25519, EDWARDS), (RSA, b"A comment\n\n" + PKCS8 + b"\n\n")],
    ids=["PKCS#8", "PKCS#1", "Ed25519", "with a comment"],
)
def test_a_key_of_openssl_signs(read, algorithm, pem):
    key = SigningKey.read("news1", algorithm, pem)
    assert read([signed(key)], records(key)) == [{"news1": True}]


def recipes() -> list[str]:
    """The shell commands in the how-to that print a DNS record."""
    text = (Path(__file__).parents[2] / "docs/how-to/dkim.md").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line.startswith("echo ")]


@pytest.mark.peers
@pytest.mark.parametrize(
    ("recipe", "algorithm", "pem", "file"),
    [(recipes()[0], RSA, PKCS8, "dkim-news1.pem"), (recipes()[1], ED25519, EDWARDS, "dkim-news2.pem")],
    ids=["RSA", "Ed25519"],
)
def test_the_record_is_the_one_that_the_documented_command_prints(tmp_path, recipe, algorithm, pem, file):
    (tmp_path / file).write_bytes(pem)
    printed = subprocess.run(
        ["sh", "-c", recipe], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout
    assert printed.strip() == SigningKey.read("news1", algorithm, pem).record


REFUSED = {
    "empty": (RSA, b"", "no private key"),
    "damaged": (RSA, PKCS8.replace(b"M", b"N"), "no private key"),
    "cut short": (RSA, PKCS8[:800], "no private key"),
    "binary": (RSA, bytes(range(256)), "no private key"),
    "public": (RSA, openssl("pkey", "-pubout", stdin=PKCS8), "the public key"),
    "public, PKCS#1": (RSA, openssl("rsa", "-RSAPublicKey_out", stdin=PKCS8), "the public key"),
    "certificate": (
        RSA,
        openssl("req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=gazette.example", stdin=PKCS8),
        "a certificate",
    ),
    "locked": (RSA, openssl("pkcs8", "-topk8", "-passout", "pass:tide", stdin=PKCS8), "passphrase"),
    "locked, PKCS#1": (
        RSA,
        openssl("rsa", "-traditional", "-aes256", "-passout", "pass:tide", stdin=PKCS8),
        "passphrase",
    ),
    "Ed25519 for RSA": (RSA, EDWARDS, "another type than rsa"),
    "RSA for Ed25519": (ED25519, PKCS8, "another type than ed25519"),
    "elliptic": (
        RSA,
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "another type than rsa",
    ),
    "RSA of 768 bits": (
        RSA,
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:768"),
        "768 bits",
    ),
}


@pytest.mark.parametrize(("algorithm", "pem", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_sign_is_refused_and_not_shown(algorithm, pem, words):
    with pytest.raises(UnfitKey) as caught:
        SigningKey.read("news1", algorithm, pem)
    said = f"{caught.value} {caught.value.__cause__}"
    assert words in said
    assert not any(line in said for line in pem.decode("latin-1").splitlines() if len(line) > 30)


@pytest.mark.parametrize(("bits", "warned"), [(1024, True), (2048, False), (3072, False), (4160, True)])
def test_a_size_that_not_all_receivers_take_is_warned_of(bits, warned):
    key = rsa_key(bits)
    assert (f"{bits} bits" in key.advice) is warned


def test_a_key_never_shows_itself():
    assert "RSAPrivateKey" not in repr(rsa_key())
    assert (
        repr(ed25519_key()) == "SigningKey(selector='news2', algorithm=<Algorithm.ED25519: 'ed25519-sha256'>)"
    )
