"""Settings: where they come from, what is refused, and what is never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailer.bundled import sample
from mailer.errors import SettingsError
from mailer.settings import NAMES, PRESETS, load_settings, mistyped_names


def test_the_environment_beats_the_file(tmp_path):
    (tmp_path / ".env").write_text("SMTP_HOST=file.example\nSMTP_PORT=2525\n")
    settings = load_settings(tmp_path, {"SMTP_HOST": "environment.example"})
    assert (settings.smtp_host, settings.smtp_port) == ("environment.example", 2525)


def test_without_anything_mail_goes_to_the_sandbox(tmp_path):
    settings = load_settings(tmp_path, {})
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security) == ("127.0.0.1", 1025, "none")


def test_an_example_lists_every_setting_with_its_default(tmp_path):
    text = sample("env.example").read_text()
    listed = set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", text, re.MULTILINE))
    assert listed == set(NAMES)
    (tmp_path / ".env").write_text(text)
    given, defaults = load_settings(tmp_path, {}), load_settings(tmp_path / "nowhere", {})
    different = {name for name in type(given).model_fields if getattr(given, name) != getattr(defaults, name)}
    assert different == {"postal_address"}  # a sample one, so that a fresh workspace can send


def test_a_preset_fills_what_is_not_set(tmp_path):
    settings = load_settings(tmp_path, {"SMTP_PROVIDER": "fastmail", "SMTP_PORT": "587"})
    assert (settings.smtp_host, settings.smtp_port, settings.smtp_security) == (
        "smtp.fastmail.com",
        587,
        "tls",
    )


def test_a_preset_works_in_a_fresh_workspace(tmp_path):
    text = sample("env.example").read_text().replace("SMTP_PROVIDER=", "SMTP_PROVIDER=office365")
    (tmp_path / ".env").write_text(text)
    settings = load_settings(tmp_path, {})
    assert (settings.smtp_host, settings.smtp_security) == ("smtp.office365.com", "starttls")
    assert (settings.smtp_connections, settings.mail_rate) == (3, 0.5)


def test_a_mistyped_name_is_noticed(tmp_path):
    (tmp_path / ".env").write_text("SMTP_HOSTT=mail.example\nEDITOR=vi\n")
    assert mistyped_names(tmp_path) == {"SMTP_HOSTT": "SMTP_HOST"}


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_no_preset_sends_in_the_clear(name):
    assert PRESETS[name].security != "none"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "99999"),
        ("SMTP_PORT", "smtp"),
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_PROVIDER", "pigeon"),
        ("TZ", "Atlantis/Port"),
        ("LANGUAGE", "klingonese"),
        ("LANGUAGE", "qx"),
        ("BASE_URL", "news.gazette.example"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://[::1"),
        ("BASE_URL", "https://news.gazette.example:https"),
        ("MAIL_RATE", "-1"),
        ("UNCERTAIN", "perhaps"),
    ],
)
def test_a_bad_value_is_named_with_its_origin(tmp_path, name, value):
    (tmp_path / ".env").write_text(f"{name}={value}\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert name in caught.value.problem
    assert value in caught.value.problem
    assert str(tmp_path / ".env") in caught.value.problem


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path):
    (tmp_path / "password").write_text("canary-7\n")
    settings = load_settings(tmp_path, {"SMTP_PASSWORD_FILE": str(tmp_path / "password")})
    assert settings.smtp_password.get_secret_value() == "canary-7"
    assert "canary-7" not in repr(settings)


def test_a_secret_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingsError, match=r"SMTP_PASSWORD_FILE names .*nowhere"):
        load_settings(tmp_path, {"SMTP_PASSWORD_FILE": "nowhere"})


def test_every_setting_is_documented():
    document = Path(__file__).parents[2] / "docs" / "settings.md"
    text = document.read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []
