"""What a hostile field does to a message: nothing, or the issue is refused. The bytes are parsed back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from message_samples import HEADER
from pictures import LAUGHS, picture
from slow_way import SMALL_LAYOUT

from mailer.compose.issue.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.issue import Issue
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.errors import IssueError, MailerError
from mailer.message.mime.template import MessageTemplate

ATTACKS = [
    "x\r\nBcc: thief@evil.example",
    "x\nBcc: thief@evil.example",
    "x\rBcc: thief@evil.example",
    "x\r\n Bcc: thief@evil.example\r\n\r\n<p>mine</p>",
    "x\x0bBcc: thief@evil.example",
    "x\x0cBcc: thief@evil.example",
    "x\x85Bcc: thief@evil.example",
    "x\u2028Bcc: thief@evil.example",
    "x\0Bcc: thief@evil.example",
    "x\ud83dBcc: thief@evil.example",
    "=?utf-8?q?x=0D=0ABcc:_thief@evil.example?=",
    "=?utf-8?b?eA0KQmNjOiB0aGllZkBldmlsLmV4YW1wbGU=?=",
    'x" <thief@evil.example>, "y',
    "x>,<thief@evil.example",
    "x; Bcc=thief@evil.example",
    'x"; filename="evil.exe',
]
each_attack = pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))


@dataclass
class Letter:
    """A letter with one field that somebody else wrote."""

    front: dict[str, Any] = field(default_factory=lambda: {"title": "Harbour", "attachments": ["a.pdf"]})
    body: str = "![x](quay.png)\n"
    attachment: str = "a.pdf"
    weekly: SubscriberList = field(default_factory=lambda: SubscriberList(1, "weekly", "Weekly"))
    subscriber: dict[str, Any] = field(default_factory=lambda: {"name": "Ada", "email": "ada@quay.example"})
    header: Any = HEADER

    def write(self, folder: Path) -> bytes:
        (folder / "quay.png").write_bytes(picture())
        (folder / self.attachment).write_bytes(b"%PDF")
        # JSON is YAML, and says every character by its number.
        lines = "".join(f"{key}: {json.dumps(value)}\n" for key, value in self.front.items())
        (folder / "harbour.md").write_text(f"---\n{lines}---\n{self.body}")
        template = self.compiler(load_issue(folder / "harbour.md")[0])
        names = {"subscriber": self.subscriber, "unsubscribe_url": "https://gazette.example/u/1"}
        return template.fill(names | {"header": self.header})

    def compiler(self, issue: Issue) -> MessageTemplate:
        compiler = Compiler(
            folders=SMALL_LAYOUT,
            sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
            reply_to=Mailbox.parse("letters@gazette.example"),
            return_path="editor@gazette.example",
            unsubscribe_address="editor@gazette.example",
            postal_address="1 Quay Street",
            base_url="https://gazette.example",
            key=b"k" * 32,
        )
        return compiler.compile(issue, [self.weekly])


def check(letter: Letter, folder: Path) -> None:
    """The letter is refused, or it has the header fields and the parts of every other one."""
    try:
        wire = letter.write(folder)
    except (MailerError, OSError, ValueError):  # the last two: no file can have such a name
        return
    message = message_from_bytes(wire, policy=policy.strict)
    assert sorted(message.keys()) == FIELDS
    assert [part.get_content_type() for part in message.walk()] == PARTS
    for part in message.walk():
        assert not {"bcc", "cc"} & {name.lower() for name in part.keys()}  # noqa: SIM118 (a header is no dict)
    for name in ("From", "To", "Reply-To"):
        (mailbox,) = message[name].addresses
        assert mailbox.domain in ("gazette.example", "quay.example")
    assert "thief@evil.example" not in str(message["List-Unsubscribe"])


FIELDS = [
    *["Content-Type", "Date", "Feedback-ID", "From", "List-Id", "List-Post", "List-Unsubscribe"],
    *["List-Unsubscribe-Post", "MIME-Version", "Message-ID", "Precedence", "Reply-To", "Subject", "To"],
]
PARTS = [
    "multipart/mixed",
    "multipart/alternative",
    "text/plain",
    "multipart/related",
    "text/html",
    "image/png",
    "application/pdf",
]


def test_an_innocent_letter_is_written(tmp_path: Path) -> None:
    wire = Letter().write(tmp_path)
    message = message_from_bytes(wire, policy=policy.strict)
    assert sorted(message.keys()) == FIELDS
    assert [part.get_content_type() for part in message.walk()] == PARTS


@each_attack
@pytest.mark.parametrize(
    "key",
    [
        "title",
        "subject",
        "description",
        "from",
        "reply_to",
        "slug",
        "lang",
        "list",
        "template",
        "kicker",
        "byline",
        "standfirst",
        "epigraph",
        "date",
    ],
)
def test_front_matter_adds_no_field(key: str, attack: str, tmp_path: Path) -> None:
    letter = Letter()
    letter.front[key] = attack
    check(letter, tmp_path)


@each_attack
@pytest.mark.parametrize(
    "frame", ["{} <editor@gazette.example>", "Gazette <{}@gazette.example>", "Gazette <editor@{}>"]
)
@pytest.mark.parametrize("key", ["from", "reply_to"])
def test_a_mailbox_adds_no_field(key: str, frame: str, attack: str, tmp_path: Path) -> None:
    letter = Letter()
    letter.front[key] = frame.format(attack)
    check(letter, tmp_path)


@each_attack
def test_a_subject_with_a_value_adds_no_field(attack: str, tmp_path: Path) -> None:
    letter = Letter(subscriber={"name": attack, "email": "ada@quay.example"})
    letter.front["subject"] = "Dear {{ subscriber.name }}"
    letter.body += "\nDear {{ subscriber.name }}\n"
    check(letter, tmp_path)


@each_attack
def test_a_list_adds_no_field(attack: str, tmp_path: Path) -> None:
    check(Letter(weekly=SubscriberList(1, "weekly", attack)), tmp_path)
    check(Letter(weekly=SubscriberList(1, attack, "Weekly")), tmp_path)


@each_attack
@pytest.mark.parametrize("part", ["to_name", "to_address", "message_id", "date"])
def test_a_recipient_adds_no_field(part: str, attack: str, tmp_path: Path) -> None:
    check(Letter(header=HEADER._replace(**{part: attack})), tmp_path)
    if part == "to_address":
        check(Letter(header=HEADER._replace(to_address=f"{attack}@quay.example")), tmp_path)


@each_attack
def test_a_file_name_adds_no_field(attack: str, tmp_path: Path) -> None:
    if "\0" in attack or "\ud83d" in attack:
        pytest.skip("no file can have such a name")
    letter = Letter(attachment=f"{attack}.pdf".replace("/", "_"))
    letter.front["attachments"] = [letter.attachment]
    check(letter, tmp_path)
    # A link with a plain name to it brings the link's name along.
    (tmp_path / "plain.pdf").symlink_to(letter.attachment)
    letter.front["attachments"] = ["plain.pdf"]
    assert b'filename="plain.pdf"' in letter.write(tmp_path)


@each_attack
def test_the_name_of_an_image_adds_no_field(attack: str, tmp_path: Path) -> None:
    from html import escape
    from urllib.parse import quote

    attack = attack.replace("\r\n\r\n", "\r\n")  # an empty line would end the element
    name = f"{attack}.png".replace("/", "_")
    if "\0" not in attack and "\ud83d" not in attack:
        (tmp_path / name).write_bytes(picture("PNG", 5, 5))
    for source in (escape(name), quote(name, errors="surrogatepass")):
        check(Letter(body=f'<img src="{source}">\n'), tmp_path)
    check(Letter(body=f'<img src="quay.png" alt="{escape(attack)}">\n'), tmp_path)


@pytest.mark.parametrize(
    "template",
    [
        "../secret",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a/../../secret",
        "..\\secret",
        "news\0letter",
        "%2e%2e/secret",
    ],
)
def test_a_template_is_a_name_and_no_path(template: str, tmp_path: Path) -> None:
    letter = Letter()
    letter.front["template"] = template
    (tmp_path / "secret.html").write_text("secret")
    with pytest.raises(IssueError) as refusal:
        letter.write(tmp_path)
    assert refusal.value.line == 4


@pytest.mark.parametrize("ending", ["md", "html"])
@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("../secret.png", "leads out"),
        ("..%2f..%2fetc/passwd", "leads out"),
        ("laughs.svg", "SVG"),
        ("poster.png", "50.0 MB"),
    ],
)
def test_a_hostile_image_is_refused(source: str, problem: str, ending: str, tmp_path: Path) -> None:
    folder = tmp_path / "issues"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    (folder / "laughs.svg").write_bytes(LAUGHS)
    with (folder / "poster.png").open("wb") as file:
        file.truncate(50_000_000)
    text = f'<p>x</p>\n\n<p><img src="{source}"></p>\n'
    issue, _ = load_issue(_file(folder / f"harbour.{ending}", text))
    with pytest.raises(IssueError, match=problem) as refusal:
        Letter().compiler(issue)
    assert refusal.value.line == 6


def _file(path: Path, body: str) -> Path:
    path.write_text(f"---\ntitle: Harbour\n---\n{body}")
    return path
