"""The settings: each value and where it comes from, what can't be read, what doesn't fit together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mailer.bootstrap import MAILBOXES, App
from mailer.contradictions import (
    read_mailbox,
    refuse_dead_links,
    refuse_half_a_login,
    refuse_wrong_security,
    theme_wishes,
)
from mailer.doctor.masking import MASK, masked_url
from mailer.doctor.result import Result, error, note, ok, warning
from mailer.domain.address import is_reserved
from mailer.errors import SettingsError
from mailer.settings.env_file import EnvFile, read_env_file
from mailer.settings.fields import NAMES, SECRETS
from mailer.settings.reading import ENV_FILE, SettingsReading
from mailer.workspace.bundled import sample
from mailer.workspace.scaffold import unprotected

OTHERS = 0o077  # the permissions of those who aren't the owner
SHORT_KEY = 16  # characters; `mailer init` makes 43
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Value:
    """A setting as it may be shown; `text` is empty for one that isn't set."""

    name: str
    text: str
    origin: str


def values(reading: SettingsReading, root: Path) -> list[Value]:
    """Return every setting in the order of `.env.example`, secrets masked."""
    return [Value(name, _shown(name, reading), origin_of(name, reading, root)) for name in NAMES]


def _shown(name: str, reading: SettingsReading) -> str:
    if name in reading.problems:
        return "(can't be used)"
    value = getattr(reading.settings, name.lower())
    text = str(
        value.get_secret_value() if name in SECRETS else f"{value:g}" if isinstance(value, float) else value
    )
    if name == "DATABASE_URL" or ("://" in text and name not in SECRETS):
        return masked_url(text)
    # Some providers have one token for both user name and password.
    secret = name in SECRETS or (text and text == reading.settings.smtp_password.get_secret_value())
    return MASK if text and secret else text


def origin_of(name: str, reading: SettingsReading, root: Path) -> str:
    """Return where a setting comes from, in words; a file of the workspace by its name in it."""
    return reading.origins.get(name, DEFAULT).removeprefix(f"{root}/")


def examine_settings(app: App, reading: SettingsReading) -> list[Result]:
    """Look at `.env` and at the settings as a whole; `app` is made of what could be read of them."""
    problems = [
        error("settings.value", each.problem, each.next_step or "") for each in reading.problems.values()
    ]
    together = [
        error("settings.together", each.problem, each.next_step or "")
        for each in misfits(app)
        if not any(name in each.problem for name in reading.problems)
    ]
    results = [
        *problems,
        *together,
        *_file(app.root, reading.env),
        *_secrecy(app.root, reading),
        *_sender(app),
    ]
    if not problems and not together:
        results.insert(0, ok("settings.value", f"all {len(NAMES)} can be read, and they fit together"))
    return results


def misfits(app: App) -> list[SettingsError]:
    """Return what keeps the settings from sending; neither the database nor the network is touched."""
    s = app.settings
    parts: list[Callable[[], object]] = [
        *(partial(read_mailbox, s, name) for name in MAILBOXES if getattr(s, name.lower())),
        lambda: refuse_half_a_login(s, logged_in=app.has_login),
        partial(refuse_wrong_security, s),
        lambda: app.warmup,
        lambda: app.notice_wishes,
        lambda: app.signer,
        partial(theme_wishes, s, app.root),
        lambda: app.database_file,
    ]
    # These need the sender, and would only say once more what is wrong with it.
    later = [
        lambda: refuse_dead_links(s, to_the_world=not app.smtp_account.loopback),
        lambda: app.smtp_account,
    ]
    found = list(filter(None, map(_misfit, parts))) or list(filter(None, map(_misfit, later)))
    return list({error.problem: error for error in found}.values())


def _misfit(part: Callable[[], object]) -> SettingsError | None:
    try:
        part()
    except SettingsError as error:
        return error
    return None


def _file(root: Path, env: EnvFile) -> Iterator[Result]:
    if not env.path.is_file():
        yield note("settings.file", f"no {ENV_FILE} in {root}: only the environment and defaults count")


