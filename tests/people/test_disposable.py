"""The list of disposable domains: the program's, or the workspace's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailer.domain.mailbox_providers import PROVIDERS
from mailer.errors import UsageError
from mailer.people.cleaning.disposable import OWN_NAME, SHIPPED, DisposableDomains


def test_the_shipped_list_has_a_date_and_no_mailbox_provider_s_domain(tmp_path: Path) -> None:
    shipped = DisposableDomains.read(tmp_path)
    assert (shipped.path, shipped.as_of) == (SHIPPED, date(2026, 11, 29))
    assert len(shipped.domains) > 500
    assert not shipped.domains & PROVIDERS.keys()
    written = [line for line in SHIPPED.read_text().splitlines() if not line.startswith("#")]
    assert written == sorted(set(written))


def test_the_workspace_s_own_list_takes_its_place(tmp_path: Path) -> None:
    (tmp_path / OWN_NAME).write_text("# ours, 2027-01-31\nfog.example  # since autumn\n\nmist.quay.example\n")
    own = DisposableDomains.read(tmp_path)
    assert own.as_of == date(2027, 1, 31)
    assert own.domains == {"fog.example", "mist.quay.example"}
    assert own.holds("fog.example") == own.holds("a.b.fog.example") == "fog.example"
    assert own.holds("quay.example") is own.holds("bigfog.example") is own.holds("example") is None


def test_a_line_that_is_no_domain_is_named(tmp_path: Path) -> None:
    (tmp_path / OWN_NAME).write_text("fog.example\nada@mist.example\n")
    with pytest.raises(UsageError, match=rf"{OWN_NAME}:2: 'ada@mist\.example' is no domain"):
        DisposableDomains.read(tmp_path)
