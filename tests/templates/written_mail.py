"""Mail as subscribers get it, made by the real renderer from the bundled templates."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from mail_elements import called
from PIL import Image

from mailer.bundled import templates_folder
from mailer.compose.body import write_body
from mailer.compose.head import Head
from mailer.compose.message import compile_message
from mailer.compose.render import Surroundings, render
from mailer.compose.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.press import Press

DATA = Path(__file__).parents[1] / "data"
SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
SENDER = Mailbox.parse("Harbour Gazette <editor@gazette.example>")
UNSUBSCRIBE = "https://gazette.example/u/6vTgH2mZk1"
POSTAL = "Harbour Gazette, 1 Quay Street, Port Example"
READER = {
    "subscriber": {"name": "Ada Quint", "email": "ada.quint@quay.example"},
    "unsubscribe_url": UNSUBSCRIBE,
}

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
    def kept_style(self) -> str:
        """What stands in the style sheets of the head."""
        return "".join(re.findall(r"<style[^>]*>(.*?)</style>", self.html, flags=re.DOTALL))


def write_mail(path: Path, *own_folders: Path) -> Mail:
    """Return the mail that the issue at `path` becomes; `own_folders` of templates win over the bundled."""
    press = Press(
        folders=[*own_folders, templates_folder()],
        sender=SENDER,
        reply_to=None,
        return_path="editor@gazette.example",
        unsubscribe_address="editor@gazette.example",
        postal_address=POSTAL,
        base_url="https://gazette.example",
        key=b"k" * 32,
    )
    issue, _ = load_issue(path)
    template = press.compile(issue, [SubscriberList(1, "weekly", "Weekly")])
    return Mail(template.html(READER), template.text(READER))


def write_sample(name: str, look: Mapping[str, Any] | None = None) -> Mail:
    """Return the mail that the sample called `name` becomes, its pictures in it."""
    issue, _ = load_issue(SAMPLES / f"{name}.md")
    surroundings = Surroundings(
        sender_name="Harbour Gazette",
        sender_address="editor@gazette.example",
        postal_address=POSTAL,
        list_title="Weekly",
        web=True,
        look=look or {},
    )
    edition = render(issue, called(write_body(issue)), surroundings, [templates_folder()])
    head = Head(SENDER, None, "weekly", "Weekly", "gazette.example", SENDER.address.wire, True, "a:b:c:d")
    template = compile_message(edition, head)
    return Mail(with_pictures(template.html(READER)), template.text(READER))


def with_pictures(html: str) -> str:
    """Return `html` with its relative pictures in it, and with their sizes."""

    def shown(found: re.Match[str]) -> str:
        data = (SAMPLES / found.group(1)).read_bytes()
        width, height = (side // 2 for side in Image.open(BytesIO(data)).size)
        return f'src="data:image/png;base64,{b64encode(data).decode()}" width="{width}" height="{height}"'

    return re.sub(r'src="(pictures/[^"]+)"', shown, html)


def translated(language: str, folder: Path) -> Path:
    """Return everything.md with its prose in another script."""
    passage = LANGUAGES[language]
    text = (DATA / "everything.md").read_text(encoding="utf-8").replace("lang: en", f"lang: {language}")
    text = re.sub(r"^(title|kicker|standfirst|byline): .*$", rf"\1: {passage}", text, flags=re.MULTILINE)
    text = re.sub(r"^(#+|A paragraph with|>) ", rf"\1 {passage} ", text, flags=re.MULTILINE)
    path = folder / f"everything-{language}.md"
    path.write_text(text, encoding="utf-8")
    return path
