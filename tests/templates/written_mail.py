"""Mail as subscribers get it, made by the real renderer from the bundled templates."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailer.compose.issue.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.message.mime.fields import RecipientHeader
from mailer.message.mime.template import MessageTemplate
from mailer.viewer.reading import read
from mailer.workspace.bundled import templates_folder

DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
SAMPLE_NAMES = tuple(sorted(path.name.removesuffix(".md") for path in SAMPLES.glob("*.md")))
WIDTHS = (320, 375, 414, 600, 800, 1280)
SENDER = Mailbox.parse("Harbour Gazette <editor@gazette.example>")
UNSUBSCRIBE = "https://gazette.example/u/6vTgH2mZk1"
NAMES = {
    "subscriber": {"name": "Ada Quint", "email": "ada.quint@quay.example"},
    "unsubscribe_url": UNSUBSCRIBE,
    "browser_url": "https://gazette.example/view/6vTgH2mZk1",
    "preferences_url": "https://gazette.example/p/6vTgH2mZk1",
    "header": RecipientHeader(
        to_name="Ada Quint",
        to_address="ada.quint@quay.example",
        message_id="ICe-and_fog.0001@gazette.example",
        date="Sun, 22 Nov 2026 08:00:00 +0000",
    ),
}
POSTAL = "Harbour Gazette, 1 Quay Street, Port Example"

# One passage in scripts that are set differently.
LANGUAGES = {
    "he": "השעון על בית הקרח שוב פועל, וכל העיר מרימה את מבטה אל המחוגים. “עוד רגע”, אמר מישהו – והוא צלצל.",
    "ar": "ساعة بيت الثلج تعمل من جديد، والمدينة كلها ترفع رأسها لترى العقارب. «لحظة»، قال أحدهم – ثم دقّت.",
    "ja": "氷室の時計がふたたび動き出し、町じゅうが針を見上げた。「もう少し」と誰かが言い、鐘が鳴った。",
}


@dataclass(frozen=True)
class Mail:
    """One recipient's mail: both parts, decoded."""

    html: str
    text: str

    @property
    def stripped(self) -> str:
        """The HTML as a mail program shows it that throws style sheets away."""
        return re.sub(r"<style.*?</style>", "", self.html, flags=re.DOTALL)

    @property
    def without_images(self) -> str:
        """The HTML as a mail program shows it that loads no images."""
        return re.sub(r'src="data:[^"]*"', 'src="https://gazette.example/not-loaded.png"', self.html)

    @property
    def kept_style(self) -> str:
        """What stands in the style sheets of the head."""
        return "".join(re.findall(r"<style[^>]*>(.*?)</style>", self.html, flags=re.DOTALL))


def write_mail(path: Path, *own_folders: Path) -> Mail:
    """Return the mail that the issue at `path` becomes; `own_folders` of templates win over the bundled."""
    return _mail(compiled(path, *own_folders))


def _mail(template: MessageTemplate) -> Mail:
    """Return both parts; a browser, unlike a mail program, has to be given the pictures in the HTML."""
    parts = {part.cid: part for part in read(template.fill(NAMES)).others}

    def shown(found: re.Match[str]) -> str:
        part = parts[found[1]]
        return f"data:{part.type};base64,{b64encode(part.content).decode()}"

    return Mail(re.sub(r"cid:([^\"]+)", shown, template.html(NAMES)), template.text(NAMES))


def write_message(path: Path, *own_folders: Path) -> bytes:
    """Return the whole message that Ada Quint gets."""
    return compiled(path, *own_folders).fill(NAMES)


def write_sample(name: str, theme: Mapping[str, Any] | None = None) -> Mail:
    """Return the mail that the sample called `name` becomes."""
    return _mail(compiled(SAMPLES / f"{name}.md", theme=theme))


def compiled(path: Path, *own_folders: Path, theme: Mapping[str, Any] | None = None) -> MessageTemplate:
    """Return the compiled message of the issue at `path`."""
    compiler = Compiler(
        folders=[*own_folders, templates_folder()],
        sender=SENDER,
        reply_to=None,
        return_path="editor@gazette.example",
        unsubscribe_address="editor@gazette.example",
        postal_address=POSTAL,
        base_url="https://gazette.example",
        key=b"k" * 32,
        theme=theme or {},
    )
    issue, _ = load_issue(path)
    return compiler.compile(issue, [SubscriberList(1, "weekly", "Weekly")])


def translated(language: str, folder: Path) -> Path:
    """Return everything.md with its prose in another script."""
    passage = LANGUAGES[language]
    text = (DATA / "everything.md").read_text(encoding="utf-8").replace("lang: en", f"lang: {language}")
    text = re.sub(r"^(title|kicker|standfirst|byline): .*$", rf"\1: {passage}", text, flags=re.MULTILINE)
    text = re.sub(r"^(#+|A paragraph with|>) ", rf"\1 {passage} ", text, flags=re.MULTILINE)
    path = folder / f"everything-{language}.md"
    path.write_text(text, encoding="utf-8")
    return path
