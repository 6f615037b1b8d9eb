"""The DKIM settings: all or nothing, and what is wrong with a key file is said before anything is sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from dkim_readers import ed25519_key, rsa_key

from mailer.bootstrap import App
from mailer.errors import ExitCode, SettingsError
from mailer.message.dkim.key import SigningKey
from mailer.message.dkim.signer import FIELDS, Signer

FIRST = {"DKIM_DOMAIN": "gazette.example", "DKIM_SELECTOR": "news1", "DKIM_KEY_FILE": "news1.pem"}
SECOND = {"DKIM_ED25519_SELECTOR": "news2", "DKIM_ED25519_KEY_FILE": "news2.pem"}


def write_key(path: Path, key: SigningKey, mode: int = 0o600) -> None:
    path.write_bytes(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    path.chmod(mode)


@pytest.fixture
def root(tmp_path):
    write_key(tmp_path / "news1.pem", rsa_key())
    write_key(tmp_path / "news2.pem", ed25519_key())
    return tmp_path


def signer(root: Path, **settings: str) -> Signer | None:
    return App(root, {"DATABASE_URL": f"sqlite:///{root}/mailer.db", **settings}).compiler.signer


def refusal(root: Path, **settings: str) -> str:
    with pytest.raises(SettingsError) as caught:
        signer(root, **settings)
    assert caught.value.exit_code == ExitCode.USAGE
    assert caught.value.next_step
    return caught.value.problem


def algorithms(found: Any) -> list[tuple[str, str]]:
    return [(key.selector, str(key.algorithm)) for key in found.keys]


def test_without_settings_nothing_signs(root):
    assert signer(root) is None


def test_one_key_or_two_sign(root):
    assert algorithms(signer(root, **FIRST)) == [("news1", "rsa-sha256")]
    both = signer(root, **FIRST, **SECOND)
    assert algorithms(both) == [("news1", "rsa-sha256"), ("news2", "ed25519-sha256")]
    assert both is not None
    assert both.warnings == ()


@pytest.mark.parametrize("missing", [*FIRST, *SECOND])
def test_a_setting_that_is_missing_is_named(root, missing):
    given = {name: value for name, value in (FIRST | SECOND).items() if name != missing}
    assert f"not {missing}" in refusal(root, **given)


@pytest.mark.parametrize("alone", [*FIRST, *SECOND])
def test_one_setting_alone_is_refused(root, alone):
    assert alone in refusal(root, **{alone: (FIRST | SECOND)[alone]})


@pytest.mark.parametrize("name", ["DKIM_KEY_FILE", "DKIM_ED25519_KEY_FILE"])
@pytest.mark.parametrize(
    ("file", "words"),
    [("nowhere.pem", "No such file"), (".", "Is a directory"), ("wrong.pem", "no private key")],
)
def test_a_file_that_cannot_be_used_is_named(root, name, file, words):
    (root / "wrong.pem").write_text("canary-7\n")
    said = refusal(root, **(FIRST | SECOND | {name: file}))
    assert name in said
    assert str(root / file) in said
    assert words in said
    assert "canary" not in said


def test_keys_that_changed_places_are_refused(root):
    swapped = {"DKIM_KEY_FILE": "news2.pem", "DKIM_ED25519_KEY_FILE": "news1.pem"}
    assert "another type than rsa" in refusal(root, **(FIRST | SECOND | swapped))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_of_another_is_named(root):
    (root / "news1.pem").chmod(0)
    assert "Permission denied" in refusal(root, **FIRST)


@pytest.mark.parametrize("mode", [0o604, 0o644, 0o602])
def test_a_key_file_open_to_all_is_warned_of(root, mode):
    write_key(root / "news1.pem", rsa_key(), mode)
    found = signer(root, **FIRST)
    assert found is not None
    assert [f"chmod 600 {root}/news1.pem" in warning for warning in found.warnings] == [True]


def test_a_small_key_is_warned_of(root):
    write_key(root / "news1.pem", rsa_key(1024), 0o640)
    found = signer(root, **FIRST)
    assert found is not None
    assert found.warnings == ("DKIM_KEY_FILE is an RSA key of 1024 bits; 2048 is what every receiver takes",)


@pytest.mark.parametrize("selector", ["news 1", "news_1", "-news", "news1;t=y", "news..1", "nèws", "x" * 64])
def test_a_malformed_selector_is_refused(root, selector):
    assert "DKIM_SELECTOR" in refusal(root, **(FIRST | {"DKIM_SELECTOR": selector}))


@pytest.mark.parametrize(
    "domain", ["gazette", "https://gazette.example", "gazette.example; t=y", "a@b.example"]
)
def test_a_malformed_domain_is_refused(root, domain):
    assert "DKIM_DOMAIN" in refusal(root, **(FIRST | {"DKIM_DOMAIN": domain}))


def test_another_domain_than_the_senders_is_refused_and_both_are_named(root):
    said = refusal(root, **(FIRST | {"DKIM_DOMAIN": "quay.example"}))
    assert "quay.example" in said
    assert "gazette.example" in said


def test_a_domain_may_be_written_in_its_own_script(root):
    names = {"MAIL_FROM": "editor@hafen-straße.example", "DKIM_DOMAIN": "Hafen-Straße.example"}
    found = signer(root, **(FIRST | names))
    assert found is not None
    assert found.domain == "xn--hafen-strae-46a.example"


def test_what_ses_overwrites_is_not_signed(root):
    covered = {}
    for provider in ("ses", "fastmail"):
        found = signer(root, **FIRST, SMTP_PROVIDER=provider)
        assert found is not None
        header = [f"{name}: x\r\n".encode() for name in FIELDS]
        covered[provider] = found.signatures(header, [b"x\r\n"], 1)
    assert b":Date:" in covered["fastmail"]
    assert b"Message-ID" in covered["fastmail"]
    assert b":Date:" not in covered["ses"]
    assert b"Message-ID" not in covered["ses"]
    assert b":Subject:" in covered["ses"]
