"""Settings: where each comes from, what is broken, and what is never shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailer.bootstrap import App
from mailer.doctor.configuration import Value, examine_settings, values
from mailer.doctor.masking import MASK, masked_url, secrets_of, without_secrets
from mailer.doctor.result import Grade, Result, error
from mailer.settings.fields import NAMES
from mailer.settings.reading import read_settings
from mailer.workspace.scaffold import make_workspace

CANARY = "canary-in-the-mine"


def looked_at(root: Path, env: str | bytes = "", mode: int = 0o600, **environ: str) -> list[Result]:
    if env:
        (root / ".env").write_bytes(env.encode() if isinstance(env, str) else env)
        (root / ".env").chmod(mode)
    reading = read_settings(root, environ)
    return examine_settings(App(root, settings=reading.settings), reading)


def shown(root: Path, env: str = "", **environ: str) -> dict[str, Value]:
    if env:
        (root / ".env").write_text(env)
    return {value.name: value for value in values(read_settings(root, environ), root)}


def test_every_value_says_where_it_comes_from(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("x1y2z3\n")
    found = shown(
        tmp_path,
        "# ours\nSMTP_PROVIDER=office365\nSMTP_PORT=2525\nSMTP_PASSWORD_FILE=password\nMAIL_FROM=a@b.test\n",
        MAIL_FROM="c@d.test",
    )
    assert list(found) == list(NAMES)
    assert found["SMTP_HOST"] == Value("SMTP_HOST", "smtp.office365.com", "the preset office365")
    assert found["SMTP_PORT"] == Value("SMTP_PORT", "2525", ".env:3")
    assert found["SMTP_PASSWORD"] == Value("SMTP_PASSWORD", MASK, "SMTP_PASSWORD_FILE")
    assert found["MAIL_FROM"] == Value("MAIL_FROM", "c@d.test", "the environment")
    assert found["UNCERTAIN"] == Value("UNCERTAIN", "hold", "default")


@pytest.mark.parametrize(
    "env",
    [
        f"SMTP_PASSWORD={CANARY}",
        f"SMTP_USERNAME={CANARY}\nSMTP_PASSWORD={CANARY}",
        f"SECRET_KEY={CANARY}",
        f"DATABASE_URL=postgresql://writer:{CANARY}@db.example/mailer?sslmode=require",
        f"DATABASE_URL=postgresql://writer@db.example/mailer?password={CANARY}",
        f"DATABASE_URL=postgresql://writer:{CANARY}/ss@db.example/mailer",
        f"DATABASE_URL=postgresql://writer:ss?{CANARY}@db.example/mailer",
        f"DATABASE_URL=postgresql://writer:ss#{CANARY}@db.example/mailer",
        f"DATABASE_URL=postgresql://writer@db.example/mailer?x=a@{CANARY}",
        f"DATABASE_URL=postgresql://writer@db.example/mailer#{CANARY}",
        f"DATABASE_URL={CANARY}",
        f"BASE_URL=https://editor:{CANARY}@news.gazette.example",
        f"BASE_URL=https://news.gazette.example/x#{CANARY}",
        f"BASE_URL=ftp://editor:{CANARY}@news.gazette.example",
        f"SMTP_PASWORD={CANARY}",
        f"SMTP_PASSWORD={CANARY}\nSMTP_HOST={CANARY}.gazette.example",
    ],
)
def test_no_secret_is_shown(tmp_path: Path, env: str) -> None:
    results = looked_at(tmp_path, env)
    reading = read_settings(tmp_path, {})
    safe = without_secrets(results, secrets_of(reading.settings))
    said = json.dumps([each.data() for each in safe]) + repr(values(reading, tmp_path)[:0])
    assert CANARY not in said
    secret_values = [value for value in shown(tmp_path).values() if value.name != "SMTP_HOST"]
    assert CANARY not in repr(secret_values)


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("sqlite:///subscribers/mailer.db", "sqlite:///subscribers/mailer.db"),
        ("postgresql://db.example/mailer", "postgresql://db.example/mailer"),
        ("postgresql://me@db.example/mailer", "postgresql://me@db.example/mailer"),
        (
            "postgresql+psycopg://me:pa:ss@db.example:5432/m",
            f"postgresql+psycopg://me:{MASK}@db.example:5432/m",
        ),
        (
            "postgresql://me:p@ss@db.example/m?x=1&password=2",
            f"postgresql://me:{MASK}@db.example/m?x={MASK}&password={MASK}",
        ),
        ("postgresql://me:p/ss@db.example/m", f"postgresql://{MASK}"),
        ("postgresql://me:p?s#s@db.example/m", f"postgresql://{MASK}"),
        ("https://news.example/x#secret", f"https://news.example/x#{MASK}"),
        ("mailer.db", MASK),
    ],
)
def test_a_url_without_its_password(url: str, safe: str) -> None:
    assert masked_url(url) == safe


def test_a_secret_in_a_servers_words_is_masked() -> None:
    [safe] = without_secrets([error("smtp.login", f"535 {CANARY} is wrong", f"try {CANARY}")], {CANARY})
    assert CANARY not in safe.text + safe.next_step


@pytest.mark.parametrize(
    ("env", "verdict", "words"),
    [
        ("SMTP_PORT=smtp\n", Grade.ERROR, "SMTP_PORT = 'smtp' in {env}:1"),
        ("SMTP_PASSWORD_FILE=nowhere\n", Grade.ERROR, "SMTP_PASSWORD_FILE names"),
        ("SMTP_HOSTT=mail.example\n", Grade.ERROR, "SMTP_HOSTT in {env}:1 is no setting"),
        ("# x\n\nwhat is this\n", Grade.ERROR, "{env}:3: no NAME=value"),
        ("TZ=UTC\nTZ=Europe/Lisbon\n", Grade.ERROR, "{env}:2: TZ stands there twice"),
        ("MAIL_FROM=harbour\n", Grade.ERROR, "MAIL_FROM = 'harbour'"),
        ("SMTP_USERNAME=editor\n", Grade.ERROR, "no SMTP_PASSWORD"),
        ("SMTP_PASSWORD=x1y2\n", Grade.ERROR, "no SMTP_USERNAME"),
        ("SMTP_PORT=465\nSMTP_SECURITY=starttls\n", Grade.ERROR, "waits for TLS from the first byte"),
        ("SMTP_PORT=465\n", Grade.ERROR, "waits for TLS from the first byte"),
        ("SMTP_PASSWORD=ab #cd\n", Grade.ERROR, "{env}:1: SMTP_PASSWORD: what stands behind"),
        ("MAIL_WARMUP=slowly\n", Grade.ERROR, "MAIL_WARMUP"),
        ("DKIM_DOMAIN=gazette.example\n", Grade.ERROR, "DKIM_SELECTOR"),
        ("DATABASE_URL=mysql://db.example/m\n", Grade.ERROR, "only SQLite and PostgreSQL"),
        ("DATABASE_URL=sqlite:///x/%00/y.db\n", Grade.ERROR, "null character"),
        ("BASE_URL=https://news.gazette.example\n", Grade.ERROR, "no SECRET_KEY to sign"),
        ("SMTP_HOST=mx.quay.example\nPOSTAL_ADDRESS=Quay 1\n", Grade.ERROR, "which nobody can own"),
        ("SMTP_HOST=mx.quay.example\n", Grade.ERROR, "POSTAL_ADDRESS is empty"),
        (
            "SMTP_HOST=mx.quay.example\nPOSTAL_ADDRESS=Harbour Gazette, 1 Quay Street, Port Example\n",
            Grade.WARNING,
            "made-up",
        ),
        ("SECRET_KEY=short\n", Grade.WARNING, "has 5 characters"),
        ("TZ=UTC\n", Grade.NOTE, "no SECRET_KEY"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, env: str, verdict: Grade, words: str) -> None:
    found = looked_at(tmp_path, env)
    expected = words.format(env=tmp_path / ".env")
    assert verdict in {each.verdict for each in found if expected in each.text}, found
    assert all(each.next_step for each in found if each.verdict in (Grade.ERROR, Grade.WARNING))


def test_all_that_is_wrong_is_named_at_once_and_the_rest_still_counts(tmp_path: Path) -> None:
    env = "SMTP_PORT=smtp\nTZ=Atlantis/Port\nSMTP_SECURITY=ssl\nMAIL_REPLY_TO=x\nLOG_LEVEL=DEBUG\n"
    wrong = [
        each.text.partition(" = ")[0] for each in looked_at(tmp_path, env) if each.verdict is Grade.ERROR
    ]
    assert sorted(wrong) == ["MAIL_REPLY_TO", "SMTP_PORT", "SMTP_SECURITY", "TZ"]
    reading = read_settings(tmp_path, {})
    assert reading.settings.log_level == "DEBUG"
    assert reading.settings.smtp_port == 1025


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    [broken, *_] = looked_at(tmp_path, b"TZ=UTC\nMAIL_FROM=k\xe4pten@gazette.example\n")
    assert broken.verdict is Grade.ERROR
    assert f"{tmp_path / '.env'}:2: not UTF-8" in broken.text


def test_a_fresh_workspace_is_well(tmp_path: Path) -> None:
    make_workspace(tmp_path)
    (tmp_path / ".git").mkdir()
    assert {each.verdict for each in looked_at(tmp_path)} == {Grade.OK}


def test_a_file_of_secrets_that_others_can_read(tmp_path: Path) -> None:
    found = looked_at(tmp_path, f"SECRET_KEY={CANARY}\n", mode=0o644)
    assert any("mode 0644" in each.text and "chmod 600" in each.next_step for each in found)
    assert not any("0644" in each.text for each in looked_at(tmp_path, "TZ=UTC\n", mode=0o644))


def test_mail_that_came_back_and_that_git_would_take(tmp_path: Path) -> None:
    def said() -> list[str]:
        return [each.next_step for each in looked_at(tmp_path) if "readers wrote" in each.text]

    (tmp_path / "returned").mkdir()
    assert said() == []
    (tmp_path / ".git").mkdir()
    assert said() == ["Add /returned/ to .gitignore."]
    for line, told in ((".env", 1), ("/returned/", 0)):
        (tmp_path / ".gitignore").write_text(f"*.log\n{line}\n")
        assert len(said()) == told


def test_a_file_of_secrets_that_git_would_take(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    env = f"SECRET_KEY={CANARY}\n"
    assert any("git would take it in" in each.text for each in looked_at(tmp_path, env))
    (tmp_path / ".gitignore").write_text("*.log\n.env\n")
    assert not any("git would take it in" in each.text for each in looked_at(tmp_path, env))
