"""The setting LANGUAGE, and what is known of languages."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from mailer.errors import SettingsError
from mailer.languages import full_date, language_of, read_language, runs_rtl, text_rtl
from mailer.settings.reading import load_settings


def language(folder: Path, typed: str, environ: dict[str, str]) -> str:
    (folder / ".env").write_text(typed)
    return load_settings(folder, environ).language


@pytest.mark.parametrize(
    ("typed", "environ", "wanted"),
    [
        ("", {}, "en"),
        ("LANGUAGE=pt_br\n", {}, "pt-BR"),
        ("", {"LANGUAGE": "de"}, "de"),
        # GNU gettext's list of locales is the system's, and says nothing about a newsletter.
        ("", {"LANGUAGE": "de_DE:de:en"}, "en"),
        ("", {"LANGUAGE": "C"}, "en"),
        ("LANGUAGE=he\n", {"LANGUAGE": "en_US:en"}, "he"),
        ("LANGUAGE=he\n", {"LANGUAGE": "en"}, "he"),
    ],
)
def test_the_workspace_says_its_language(
    tmp_path: Path, typed: str, environ: dict[str, str], wanted: str
) -> None:
    assert language(tmp_path, typed, environ) == wanted


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("German", "here: de"), ("עברית", "here: he"), ("Norwegian Bokmål", "here: nb"), ("x", "like de")],
)
def test_what_is_no_language_is_told_what_to_write(tmp_path: Path, typed: str, hint: str) -> None:
    with pytest.raises(SettingsError, match="LANGUAGE") as caught:
        language(tmp_path, f'LANGUAGE="{typed}"\n', {})
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("typed", "written"),
    [("EN", "en"), ("zh_hant_tw", "zh-Hant-TW"), ("sr-latn", "sr-Latn"), ("iw", "iw"), ("gsw", "gsw")],
)
def test_a_tag_is_written_as_usual(typed: str, written: str) -> None:
    assert read_language(typed) == written


def test_dates_are_written_as_each_language_writes_them() -> None:
    day = date(2026, 3, 1)
    assert full_date(day, "de-AT") == "Sonntag, 1. März 2026"
    assert full_date(day, "fr") == "dimanche 1 mars 2026"
    assert full_date(day, "ja") == "2026年3月1日日曜日"
    assert full_date(day, "en-ZZ") == "Sunday, March 1, 2026"
    assert full_date(day, "qx") == "2026-03-01"


@pytest.mark.parametrize(
    ("lang", "rtl"),
    [
        *((each, True) for each in ("he", "iw-IL", "yi", "prs", "ckb", "dv", "nqo", "pa-PK", "az-IR")),
        *((each, False) for each in ("pa", "ku", "uk", "ur-Latn")),
    ],
)
def test_the_direction_of_a_language_is_its_scripts(lang: str, rtl: bool) -> None:
    assert runs_rtl(lang) == rtl


@pytest.mark.parametrize(
    ("text", "rtl", "likely"),
    [
        ("הגאות בנמל, 12:30", True, "he"),
        ("المد في الميناء", True, "ar"),
        ("ހަބަރު", True, "dv"),
        ("The tide; in Hebrew: גאות", False, "en"),
        ("הגאות בנמל (tide)", True, "he"),
        ("12:30 — …", None, "en"),
    ],
)
def test_the_direction_of_a_text_is_that_of_most_letters(text: str, rtl: bool | None, likely: str) -> None:
    assert (text_rtl(text), language_of(text, "en")) == (rtl, likely)


def test_a_text_that_runs_the_same_way_is_in_the_language_of_the_workspace() -> None:
    assert language_of("ندا", "fa") == "fa"
    assert language_of("The tide", "fa") == "en"
    assert language_of("Прилив", "uk") == "uk"


@pytest.mark.peers
def test_english_needs_no_table_of_languages() -> None:
    asked = (
        "import sys; from pathlib import Path; from mailer.settings.reading import load_settings;"
        "load_settings(Path('nowhere'), {}); print('babel' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
