"""Settings: where they come from, what is refused, and what is never shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mailer.errors import SettingsError
from mailer.settings.fields import NAMES
from mailer.settings.presets import PRESETS
from mailer.settings.reading import load_settings
from mailer.workspace.bundled import sample


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


NAMED_WRONG = {
    "SMTP_HOSTT": "SMTP_HOST",
    "smtp_host": "SMTP_HOST",
    "SMTP_USER": "SMTP_USERNAME",
    "SMTP_PASS": "SMTP_PASSWORD",
    "SMTP_FROM": "MAIL_FROM",
    "EMAIL_HOST": "SMTP_HOST",
    "EMAIL_HOST_PASSWORD": "SMTP_PASSWORD",
    "MAIL_SERVER": "SMTP_HOST",
    "MAIL_ENCRYPTION": "SMTP_SECURITY",
    "FROM_EMAIL": "MAIL_FROM",
    "REPLY_TO": "MAIL_REPLY_TO",
    "BASE_ULR": "BASE_URL",
}


@pytest.mark.parametrize(("name", "setting"), NAMED_WRONG.items())
def test_a_name_that_is_no_setting_is_an_error_that_names_the_right_one(tmp_path, name, setting):
    (tmp_path / ".env").write_text(f"EDITOR=vi\n{name}=canary-7\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {})
    assert f"{name} in {tmp_path / '.env'}:2 is no setting: here it is {setting}" in caught.value.problem
    assert setting in caught.value.next_step
    assert "canary-7" not in caught.value.problem + caught.value.next_step


def test_what_begins_like_a_setting_is_none_of_another_program(tmp_path):
    (tmp_path / ".env").write_text("MAIL_MAILER=smtp\n")
    with pytest.raises(SettingsError, match=r"MAIL_MAILER in .* is no setting"):
        load_settings(tmp_path, {})


def test_names_of_other_programs_are_theirs(tmp_path):
    (tmp_path / ".env").write_text(
        "EDITOR=vi # of course\nCOMPOSE_FILE=a.yml\nGREETING='a\\'b'\nPATHS=${HOME}\n"
    )
    assert load_settings(tmp_path, {"MAIL": "/var/mail/ada", "EMAIL": "ada@quay.example"}).tz == "UTC"


def test_a_wrong_name_in_the_environment_counts_only_where_the_right_one_is_missing(tmp_path):
    with pytest.raises(
        SettingsError, match="SMTP_SERVER in the environment is no setting: here it is SMTP_HOST"
    ):
        load_settings(tmp_path, {"SMTP_SERVER": "mail.gazette.example"})
    given = {"SMTP_SERVER": "mail.gazette.example", "SMTP_HOST": "127.0.0.1"}
    assert load_settings(tmp_path, given).smtp_host == "127.0.0.1"


def test_a_broken_line_under_a_wrong_name_is_first_of_all_under_a_wrong_name(tmp_path):
    (tmp_path / ".env").write_text('SMTP_FROM="Quay" <ed@gazette.example>\n')
    with pytest.raises(SettingsError, match=r"SMTP_FROM in .*:1 is no setting: here it is MAIL_FROM"):
        load_settings(tmp_path, {})


def test_what_another_program_has_in_the_environment_is_its_own_where_env_says_nothing_on_purpose(tmp_path):
    given = {"MAIL_MAILER": "smtp", "MAIL_USERNAME": "web"}
    with pytest.raises(SettingsError, match="MAIL_USERNAME in the environment is no setting") as caught:
        load_settings(tmp_path, given)
    assert "put an empty SMTP_USERNAME= into .env" in caught.value.next_step
    (tmp_path / ".env").write_text("SMTP_USERNAME=\n")
    assert load_settings(tmp_path, given).smtp_username == ""
    with pytest.raises(SettingsError, match="SMTP_USER in the environment is no setting"):
        load_settings(tmp_path, given | {"SMTP_USER": "web"})


@pytest.mark.parametrize("name", ["gmail_relay", "Gmail Relay", "GMAIL-RELAY"])
def test_a_preset_fills_its_settings_however_its_name_is_joined(tmp_path, name):
    settings = load_settings(tmp_path, {"SMTP_PROVIDER": name})
    assert (settings.smtp_provider, settings.smtp_host) == ("gmail-relay", "smtp-relay.gmail.com")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("SMTP_PORT", "tcp://10.0.0.1:25", "must be a number from 1 to 65535"),
        ("MAIL_RATE", "fast", "must be a number, 0 or more"),
        ("SMTP_PROVIDER", "Hotmail", "do you mean office365?"),
        ("SMTP_PROVIDER", "custom", "for any other leave it empty and set SMTP_HOST"),
        ("LOG_LEVEL", "verbose", "write DEBUG, INFO, WARNING or ERROR, or leave it empty"),
    ],
)
def test_a_bad_value_is_answered_in_words_of_its_own(tmp_path, name, value, words):
    with pytest.raises(SettingsError, match=re.escape(words)):
        load_settings(tmp_path, {name: value})


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_no_preset_sends_in_the_clear(name):
    assert PRESETS[name].security != "none"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SMTP_PORT", "99999"),
        ("SMTP_PORT", "smtp"),
        ("SMTP_SECURITY", "ssl"),
        ("SMTP_SECURITY", "true"),
        ("SMTP_PROVIDER", "amazon-ses"),
        ("SMTP_HOST", "127.0.0.1:2525"),
        ("SMTP_HOST", "smtp://mail.gazette.example"),
        ("SMTP_HOST", "editor@gazette.example"),
        ("SMTP_HOST", "mail.gazette.example/smtp"),
        ("SMTP_HOST", "mail gazette example"),
        ("SMTP_PROVIDER", "pigeon"),
        ("TZ", "Atlantis/Port"),
        ("LANGUAGE", "klingonese"),
        ("LANGUAGE", "qx"),
        ("BASE_URL", "news.gazette.example"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://[::1"),
        ("BASE_URL", "https://news.gazette.example/a b"),
        ("BASE_URL", "https://news..example"),
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


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("SMTP_SECURITY", "SSL", "write tls (encrypted from the first byte, as on port 465), starttls"),
        ("SMTP_PROVIDER", "amazon-ses", "do you mean ses?"),
        ("SMTP_PROVIDER", "Google", "do you mean gmail?"),
        ("SMTP_HOST", "127.0.0.1:2525", "write SMTP_HOST=127.0.0.1 and SMTP_PORT=2525"),
        ("SMTP_HOST", "[::1]:25", "write SMTP_HOST=::1 and SMTP_PORT=25"),
        ("BASE_URL", "https://news.gazette.example/?page=1", "has a ? or #"),
        ("BASE_URL", "https://news.gazette.example/#top", "has a ? or #"),
        ("BASE_URL", "https://news.gazette.example?", "has a ? or #"),
        ("BASE_URL", "https://ada@news.gazette.example", "holds a user name"),
        ("BASE_URL", "news.gazette.example", "must start with https://"),
    ],
)
def test_a_bad_value_is_told_what_to_write(tmp_path, name, value, hint):
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path, {name: value})
    assert hint in caught.value.problem


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("SMTP_SECURITY", "STARTTLS", "starttls"),
        ("SMTP_SECURITY", "TLS", "tls"),
        ("SMTP_SECURITY", "None", "none"),
        ("SMTP_PROVIDER", "Gmail", "gmail"),
        ("SMTP_PROVIDER", "Gmail Relay", "gmail-relay"),
        ("SMTP_HOST", "[::1]", "::1"),
        ("SMTP_HOST", "Mail.Gazette.example.", "Mail.Gazette.example."),
        ("SMTP_HOST", "hafen-post.bäckerei.example", "hafen-post.bäckerei.example"),
        ("UNCERTAIN", "Hold", "hold"),
        ("LOG_LEVEL", "debug", "DEBUG"),
        ("MAIL_IMAGES", "Linked", "linked"),
        ("BASE_URL", " https://news.gazette.example/post/ ", "https://news.gazette.example/post"),
    ],
)
def test_what_can_only_mean_one_thing_is_understood(tmp_path, name, value, expected):
    assert getattr(load_settings(tmp_path, {name: value}), name.lower()) == expected


def test_a_preset_fills_its_values_whatever_the_case_it_is_named_in(tmp_path):
    assert load_settings(tmp_path, {"SMTP_PROVIDER": "Fastmail"}).smtp_port == 465


@pytest.mark.parametrize("content", ["", "\n", " canary-7\n", "canary-7 \n", "canary-7\nand more\n"])
def test_a_secret_file_holds_the_secret_alone(tmp_path, content):
    (tmp_path / "password").write_text(content)
    with pytest.raises(SettingsError, match="which has") as caught:
        load_settings(tmp_path, {"SMTP_PASSWORD_FILE": "password"})
    assert "canary-7" not in caught.value.problem


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
