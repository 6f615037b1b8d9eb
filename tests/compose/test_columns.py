"""Columns share the width of the text, and pictures in them keep to their column's."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from pictures import picture

from mailer.compose.body import write_body
from mailer.compose.components import share_columns
from mailer.compose.images.placing import Images
from mailer.compose.issue.source import read_issue
from mailer.compose.theme.theme import read_theme


def shares(html: str) -> list[str | None]:
    return [each.get("share") for each in lxml.html.fromstring(f"<div>{html}</div>").iter("mail-column")]


def columns(*tags: str) -> str:
    return f"<mail-columns>{''.join(f'{tag}A</mail-column>' for tag in tags)}</mail-columns>"


ONE = "<mail-column>"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([ONE], ["1/1"]),
        ([ONE, ONE], ["1/2", "1/2"]),
        ([ONE, ONE, ONE], ["1/3", "1/3", "1/3"]),
        (['<mail-column share="50%">', ONE, ONE], ["50%", "1/4", "1/4"]),
        (['<mail-column share="2/3">', ONE], ["2/3", "1/3"]),
        (['<mail-column share="1/1">', ONE], ["1/1", "1/1"]),
        (['<mail-column share="wide">', ONE], ["1/2", "1/2"]),
    ],
)
def test_columns_that_say_nothing_share_what_is_left(tags: list[str], expected: list[str]) -> None:
    assert shares(share_columns(columns(*tags))) == expected


def test_columns_in_columns_and_beside_columns_are_counted_apart() -> None:
    inner = columns(ONE, ONE, ONE)
    html = f"<p>0</p>{columns(ONE, f'{ONE}{inner}')}<p>1</p>{columns(ONE)}"
    assert shares(share_columns(html)) == ["1/2", "1/2", "1/3", "1/3", "1/3", "1/1"]
    assert share_columns("<p>A</p>") == "<p>A</p>"


def test_a_picture_is_as_wide_as_its_column(tmp_path: Path) -> None:
    (tmp_path / "quay.png").write_bytes(picture("PNG", 1200, 600))
    image = "![The quay](quay.png)"
    body = f"{image}\n\n::: columns\n::: column 1/3\n{image}\n:::\n::: column\n{image}\n:::\n:::\n\n{image}\n"
    issue, _ = read_issue(str(tmp_path / "quay.md"), f"---\ntitle: Quay\n---\n{body}".encode())
    look = read_theme()
    html = write_body(issue, Images(issue, "gazette.example", room=look.room)).html
    found = lxml.html.fromstring(f"<div>{html}</div>").findall(".//img")
    assert [(int(each.get("width")), int(each.get("height"))) for each in found] == [
        (look.measure, look.measure // 2),
        (look.column("1/3"), look.column("1/3") // 2),
        (look.column("2/3"), look.column("2/3") // 2),
        (look.measure, look.measure // 2),
    ]
    fills = f"width: 100%; max-width: {look.measure}px; height: auto"
    assert [each.get("style") for each in found] == [None, fills, fills, None]
