"""A workspace changes one block or one partial, and the rest stays the program's."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from written_mail import Mail, write_mail

from mailer.errors import IssueError

ISSUE = """---
title: Ebb
{more}---

Only this.
"""


def written(folder: Path, files: dict[str, str], more: str = "") -> Mail:
    for name, text in files.items():
        file = folder / "templates" / "email" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    path = folder / "ebb.md"
    path.write_text(ISSUE.format(more=more), encoding="utf-8")
    return write_mail(path, folder / "templates")


def texts(mail: Mail, selector: str) -> list[str]:
    return [
        element.text_content() for element in lxml.html.document_fromstring(mail.html).cssselect(selector)
    ]


@pytest.mark.parametrize("layout", ["newsletter", "gazette", "digest", "letter"])
def test_one_block_of_the_file_of_the_same_name(tmp_path: Path, layout: str) -> None:
    own = (
        f'{{% extends "bundled/email/{layout}.html" %}}'
        '{% block footer %}<p class="small">By volunteers.</p>{{ super() }}{% endblock %}'
    )
    mail = written(tmp_path, {f"{layout}.html": own}, f"template: {layout}\n")
    assert texts(mail, ".small")[0] == "By volunteers."
    assert texts(mail, ".stop a") == ["Unsubscribe", "Your preferences", "View in browser"]
    assert texts(mail, "h1") == ["Ebb"]


def test_a_block_of_the_text_part(tmp_path: Path) -> None:
    own = '{% extends "bundled/email/newsletter.txt" %}{% block ending %}THE END\n\n{% endblock %}'
    mail = written(tmp_path, {"newsletter.txt": own})
    assert "Only this.\n\nTHE END\n\nYou get this mail" in mail.text


def test_one_partial_that_builds_on_its_namesake(tmp_path: Path) -> None:
    own = '{% include "bundled/email/partials/inlined.css" %}.nameplate { font-size: 50px }'
    mail = written(tmp_path, {"partials/inlined.css": own})
    (nameplate,) = lxml.html.document_fromstring(mail.html).cssselect(".nameplate")
    assert "font-size:50px" in nameplate.get("style", "").replace(" ", "")
    assert "font-weight:bold" in nameplate.get("style", "").replace(" ", "")


def test_a_partial_changes_every_layout(tmp_path: Path) -> None:
    footer = '<p class="small">{{ sender.postal_address }}</p><a href="{{ unsubscribe_url }}">Enough</a>'
    for layout in ("newsletter", "gazette", "digest", "letter"):
        mail = written(tmp_path, {"partials/footer.html": footer}, f"template: {layout}\n")
        assert texts(mail, ".footer a") == ["Enough"]


def test_the_base_can_be_built_upon_too(tmp_path: Path) -> None:
    own = '{% extends "bundled/email/base.html" %}{% block preheader %}<div>Psst</div>{% endblock %}'
    mail = written(tmp_path, {"base.html": own})
    assert lxml.html.document_fromstring(mail.html).body[0].text_content() == "Psst"


def test_a_layout_that_extends_itself_is_told_how_to_name_its_namesake(tmp_path: Path) -> None:
    own = '{% extends "email/newsletter.html" %}'
    with pytest.raises(IssueError, match=r"extends or includes itself.* is bundled/email/…"):
        written(tmp_path, {"newsletter.html": own})


def test_params_and_settings_change_the_looks(tmp_path: Path) -> None:
    logo = "https://gazette.example/logo.png 200x50 The Gazette"
    mail = written(
        tmp_path, {}, f"params:\n  accent: navy\n  width: 560\n  font: sans\n  logo: {logo}\nkicker: K\n"
    )
    page = lxml.html.document_fromstring(mail.html)
    assert "color:#000080" in page.cssselect(".kicker")[0].get("style", "").replace(" ", "")
    assert "max-width:560px" in page.cssselect(".sheet")[0].get("style", "").replace(" ", "")
    assert 'width="560"' in mail.html
    (image,) = page.cssselect(".nameplate img")
    assert [image.get(name) for name in ("alt", "width", "height")] == ["The Gazette", "200", "50"]
    assert "Georgia" not in mail.html


def test_a_logo_without_words_says_the_name(tmp_path: Path) -> None:
    mail = written(tmp_path, {}, "params:\n  logo: https://gazette.example/logo.png 200x50\n")
    (image,) = lxml.html.document_fromstring(mail.html).cssselect("img")
    assert image.get("alt") == "Harbour Gazette"


def test_a_workspaces_own_button_is_used_by_the_body(tmp_path: Path) -> None:
    own = (
        '{% from "email/partials/button.html" import button with context %}'
        '{% extends "bundled/email/newsletter.html" %}'
        "{% block content %}{{ content }}"
        '{% call button() %}<a href="https://gazette.example">Go</a>{% endcall %}{% endblock %}'
    )
    button = "{% macro button() %}<p><b>{{ caller() }}</b></p>{% endmacro %}"
    mail = written(tmp_path, {"newsletter.html": own, "partials/button.html": button})
    assert texts(mail, "b a") == ["Go"]
