"""The tables in the reference are the program's own."""

from __future__ import annotations

import re
from pathlib import Path

from mailer.check.examine import RULES
from mailer.check.spam import PHRASES
from mailer.compose.issue.fields import FIELDS, IfUnfit
from mailer.compose.tags.offered import OFFERED
from mailer.domain.delivery import NEXT, State
from mailer.feedback.webhooks.providers import hook_providers
from mailer.message.expression.operations import FILTERS
from mailer.settings.fields import NAMES, SECRETS, Settings
from mailer.settings.presets import PRESETS

DOCS = Path(__file__).parents[2] / "docs"
CODE = re.compile(r"`([^`]+)`")
# Nothing serves these pages yet, so nobody is told of them.


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of the tables below a heading of `document`, without their head."""
    text = (DOCS / document).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    assert text, heading
    lines = [line for line in text.partition("\n## ")[0].splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[0].startswith("`")]


def test_every_rule_of_check_is_described_with_its_severity() -> None:
    text = (DOCS / "check.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([a-z-]+)` \| (error|warning|advice) \|", text, re.MULTILINE)
    assert dict(found) == {rule.name: rule.severity for rule in RULES.values()} | {"unreadable": "error"}
    assert len(found) == len(RULES) + 1


def test_the_wording_that_counts_as_spam_is_described_with_its_scores() -> None:
    text = (DOCS / "check.md").read_text(encoding="utf-8").partition("## Wording that counts as spam")[2]
    found = re.findall(r"\| `([A-Z0-9_]+)`[^|]*\| ([\d.]+) (?=\|)", text)
    assert {name: float(score) for name, score in found} == {each.name: each.score for each in PHRASES}


def test_the_states_are_those_of_the_ledger() -> None:
    documented = {
        State(CODE.findall(state)[0]): {State(name) for name in CODE.findall(after)}
        for state, after, *_ in rows("architecture.md", "The ledger's states")
    }
    assert documented == NEXT


def test_the_diagram_draws_exactly_the_transitions() -> None:
    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)", text, re.MULTILINE))
    assert drawn == {(str(before), str(after)) for before, afters in NEXT.items() for after in afters}


SECTIONS = (
    "The mail server",
    "The sender",
    "What comes back",
    "What mails look like",
    "DKIM",
    "The workspace",
)


def test_every_setting_is_there_with_its_default() -> None:
    defaults = Settings()
    documented = {}
    for heading in SECTIONS:
        for name, default, _ in rows("settings.md", heading):
            documented[name.strip("`")] = default.strip("`")
    assert documented == {name: _text(getattr(defaults, name.lower())) for name in NAMES}


def _text(value: object) -> str:
    secret = getattr(value, "get_secret_value", None)
    return str(secret() if secret else f"{value:g}" if isinstance(value, float) else value)


def test_the_secrets_that_may_stand_in_files_are_named() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)_FILE`", text))
    assert named - {"SMTP_CA", "IMAP_CA", "POP3_CA", "DKIM_KEY", "DKIM_ED25519_KEY"} == set(SECRETS)


def test_the_presets_are_those_of_the_program() -> None:
    documented = {row[0].strip("`"): tuple(row[1:]) for row in rows("settings.md", "Presets")}
    assert documented == {
        name: (p.host, str(p.port), p.security, str(p.connections or ""), str(p.rate or ""))
        for name, p in PRESETS.items()
    }


def test_every_state_is_in_the_glossary() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert {*State} <= {*re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)}


def test_every_key_of_front_matter_is_described() -> None:
    keys = {key for row in rows("issue-files.md", "Front matter") for key in CODE.findall(row[0])}
    assert keys == FIELDS.keys()
    refused = next(row for row in rows("issue-files.md", "Front matter") if "refused" in row[1])
    assert set(CODE.findall(refused[0])) == {name for name, key in FIELDS.items() if key.not_yet}


def test_which_unfit_values_are_refused_is_said() -> None:
    text = (DOCS / "issue-files.md").read_text(encoding="utf-8")
    listed = re.search(r"a value that does not fit\n(.*?), and a key that is nearly", text)
    assert listed is not None
    refused = {name for name, key in FIELDS.items() if key.unfit is not IfUnfit.IGNORED and not key.not_yet}
    assert set(CODE.findall(listed[1])) == refused


def test_what_bodies_and_filters_offer_is_described() -> None:
    heading = "What differs from one recipient to the next"
    assert {row[0].strip("`") for row in rows("issue-files.md", heading)} == OFFERED
    text = (DOCS / "issue-files.md").read_text(encoding="utf-8")
    listed = re.search(r"these filters:(.*?)\. It is escaped", text, re.DOTALL)
    assert listed is not None
    assert set(CODE.findall(listed[1])) == FILTERS


def test_every_webhook_is_there_with_what_proves_it() -> None:
    text = (DOCS / "how-to/webhooks.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `/hooks/(\w+)` .*\| `(WEBHOOK_\w+)", text, re.MULTILINE)
    assert dict(found) == {name: each.setting for name, each in hook_providers(lambda _: b"").items()}
    # And no other setting is one of theirs.
    assert {setting for _, setting in found} == {name for name in NAMES if name.startswith("WEBHOOK_")}
