"""Judgements that need no peer: clock, time zone, templates, bulk rules, exit codes, the page."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from mailer.cli.diagnosis import GROUPS, LABEL, MARKS, label, print_diagnosis
from mailer.doctor.bulk import judge_bulk
from mailer.doctor.clock import date_in, judge_clock, judge_zone
from mailer.doctor.configuration import Value, examine_templates
from mailer.doctor.examination import SECTIONS, Diagnosis
from mailer.doctor.result import DnsRecord, Grade, Result, error, note, ok, skipped, warning
from mailer.errors import ExitCode
from mailer.workspace.bundled import templates_folder


@pytest.mark.parametrize(
    ("ahead", "verdict", "words"),
    [
        ({}, Grade.SKIPPED, "no clock"),
        ({"a.test": timedelta(seconds=2)}, Grade.OK, "2 s ahead of a.test"),
        (
            {"a.test": timedelta(seconds=2), "b.test": timedelta(seconds=-90)},
            Grade.WARNING,
            "90 s behind b.test",
        ),
        ({"a.test": timedelta(hours=1)}, Grade.ERROR, "3,600 s ahead of a.test"),
    ],
)
def test_the_clock(ahead: dict[str, timedelta], verdict: Grade, words: str) -> None:
    result = judge_clock(ahead)
    assert result.verdict is verdict
    assert words in result.text


@pytest.mark.parametrize(
    ("greeting", "moment"),
    [
        (
            "mx.quay.test ESMTP Exim 4.96 Sun, 22 Nov 2026 08:00:00 +0100",
            datetime(2026, 11, 22, 7, tzinfo=UTC),
        ),
        ("mx.quay.test ESMTP Sendmail 8.17; Sun, 22 Nov 2026 08:00:00 GMT", None),
        ("mx.quay.test ESMTP Postfix", None),
    ],
)
def test_the_date_in_a_greeting(greeting: str, moment: datetime | None) -> None:
    assert date_in(greeting) == moment


def test_the_time_zone_is_shown_with_its_time_and_origin() -> None:
    now = datetime(2026, 11, 22, 23, 30, tzinfo=UTC).astimezone(ZoneInfo("Asia/Tokyo"))
    assert (
        judge_zone("Asia/Tokyo", now, ".env:3").text
        == "Asia/Tokyo, from .env:3: it is 2026-11-23 08:30 JST, 23:30 UTC"
    )


def test_templates_that_stand_in_the_place_of_bundled_ones(tmp_path: Path) -> None:
    bundled, own = templates_folder(), tmp_path / "templates"
    assert [each.verdict for each in examine_templates(own, bundled)] == [Grade.OK]
    assert [each.verdict for each in examine_templates(bundled, bundled)] == [Grade.OK]
    first, second, *_ = sorted(path.relative_to(bundled) for path in (bundled / "web").glob("*.html"))
    (own / "web").mkdir(parents=True)
    (own / "README.md").write_text("x")
    (own / first).write_bytes((bundled / first).read_bytes())
    (own / second).write_text("<p>ours</p>")
    (own / "web" / "extra.html").write_text("x")
    found = examine_templates(own, bundled)
    assert {each.verdict for each in found} == {Grade.NOTE}
    assert [each.text.rpartition(": ")[2] for each in found] == [str(second), str(first), "web/extra.html"]


GOOD = [
    ok("spf.record", ""), ok("spf.alignment", ""), ok("dkim.key", ""), ok("dkim.alignment", ""),
    ok("dmarc.record", ""), ok("links.address", ""), ok("links.one-click", ""),
]  # fmt: skip


def but(*changed: Result) -> list[Result]:
    names = {each.name for each in changed}
    return [*(each for each in GOOD if each.name not in names), *changed]


@pytest.mark.parametrize(
    ("results", "verdict", "words"),
    [
        (GOOD, Grade.OK, ""),
        (but(error("spf.record", "")), Grade.WARNING, "lacks SPF"),
        (but(error("dkim.key", ""), error("dmarc.record", "")), Grade.WARNING, "lacks DKIM and DMARC"),
        (but(warning("links.one-click", "")), Grade.WARNING, "one-click"),
        (
            but(warning("spf.alignment", ""), error("dkim.alignment", "")),
            Grade.WARNING,
            "lacks DMARC alignment",
        ),
        (but(warning("spf.alignment", "")), Grade.OK, ""),
        (
            but(note("spf.alignment", ""), note("dkim.key", ""), skipped("dkim.alignment", "")),
            Grade.NOTE,
            "DKIM and DMARC alignment",
        ),
        ([*GOOD, note("dmarc.reports", "")], Grade.OK, ""),
        ([skipped("domain.records", "")], Grade.SKIPPED, ""),
    ],
)
def test_the_rules_for_bulk_mail(results: list[Result], verdict: Grade, words: str) -> None:
    result = judge_bulk(results)
    assert result.verdict is verdict
    assert words in result.text


@pytest.mark.parametrize(
    ("results", "readable", "code"),
    [
        ([ok("disk.space", "")], True, ExitCode.COMPLETE),
        ([warning("disk.space", ""), note("disk.space", "")], True, ExitCode.COMPLETE),
        ([error("disk.space", "")], True, ExitCode.REFUSED),
        ([error("settings.value", "")], False, ExitCode.USAGE),
    ],
)
def test_exit_codes(results: list[Result], readable: bool, code: ExitCode) -> None:
    assert Diagnosis([], results, readable).exit_code is code


RECORD = DnsRecord("news1._domainkey.gazette.example", "TXT", f"v=DKIM1; k=rsa; p={'MIIB' * 98}")
DIAGNOSIS = Diagnosis(
    [Value("SMTP_HOST", "smtp.quay.example", ".env:4"), Value("BASE_URL", "", "default")],
    [
        ok("settings.value", "all can be read"),
        warning("smtp.certificate", "runs out in 5 days", "See that it is renewed."),
        error("dkim.key", "no key", "Publish this record.", RECORD),
        skipped("links.answer", "not asked"),
        note("templates.overrides", "differ: email/x.html"),
    ],
    True,
)


def printed(width: int, **options: object) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False, **options)  # type: ignore[arg-type]
    print_diagnosis(DIAGNOSIS, Path("/srv/gazette"), console)
    return out.getvalue()


@pytest.mark.parametrize("width", [24, 40, 63, 64, 80, 160])
def test_every_width_shows_everything(width: int) -> None:
    said = printed(width)
    flat = " ".join(said.split())
    for result in DIAGNOSIS.results:
        assert f"{MARKS[result.verdict][0]} {result.verdict}" in said
        assert label(result) in flat
    assert f"\n{RECORD.name}. TXT\n{RECORD.text}\n" in said  # whole, on a line of its own
    assert "1 error, 1 warning, 1 note, 1 ok, 1 skipped" in flat
    long = [line for line in said.splitlines() if len(line) > width]
    assert all(line.startswith(("news1._domainkey", "v=DKIM1", "mailer doctor")) for line in long)


def test_colour_is_never_alone() -> None:
    assert "\x1b[" not in printed(80)
    coloured = printed(80, force_terminal=True, color_system="standard")
    assert "\x1b[" in coloured
    assert "✗ error" in coloured


def test_every_section_has_its_place_and_every_label_fits() -> None:
    grouped = [section for sections in GROUPS.values() for section in sections]
    assert tuple(grouped) == SECTIONS
    names = [
        "templates.overrides",
        "database.journals",
        "links.certificate",
        "dmarc.record",
        "smtp.connection",
    ]
    assert all(len(label(ok(name, ""))) <= LABEL for name in names)
