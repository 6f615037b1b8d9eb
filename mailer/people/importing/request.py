"""What somebody asks an import to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailer.domain.consent import KeptIp
from mailer.domain.field import FieldType
from mailer.domain.yes_no import WORDS, YesNo
from mailer.people.importing.consent import NOTHING, Answers


@dataclass(frozen=True, slots=True)
class Import:
    """What to import: `mapping` is heading to field, `types` are the declared ones by field.

    `words` are those for true and false; `answers` say what in the file is about consent. `rejects` is the
    file to write rows to that aren't taken in, `by` the login name of who imports it. `format`, `sheet` and
    `encoding` are what a person says of the file; `formats` is a folder of descriptions beside those of the
    program. `keep_ip` is how much of IP addresses is kept.
    """

    path: Path
    lists: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    create_lists: bool = False
    dry_run: bool = False
    words: YesNo = WORDS
    answers: Answers = NOTHING
    rejects: Path | None = None
    by: str = ""
    format: str = ""
    sheet: str = ""
    encoding: str = ""
    formats: Path | None = None
    keep_ip: KeptIp = KeptIp.TRUNCATED
