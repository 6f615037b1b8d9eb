"""Each of a recipient's names is one entry in a table: what reads it offers, suggests, fills and shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailer.bootstrap import App
from mailer.check.merge_tag_names import instead
from mailer.compose.symbolic.refusal import LAYOUT_NAMES
from mailer.compose.tags.offered import protect
from mailer.domain.recipient_names import LINKS, RECIPIENT_NAMES, RecipientName
from mailer.errors import IssueError
from mailer.proof.sample import Sample
from mailer.services.preview import PreviewRequest, preview

EACH = pytest.mark.parametrize("each", RECIPIENT_NAMES, ids=[each.name for each in RECIPIENT_NAMES])


def shown(app: App, body: str, layout: str = "") -> Sample:
    issue = app.root / "issues" / "tide.md"
    template = "template: own\n" if layout else ""
    issue.write_text(f"---\ntitle: Tide\n{template}---\n{body}\n", encoding="utf-8")
    folder = app.root / "templates" / "email"
    folder.mkdir(parents=True, exist_ok=True)
    for ending in ("html", "txt"):
        (folder / f"own.{ending}").write_text(f"{{{{ content }}}}{layout}", encoding="utf-8")
    return preview(app, PreviewRequest(issue))


def on_the_web(app: App, web: bool) -> App:
    return App(app.root, {"BASE_URL": "https://gazette.example"} if web else {})


@EACH
def test_it_is_offered_and_suggested_for_near_misses(each: RecipientName):
    tag = f"{{{{ {each.name} }}}}"
    assert protect(tag) == tag
    assert each.name in LAYOUT_NAMES
    with pytest.raises(IssueError, match=f"did you mean '{each.name}'"):
        protect(tag.replace(each.name, f"{each.name[:-1]}x{each.name[-1]}"))


@EACH
def test_a_misspelt_one_in_a_layout_is_refused(each: RecipientName, app: App):
    with pytest.raises(IssueError, match=f"did you mean '{each.name}'") as caught:
        shown(app, "Tide.", f"{{{{ {each.name}x }}}}")
    assert Path(str(caught.value.path)).name in ("own.html", "own.txt")


@EACH
@pytest.mark.parametrize("web", [False, True])
def test_a_layout_knows_whether_there_is_one(each: RecipientName, web: bool, app: App):
    sample = shown(on_the_web(app, web), "T.", f"{{% if {each.name} %}}served{{% else %}}absent{{% endif %}}")
    there = web or not each.needs_web
    assert ("served" in sample.text, "absent" in sample.html) == (there, not there)


@EACH
def test_what_a_send_fills_is_shown_to_whom_it_is(each: RecipientName, app: App):
    body = f"[it]({{{{ {each.name} }}}})" if each.is_link else f"{{{{ {each.name}.email }}}}"
    if each.needs_web:
        with pytest.raises(IssueError, match="the value to print is none"):
            shown(app, body)
        app = on_the_web(app, True)
    sample = shown(app, body)
    link = "it <https://gazette.example/" if each.needs_web else "it <mailto:"
    assert (link if each.is_link else sample.reader.email) in sample.text


@pytest.mark.parametrize("name", sorted(LINKS))
def test_a_link_stands_behind_no_scheme(name: str, app: App):
    with pytest.raises(IssueError, match=f"{name} is a whole address"):
        shown(on_the_web(app, True), f"<https://{{{{ {name} }}}}>")


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("*|UNSUB|*", "unsubscribe_url"),
        ("*|ARCHIVE|*", "browser_url"),
        ("*|UPDATE_PROFILE|*", "preferences_url"),
    ],
)
def test_what_others_call_it_is_answered_with_its_name(typed: str, name: str):
    assert f"{{{{ {name} }}}}" in instead(typed)
