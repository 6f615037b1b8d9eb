"""Mail as subscribers get it, made by the real renderer from the bundled templates."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mailer.bundled import templates_folder
from mailer.compose.head import Envelope
from mailer.compose.source import load_issue
from mailer.compose.template import MessageTemplate
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.press import Press

DATA = Path(__file__).parents[1] / "data"
UNSUBSCRIBE = "https://gazette.example/u/6vTgH2mZk1"
NAMES = {
    "subscriber": {"name": "Ada Quint", "email": "ada.quint@quay.example"},
    "unsubscribe_url": UNSUBSCRIBE,
    "envelope": Envelope(
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
    def kept_style(self) -> str:
        """What stands in the style sheets of the head."""
        return "".join(re.findall(r"<style[^>]*>(.*?)</style>", self.html, flags=re.DOTALL))


def write_mail(path: Path, *own_folders: Path) -> Mail:
    """Return the mail that the issue at `path` becomes; `own_folders` of templates win over the bundled."""
    template = compiled(path, *own_folders)
    return Mail(template.html(NAMES), template.text(NAMES))


def write_message(path: Path, *own_folders: Path) -> bytes:
    """Return the whole message that Ada Quint gets."""
    return compiled(path, *own_folders).fill(NAMES)


def compiled(path: Path, *own_folders: Path) -> MessageTemplate:
    """Return the compiled message of the issue at `path`."""
    press = Press(
        folders=[*own_folders, templates_folder()],
        sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
        reply_to=None,
        return_path="editor@gazette.example",
        unsubscribe_address="editor@gazette.example",
        postal_address=POSTAL,
        base_url="https://gazette.example",
        key=b"k" * 32,
    )
    issue, _ = load_issue(path)
    return press.compile(issue, [SubscriberList(1, "weekly", "Weekly")])


def translated(language: str, folder: Path) -> Path:
    """Return everything.md with its prose in another script."""
    passage = LANGUAGES[language]
    text = (DATA / "everything.md").read_text(encoding="utf-8").replace("lang: en", f"lang: {language}")
    text = re.sub(r"^(title|kicker|standfirst|byline): .*$", rf"\1: {passage}", text, flags=re.MULTILINE)
    text = re.sub(r"^(#+|A paragraph with|>) ", rf"\1 {passage} ", text, flags=re.MULTILINE)
    path = folder / f"everything-{language}.md"
    path.write_text(text, encoding="utf-8")
    return path
