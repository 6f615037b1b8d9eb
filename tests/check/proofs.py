"""Issues as `mailer check` looks at them, made by the real compiler from files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from mailer.check.examine import examine
from mailer.check.finding import Finding
from mailer.check.rendered import RenderedMail
from mailer.compose.issue.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.audience import Audience, Recipient
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.proof.proofs import Proofs
from mailer.workspace.bundled import templates_folder

READER = Recipient(1, "ada.quint@quay.example", "Ada Quint", "en", "UTC", (), {"boat": "Gannet"})
# Nothing is wrong with it; a test changes one thing.
FRONT = """---
title: Low tide at the ice house
description: Herring is back in the harbour, and the clock on the ice house goes again.
lang: en
---
"""
PROSE = "The tide was low, and the [harbour office](https://harbour.example/tides) was open.\n"
# A layout as small as can be that breaks no rule.
BARE = """<!DOCTYPE html><html lang="en"><head><title>{{ issue.subject }}</title></head><body>
<div style="display: none">{{ issue.description }}</div><h1>{{ issue.title }}</h1>
{{ content }}<p><a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ sender.postal_address }}</p></body></html>
"""


class Workshop:
    """Writes issues into a folder and looks at them, in a small layout or in those that come with mailer."""

    def __init__(self, folder: Path, *, bundled: bool = False) -> None:
        self.folder = folder
        if not bundled:
            self.layout(BARE, "newsletter")

    def compiler(self, **changed: Any) -> Compiler:
        compiler = Compiler(
            folders=[self.folder / "templates", templates_folder()],
            sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
            reply_to=None,
            return_path="editor@gazette.example",
            unsubscribe_address="editor@gazette.example",
            postal_address="Harbour Gazette, 1 Quay Street, Port Example",
            base_url="https://gazette.example",
            key=b"k" * 32,
        )
        return replace(compiler, **changed)

    def layout(self, html: str, name: str = "bare") -> None:
        """Put a layout of one's own into the workspace."""
        folder = self.folder / "templates" / "email"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        text = "{{ content }}\n{{ unsubscribe_url }}\n{{ sender.postal_address }}\n"
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")

    def mail(
        self, body: str = PROSE, front: str = FRONT, name: str = "issue.md", compiler: Compiler | None = None
    ) -> RenderedMail:
        file = self.folder / name
        file.write_text(front + body, encoding="utf-8")
        return self.mail_of_file(file, compiler)

    def mail_of_file(self, file: Path, compiler: Compiler | None = None) -> RenderedMail:
        issue, _ = load_issue(file)
        compiler = compiler or self.compiler()
        job = compiler.prepare(issue, Audience(("weekly",)), [SubscriberList(1, "weekly", "Weekly")])
        return replace(Proofs(compiler).mail(job, READER), public=True, own_layout=False)

    def findings(self, body: str = PROSE, front: str = FRONT, **given: Any) -> list[Finding]:
        return examine(self.mail(body, front, **given))

    def rules(self, body: str = PROSE, front: str = FRONT, **given: Any) -> set[str]:
        return {finding.rule for finding in self.findings(body, front, **given)}

    def places(self, rule: str, body: str = PROSE, front: str = FRONT, **given: Any) -> list[int | None]:
        """Return the lines that one rule found something on; those of the body count from its first."""
        first = front.count("\n")
        lines = [
            place.line and place.line - first
            for each in self.findings(body, front, **given)
            if each.rule == rule
            for place in each.places
        ]
        return sorted(lines, key=lambda line: (line is None, line))
