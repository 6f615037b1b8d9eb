"""A body as a recipient sees it: written, rendered by plain Jinja2, and read by another parser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import lxml.html
import pytest
from bare_partials import PARTIALS
from browser import browser as browser
from jinja2 import DictLoader, Environment, StrictUndefined

from mailer.compose.body import Body, write_body
from mailer.compose.issue.inherited import in_language
from mailer.compose.issue.source import read_issue

HTML = Environment(
    autoescape=True,
    keep_trailing_newline=True,
    undefined=StrictUndefined,
    loader=DictLoader({f"email/partials/{name}.html": macro for name, macro in PARTIALS.items()}),
)
TEXT = Environment(autoescape=False, keep_trailing_newline=True, undefined=StrictUndefined)

ADA: dict[str, Any] = {
    "subscriber": {"name": "Ada & Co", "paid": True, "tags": ["sea", "tide"]},
    "issue": {"title": "Harbour"},
    "params": {"pier": 7},
    "unsubscribe_url": "https://mail.example/u/1?a=1&b=2",
}
GUEST: dict[str, Any] = ADA | {"subscriber": {"name": "Guest", "paid": False, "tags": []}}


@dataclass(frozen=True)
class Mail:
    """Both parts of one rendered body; `seen` is what a browser shows of the HTML."""

    body: Body
    html: str
    text: str

    @property
    def seen(self) -> str:
        return lxml.html.fromstring(f"<div>{self.html}</div>").text_content()


class Post:
    """Writes and renders bodies. Issues get a title in front matter, which takes three lines."""

    path = "issues/harbour"
    front = "---\ntitle: Harbour\n---\n"

    def mail(self, body: str, ending: str = "md", **values: Any) -> Mail:
        written = self.body(body, ending)
        return Mail(
            written,
            HTML.from_string(written.html).render(ADA | values),
            TEXT.from_string(written.text).render(ADA | values),
        )

    def body(self, body: str, ending: str = "md") -> Body:
        issue, _ = read_issue(f"{self.path}.{ending}", (self.front + body).encode())
        return write_body(in_language(issue, "en"))


@pytest.fixture(scope="session")
def post() -> Post:
    return Post()


@pytest.fixture(scope="session")
def guest() -> dict[str, Any]:
    return GUEST
