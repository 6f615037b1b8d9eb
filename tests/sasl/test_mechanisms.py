"""Each mechanism against its own other side, without a socket."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from scramp import ScramMechanism

from mailer.sasl.choice import MECHANISMS, choices, secrets_in
from mailer.sasl.credentials import Credentials
from mailer.sasl.mechanisms import CramMd5, OAuthBearer, Plain, SaslFault, Unexpected, XOAuth2
from mailer.sasl.scram import MOST_ROUNDS, Scram, ScramPlus, end_point

PASSWORD = "tides-and-times ½"
EDITOR = Credentials("editor", PASSWORD)
BEARER = Credentials("editor@gazette.example", token="ya29.tide", host="smtp.harbour.test", port=587)


def b64(text: str | bytes) -> str:
    return base64.b64encode(text.encode() if isinstance(text, str) else text).decode()


@pytest.fixture(scope="module")
def certificate() -> bytes:
    pem = trustme.CA().issue_cert("harbour.test").cert_chain_pems[0].bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_plain_says_all_at_once() -> None:
    assert Plain(EDITOR).begin() == b"\0editor\0" + PASSWORD.encode()


def test_cram_md5_as_in_its_standard() -> None:
    # The example of RFC 2195 2.
    challenge = "<1896.697170952@postoffice.reston.mci.net>"
    said = CramMd5(Credentials("tim", "tanstaaftanstaaf")).answer(b64(challenge))
    assert said == b"tim b913a602c7eda7a495b4e6e7334d3890"


def test_oauthbearer_as_in_its_standard() -> None:
    # RFC 7628 3.1 and 4.1: GS2 header, host, port, token, each ended by Ctrl-A.
    said = OAuthBearer(BEARER).begin()
    assert said == (
        b"n,a=editor@gazette.example,\x01host=smtp.harbour.test\x01port=587\x01auth=Bearer ya29.tide\x01\x01"
    )
    odd = Credentials("a,b=c", token="t", host="h", port=1)
    assert OAuthBearer(odd).begin().startswith(b"n,a=a=2Cb=3Dc,\x01")


def test_xoauth2_as_its_providers_describe_it() -> None:
    assert XOAuth2(BEARER).begin() == b"user=editor@gazette.example\x01auth=Bearer ya29.tide\x01\x01"


@pytest.mark.parametrize("kind, answer", [(OAuthBearer, b"\x01"), (XOAuth2, b"")])
def test_why_a_token_is_refused_is_taken_in(kind: type[OAuthBearer | XOAuth2], answer: bytes) -> None:
    login = kind(BEARER)
    login.begin()
    told = '{"status":"401","schemes":"bearer\\u001b[31m","scope":"https://mail.gazette.example/"}'
    assert login.answer(b64(told)) == answer
    assert login.said == "status 401, schemes bearer[31m, scope https://mail.gazette.example/"
    for nonsense in ("not json", "[1, 2]", "[" * 100_000, ""):
        login = kind(BEARER)
        assert login.answer(b64(nonsense)) == answer and login.said == ""


def scram_server(kind: type[Scram], certificate: bytes = b"", password: str = PASSWORD) -> list[object]:
    mechanism = ScramMechanism(kind.name)
    info = mechanism.make_auth_info(password)
    binding = ("tls-server-end-point", end_point(certificate)) if kind.bound else None
    return [mechanism.make_server(lambda name: info if name == "editor" else None, channel_binding=binding)]


@pytest.mark.parametrize("kind", [Scram, ScramPlus])
def test_scram_proves_both_sides(kind: type[Scram], certificate: bytes) -> None:
    (server,) = scram_server(kind, certificate)
    login = kind(Credentials("editor", PASSWORD, peer=certificate))
    server.set_client_first(login.begin().decode())  # type: ignore[attr-defined]
    server.set_client_final(login.answer(b64(server.get_server_first())).decode())  # type: ignore[attr-defined]
    assert login.answer(b64(server.get_server_final())) == b""  # type: ignore[attr-defined]
    login.end()


def test_scram_plus_is_bound_to_the_certificate(certificate: bytes) -> None:
    (server,) = scram_server(ScramPlus, certificate)
    between = x509.load_pem_x509_certificate(
        trustme.CA().issue_cert("harbour.test").cert_chain_pems[0].bytes()
    )
    login = ScramPlus(Credentials("editor", PASSWORD, peer=between.public_bytes(Encoding.DER)))
    server.set_client_first(login.begin().decode())  # type: ignore[attr-defined]
    proof = login.answer(b64(server.get_server_first())).decode()  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="channel-bindings-dont-match"):
        server.set_client_final(proof)  # type: ignore[attr-defined]


def test_a_server_that_proves_nothing_is_no_server() -> None:
    (server,) = scram_server(Scram)
    login = Scram(EDITOR)
    server.set_client_first(login.begin().decode())  # type: ignore[attr-defined]
    login.answer(b64(server.get_server_first()))  # type: ignore[attr-defined]
    with pytest.raises(SaslFault, match="didn't prove"):
        login.end()
    with pytest.raises(SaslFault):
        login.answer(b64("v=" + b64(b"0" * 32)))


def test_scram_says_no_to_a_wrong_password_of_ours() -> None:
    (server,) = scram_server(Scram, password="ebb")
    login = Scram(EDITOR)
    server.set_client_first(login.begin().decode())  # type: ignore[attr-defined]
    proof = login.answer(b64(server.get_server_first())).decode()  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="don't match"):
        server.set_client_final(proof)  # type: ignore[attr-defined]
    with pytest.raises(SaslFault, match="invalid-proof"):
        login.answer(b64(server.get_server_final()))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "first", [f"r=%s,s={b64(b'0' * 16)},i={MOST_ROUNDS + 1}", "i=" + "9" * 5_000, "r=x,s=x,i=1", "", "\xff"]
)
def test_scram_computes_no_more_than_is_asked_in_reason(first: str) -> None:
    login = Scram(EDITOR)
    nonce = login.begin().decode().rpartition("r=")[2]
    with pytest.raises(SaslFault):
        login.answer(b64(first.replace("%s", f"{nonce}x")))


@given(st.binary(max_size=300))
def test_whatever_a_server_says_is_an_answer_or_a_fault(said: bytes) -> None:
    for name, (make, _) in MECHANISMS.items():
        login = make(Credentials("editor", PASSWORD, "token", peer=b""))
        if name == "SCRAM-SHA-256-PLUS":
            continue  # there is no connection that it could be bound to
        login.begin()
        for challenge in (said.decode("latin-1"), b64(said), b64(said)):
            try:
                login.answer(challenge)
            except SaslFault:
                break


CHOSEN = {
    "the strongest that proves both sides": ("PLAIN LOGIN SCRAM-SHA-256 CRAM-MD5", "", "SCRAM-SHA-256"),
    "one round trip rather than three": ("LOGIN PLAIN CRAM-MD5", "", "PLAIN"),
    "nothing better": ("CRAM-MD5 GSSAPI", "", "CRAM-MD5"),
    "what has to be": ("PLAIN LOGIN SCRAM-SHA-256", "LOGIN", "LOGIN"),
    "what has to be, and isn't there": ("PLAIN LOGIN", "CRAM-MD5", None),
    "no token for a password": ("XOAUTH2 OAUTHBEARER", "", None),
    "unbound, without a connection": ("SCRAM-SHA-256-PLUS SCRAM-SHA-256", "", "SCRAM-SHA-256"),
}


@pytest.mark.parametrize("offered, only, chosen", CHOSEN.values(), ids=CHOSEN)
def test_the_best_of_what_is_offered_is_taken(offered: str, only: str, chosen: str | None) -> None:
    first = next(choices(EDITOR, offered.split(), only), (None, None))
    assert first[0] == chosen


def test_a_token_is_never_shown_as_a_password_nor_a_password_beside_a_token() -> None:
    both = Credentials("editor", PASSWORD, "token", host="h", port=1)
    assert [name for name, _ in choices(both, MECHANISMS)] == ["OAUTHBEARER", "XOAUTH2"]
    shown = Credentials("editor", certificate=True)
    assert [name for name, _ in choices(shown, MECHANISMS)] == ["EXTERNAL"]


def test_a_login_is_bound_by_the_hash_that_the_certificate_is_signed_with(certificate: bytes) -> None:
    assert end_point(certificate) == hashlib.sha256(certificate).digest()
    assert end_point(signed(ec.generate_private_key(ec.SECP256R1()), hashes.SHA384())) not in (None, b"")
    assert len(end_point(signed(ec.generate_private_key(ec.SECP256R1()), hashes.SHA384())) or b"") == 48
    assert end_point(signed(ed25519.Ed25519PrivateKey.generate(), None)) is None
    assert end_point(b"") is None and end_point(b"no certificate") is None


def signed(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, by: hashes.HashAlgorithm | None
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "harbour.test")])
    now = datetime(2026, 11, 29, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, by).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def test_everything_that_an_echo_could_show_is_known() -> None:
    token = Credentials("editor", token="ya29.tide", host="h", port=1)
    known = set(secrets_in(token))
    assert {
        "ya29.tide",
        b64("ya29.tide"),
        b64(XOAuth2(token).begin()),
        b64(OAuthBearer(token).begin()),
    } == known
    assert {PASSWORD, b64(PASSWORD), b64(Plain(EDITOR).begin())} == set(secrets_in(EDITOR))
    # CRAM-MD5 shows neither.
    digest = hmac.new(PASSWORD.encode(), b"x", "md5").hexdigest()
    assert CramMd5(EDITOR).answer(b64("x")) == f"editor {digest}".encode()


def test_more_questions_than_a_mechanism_has_are_unexpected() -> None:
    with pytest.raises(Unexpected):
        Plain(EDITOR).answer("")
