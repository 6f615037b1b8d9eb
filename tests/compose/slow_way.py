"""The slow way to personalise, which two-stage rendering has to equal: render everything for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup
from reference_filling import fill_text

from mailer.compose.body import Body
from mailer.compose.inlining.inline import Inliner
from mailer.compose.render import Surroundings, render
from mailer.compose.tags.offered import protect
from mailer.domain.issue import Issue, Kind
from mailer.message.filling.residual import Edition
from mailer.workspace.bundled import templates_folder

SURROUNDINGS = Surroundings("Harbour Gazette", "editor@gazette.example", "1 Quay", "Weekly")
UNSUBSCRIBE = "https://gazette.example/u/abc?a=1&b=2"
# For what the layout has no part in: one as small as can be, for ours takes half a second to compile.
SMALL_LAYOUT = [Path(__file__).parents[1] / "data" / "templates", templates_folder()]


class View:
    """A recipient's fields as a plain template sees them: keys only, no attributes of Python."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = {key: View(item) if isinstance(item, dict) else item for key, item in fields.items()}

    def __getitem__(self, key: str) -> Any:
        return self._fields[key]


@dataclass(frozen=True)
class Mail:
    """What one recipient gets, in a form that compares."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True)
class Desk:
    """An issue, its body and the folder of its layouts."""

    folder: Path
    issue: Issue
    body: Body

    def edition(self) -> Edition:
        return render(self.issue, self.body, SURROUNDINGS, [self.folder])

    def fill(self, edition: Edition, subscriber: Mapping[str, Any]) -> Mail:
        names = {"subscriber": subscriber, "unsubscribe_url": UNSUBSCRIBE}
        return Mail(
            fill_text(edition.subject, names),
            normal_form(fill_text(edition.html, names)),
            _decoded(fill_text(edition.text, names)),
        )

    def slowly(self, subscriber: Mapping[str, Any]) -> Mail:
        """Return what plain Jinja2 and premailer make of the issue for this recipient alone."""
        names = SURROUNDINGS.names() | {
            "subscriber": View(subscriber),
            "unsubscribe_url": UNSUBSCRIBE,
            "issue": self.issue,
            "params": self.issue.params,
        }
        html, text = self._environment(True), self._environment(False)
        subject = text.from_string(protect(self.issue.subject or self.issue.title)).render(names)
        names["issue"] = replace(self.issue, subject=subject)
        content = Markup(html.from_string(self.body.html).render(names))
        whole = html.get_template("email/plain.html").render(names | {"content": content})
        words = text.from_string(self.body.text).render(names)
        return Mail(
            subject,
            normal_form(Inliner().inline(whole)),
            _decoded(text.get_template("email/plain.txt").render(names | {"content": words})),
        )

    def _environment(self, autoescape: bool) -> ImmutableSandboxedEnvironment:
        loader = FileSystemLoader([self.folder])
        return ImmutableSandboxedEnvironment(loader=loader, autoescape=autoescape, undefined=StrictUndefined)


def normal_form(html: str) -> str:
    """Return `html` as lxml reads and writes it, with the percent-encoding of its links undone."""
    tree = etree.fromstring(html, etree.HTMLParser())
    for element in tree.iter(etree.Element):
        for name in ("href", "src"):
            if name in element.attrib:
                element.attrib[name] = _decoded(element.attrib[name])
    text: str = etree.tostring(tree, method="html", encoding="unicode")
    return text


def _decoded(link: str) -> str:
    # A value such as `%aa` is encoded when it is filled in; the slow way prints it as it is.
    while (decoded := unquote(link)) != link:
        link = decoded
    return link


def desk(
    folder: Path,
    layout: str = "{{ content }}",
    *,
    body: str = "Body.",
    css: str = "p { color: #111 }",
    html: str | None = None,
    files: Mapping[str, str] | None = None,
    **issue: Any,
) -> Desk:
    """Return a desk with `layout` in the page of both parts, or `html` as the whole HTML page."""
    page = (
        "<!DOCTYPE html><html><head><meta charset=utf-8><title>{{ issue.subject }}</title>"
        f"<style>{css}</style></head><body>\n{layout}\n</body></html>"
    )
    (folder / "email").mkdir(parents=True, exist_ok=True)
    (folder / "email" / "plain.html").write_text(html or page, encoding="utf-8")
    (folder / "email" / "plain.txt").write_text(layout, encoding="utf-8")
    for name, source in (files or {}).items():
        (folder / name).write_text(source, encoding="utf-8")
    settings = {"title": "The harbour", "kind": Kind.MARKDOWN, "body": body, "template": "plain"} | issue
    lines = tuple(range(7, 8 + body.count("\n")))
    return Desk(
        folder, Issue(path="issues/harbour.md", slug="harbour", **settings), Body(body, body, lines, lines)
    )
