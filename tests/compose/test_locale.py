"""How a language is set: direction, italics, the width of a line."""

from __future__ import annotations

import pytest

from mailer.compose.theme.locale import PageLocale


@pytest.mark.parametrize(
    ("lang", "dir_", "start", "italics"),
    [
        ("en", "ltr", "left", True),
        ("PT-br", "ltr", "left", True),
        ("he", "rtl", "right", False),
        ("ar-EG", "rtl", "right", False),
        ("ur-Latn", "ltr", "left", True),
        ("pa-Arab-PK", "rtl", "right", False),
        ("az-Latn", "ltr", "left", True),
        ("ja", "ltr", "left", False),
        ("th-TH", "ltr", "left", False),
    ],
)
def test_direction_and_italics(lang: str, dir_: str, start: str, italics: bool) -> None:
    page = PageLocale(lang)
    assert (page.dir, page.start, page.italics) == (dir_, start, italics)
    assert page.rtl == (dir_ == "rtl")
    assert {page.start, page.end} == {"left", "right"}


def test_ideographs_take_two_columns() -> None:
    assert (PageLocale("ja").columns, PageLocale("ja").wide, PageLocale("en").columns) == (38, True, 78)