def _secrecy(root: Path, reading: SettingsReading) -> Iterator[Result]:
    yield from _privacy(root, reading.env)
    yield from _privacy_of_mail(root)
    key = reading.settings.secret_key.get_secret_value()
    if not key:
        # With a BASE_URL that is an error, which the settings' fitting together is about.
        if not reading.settings.base_url:
            yield note("settings.key", "no SECRET_KEY, and no link that would need one")
    elif len(key) < SHORT_KEY:
        yield warning(
            "settings.key",
            f"SECRET_KEY has {len(key)} characters; links signed with it could be forged",
            "Before anything is sent, take a long random one: python3 -c 'import secrets; "
            "print(secrets.token_urlsafe(32))'",
        )
    else:
        yield ok("settings.key", f"SECRET_KEY is there, with {len(key)} characters")


def _privacy(root: Path, env: EnvFile) -> Iterator[Result]:
    if not set(SECRETS) & set(env.values):
        return
    mode = env.path.stat().st_mode & 0o777
    if mode & OTHERS:
        yield warning(
            "settings.private", f"{env.path} holds secrets, and has mode {mode:04o}", f"chmod 600 {env.path}"
        )
    ignored = (root / ".gitignore").is_file() and not unprotected(root)
    if (root / ".git").exists() and not ignored:
        yield warning(
            "settings.private",
            f"{env.path} holds secrets, and git would take it in",
            "Add .env to .gitignore.",
        )


def _privacy_of_mail(root: Path) -> Iterator[Result]:
    """Say it where what came back lies in a repository: workspaces of before don't leave it out."""
    from mailer.services.return_reading import KEPT

    if not ((root / ".git").exists() and (root / KEPT).is_dir()):
        return
    patterns = KEPT, f"/{KEPT}", f"{KEPT}/", f"/{KEPT}/"
    if not (root / ".gitignore").is_file() or unprotected(root, *patterns):
        yield warning(
            "settings.private",
            f"{root / KEPT} holds what readers wrote, and git would take it in",
            f"Add /{KEPT}/ to .gitignore.",
        )


def _sender(app: App) -> Iterator[Result]:
    """What only matters once mail leaves this machine."""
    if misfits(app) or app.smtp_account.loopback:
        return
    domain = app.sender.address.domain
    if is_reserved(domain):
        yield error(
            "settings.sender",
            f"MAIL_FROM is at {domain}, which nobody can own, and {app.settings.smtp_host} mails the world",
            "Set MAIL_FROM to an address of yours.",
        )
    given = app.settings.postal_address
    if not given:
        yield error(
            "settings.postal",
            "POSTAL_ADDRESS is empty: no send begins, as the law asks for one in many countries",
            "Set POSTAL_ADDRESS to yours.",
        )
    elif given == read_env_file(sample("env.example")).values["POSTAL_ADDRESS"]:
        yield warning(
            "settings.postal",
            "POSTAL_ADDRESS is still the made-up one of a new workspace",
            "Set it to yours.",
        )


NAME = "templates.overrides"


def examine_templates(own: Path, bundled: Path) -> list[Result]:
    """Compare the templates in the folders `own` and `bundled`; a checkout's are the bundled ones."""
    if not own.is_dir() or own.samefile(bundled):
        return [ok(NAME, "the bundled ones, as they come")]
    changed, same, added = [], [], []
    for path in sorted(own.rglob("*")):
        name = path.relative_to(own)
        if not path.is_file() or name == Path("README.md"):
            continue
        twin = bundled / name
        if not twin.is_file():
            added.append(name)
        elif twin.read_bytes() == path.read_bytes():
            same.append(name)
        else:
            changed.append(name)
    results = [
        note(NAME, f"{what}: {', '.join(map(str, names))}")
        for what, names in {
            "differ from the bundled ones, which no longer count": changed,
            "are copies that change nothing, and hide what a newer version brings": same,
            "are the workspace's own": added,
        }.items()
        if names
    ]
    return results or [ok(NAME, "the bundled ones, as they come")]
