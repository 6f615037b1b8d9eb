"""Images that a layout shows, or a parameter: they go the same way, once the page is whole."""

from __future__ import annotations

from pathlib import Path

import lxml.html
import pytest
from message_samples import HEADER
from pictures import picture

from mailer.compose.images.source import ImageLinks
from mailer.compose.issue.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.errors import IssueError
from mailer.message.mime.template import MessageTemplate
from mailer.workspace.bundled import templates_folder

NAMES = {
    "subscriber": {"name": "Ada", "photo": "https://gazette.example/ada.png", "paid": True},
    "unsubscribe_url": "https://gazette.example/u/1",
    "header": HEADER,
}
LAYOUT = """<!doctype html><html><head><title>x</title></head><body>
<!--[if mso]><img src="images/logo.png"><![endif]-->
{masthead}
{{{{ content }}}}<a href="{{{{ unsubscribe_url }}}}">x</a></body></html>
"""


def compiled(
    root: Path, masthead: str, body: str = "Body.", front: str = "", *, linked: bool = False
) -> MessageTemplate:
    (root / "templates/email").mkdir(parents=True)
    (root / "templates/email/newsletter.html").write_text(LAYOUT.format(masthead=masthead))
    (root / "templates/email/newsletter.txt").write_text("{{ content }}")
    for name in ("images", "issues"):
        (root / name).mkdir()
    (root / "images/logo.png").write_bytes(picture("PNG", 240, 60))
    (root / "issues/quay.png").write_bytes(picture("PNG", 1280, 640))
    (root / "issues/harbour.md").write_text(f"---\ntitle: Harbour\n{front}---\n{body}\n")
    compiler = Compiler(
        folders=[root / "templates", templates_folder()],
        sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
        reply_to=None,
        return_path="editor@gazette.example",
        unsubscribe_address="editor@gazette.example",
        postal_address="1 Quay Street",
        base_url="https://gazette.example",
        key=b"k" * 32,
        root=root,
        image_links=ImageLinks("https://gazette.example", b"k" * 32, root) if linked else None,
    )
    issue, _ = load_issue(root / "issues/harbour.md")
    return compiler.compile(issue, [SubscriberList(1, "weekly", "Weekly")])


def images(template: MessageTemplate) -> list[dict[str, str]]:
    return [dict(image.attrib) for image in lxml.html.fromstring(template.html(NAMES)).iter("img")]


def test_a_logo_is_named_from_the_workspace(tmp_path: Path) -> None:
    template = compiled(tmp_path, '<img src="images/logo.png" alt="Gazette" width="120">')
    (logo,) = images(template)
    assert logo["src"].startswith("cid:")
    assert (logo["width"], logo["height"]) == ("120", "30")
    assert template.html(NAMES).count(logo["src"]) == 2  # the other one is Outlook's
    assert template.fill(NAMES).count(b"Content-ID:") == 2


def test_a_parameter_may_name_an_image_beside_the_issue(tmp_path: Path) -> None:
    template = compiled(
        tmp_path, '<img src="{{ params.photo }}" alt="">', front="params:\n  photo: quay.png\n"
    )
    (photo,) = images(template)
    assert (photo["width"], photo["height"]) == ("528", "264")


def test_an_image_that_body_and_layout_show_is_one_part(tmp_path: Path) -> None:
    template = compiled(tmp_path, '<img src="quay.png" alt="">', "![The quay](quay.png)")
    assert len({image["src"] for image in images(template)}) == 1
    assert template.fill(NAMES).count(b"Content-Disposition: inline") == 2


def test_a_value_stays_a_value(tmp_path: Path) -> None:
    own, other = '<img src="{{ subscriber.photo }}" alt="">', '<img src="quay.png" alt="">'
    masthead = f"{{% if subscriber.paid %}}{own}{{% else %}}{other}{{% endif %}}"
    template = compiled(tmp_path, masthead)
    assert [image["src"] for image in images(template)] == [NAMES["subscriber"]["photo"]]
    assert template.fill(NAMES).count(b"Content-Disposition: inline") == 2


def test_linked_images_are_not_in_the_mail(tmp_path: Path) -> None:
    template = compiled(tmp_path, '<img src="images/logo.png" alt="">', "![x](quay.png)", linked=True)
    starts = [
        image["src"].rpartition("/images/" if "logo" in image["src"] else "/issues/")
        for image in images(template)
    ]
    assert [end for _, _, end in starts] == ["logo.png", "quay.png"]
    assert all(start.startswith("https://gazette.example/images/") for start, _, _ in starts)
    assert b"multipart/related" not in template.fill(NAMES)


@pytest.mark.parametrize(
    ("source", "problem"),
    [("images/gone.png", "does not exist"), ("../secret.png", "leads out"), ("/etc/passwd", "absolute")],
)
def test_what_a_layout_lacks_is_said(tmp_path: Path, source: str, problem: str) -> None:
    with pytest.raises(IssueError, match=problem):
        compiled(tmp_path, f'<img src="{source}" alt="">')


def test_an_image_changes_the_revision(tmp_path: Path) -> None:
    revisions = set()
    for number, content in enumerate([picture("PNG", 240, 60), picture("PNG", 240, 61)]):
        root = tmp_path / str(number)
        root.mkdir()
        (root / "own.png").write_bytes(content)
        revisions.add(compiled(root, '<img src="own.png" alt="">').revision)
    assert len(revisions) == 2
