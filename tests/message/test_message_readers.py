"""Whole messages from issue files, read back by programs that others wrote: what went in comes out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from dkim_readers import DOMAIN, ed25519_key, records, rsa_key
from dkim_readers import each_reader as each_dkim_reader
from mail_readers import File, Reader, each_reader
from message_samples import HEADER
from pictures import moving, picture

from mailer.compose.issue.source import load_issue
from mailer.domain.address import Mailbox
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Compiler
from mailer.message.dkim.signer import Signer
from mailer.message.mime.template import MessageTemplate
from mailer.workspace.bundled import sample, templates_folder

pytestmark = pytest.mark.peers

NAMES = {
    "subscriber": {"name": "Zoë Ångström", "email": "zoe@quay.example"},
    "unsubscribe_url": "https://gazette.example/u/AbC-123",
    "browser_url": "https://gazette.example/view/AbC-123",
    "preferences_url": "https://gazette.example/p/AbC-123",
    "header": HEADER,
}
QUAY, CLOCK, WAVE = picture("JPEG", 1280, 640), picture("PNG", 90, 120), moving()
PDF = b"%PDF-1.7\r\n" + bytes(range(256)) * 40
TIDES = "day,high water\nMonday,06:14\n— Dienstag,06:58\n".encode()
SHOWS = """![The quay](images/quay.jpg)

![The clock](<the clock.png>) ![Again](images/quay.jpg)

![Wave](волна.gif)
"""
JAPANESE = "港の時計がふたたび動き出した。" * 40
SENTENCE = "The ferry leaves at nine.\n.\nFrom the north mole, {{ subscriber.name }}.\n"


@dataclass(frozen=True)
class Case:
    """An issue's file, and the files beside it that belong into its mail."""

    text: str
    images: Mapping[str, bytes]
    attachments: Mapping[str, bytes]


def case(
    front: str, body: str, images: Mapping[str, bytes] = {}, attachments: Mapping[str, bytes] = {}
) -> Case:
    listed = "".join(f"  - '{name}'\n" for name in attachments)
    files = f"attachments:\n{listed}" if attachments else ""
    return Case(f"---\n{front}\n{files}---\n{body}", images, attachments)


PICTURES = {"images/quay.jpg": QUAY, "the clock.png": CLOCK, "волна.gif": WAVE}
FILES = {
    "programme.pdf": PDF,
    "tides, November.csv": TIDES,
    "Fährplan «Winter».pdf": PDF[:-1],
    "расписание/潮汐表.xlsx": b"PK\x03\x04" + PDF,
    "note.txt": b"\xff\xfe latin",
    "letter.eml": b"Subject: x\r\n\r\nx\r\n",
    'a "quoted" name.tar.gz': b"\x1f\x8b" + PDF,
    f"{'ein sehr langer Name, mit Umläuten ' * 5}.pdf": b"%PDF",
    f"{'a-long-name-in-ascii-' * 9}.pdf": b"%PDF-1",
    "=?utf-8?q?looks_encoded?=.pdf": b"%PDF-2",
}
CASES = {
    "plain": Case(sample("harbour.md").read_text(), {}, {}),
    "images": case("title: Pictures", SHOWS, PICTURES),
    "attachments": case("title: Files", SENTENCE, {}, FILES),
    "both": case("title: Everything", SHOWS + SENTENCE, PICTURES, FILES),
    "another script": case("title: 港の時計\nlang: ja", JAPANESE, {}, {}),
    "another script, both": case(
        f"title: {'港の時計がふたたび ' * 9}\nlang: ja", SHOWS + JAPANESE, PICTURES, FILES
    ),
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], MessageTemplate]:
    @cache
    def compile_case(name: str) -> MessageTemplate:
        folder = tmp_path_factory.mktemp("issues")
        each = CASES[name]
        for file, content in {**each.images, **each.attachments}.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_bytes(content)
        (folder / "harbour.md").write_text(each.text)
        compiler = Compiler(
            folders=[templates_folder()],
            sender=Mailbox.parse("Harbour Gazette <editor@gazette.example>"),
            reply_to=None,
            return_path="editor@gazette.example",
            unsubscribe_address="editor@gazette.example",
            postal_address="1 Quay Street",
            base_url="https://gazette.example",
            key=b"k" * 32,
        )
        return compiler.compile(load_issue(folder / "harbour.md")[0], [SubscriberList(1, "weekly", "Weekly")])

    return compile_case


each_case = pytest.mark.parametrize("name", CASES)


@each_case
@each_reader
def test_a_reader_finds_what_was_put_in(
    read: Reader, name: str, compiled: Callable[[str], MessageTemplate], pytestconfig: pytest.Config
) -> None:
    template = compiled(name)
    (found,) = read([template.fill(NAMES)], pytestconfig.cache.mkdir("readers"))
    assert found.subject == template.subject(NAMES)
    assert found.to.replace('"', "") == "Zoë Ångström <zoe@quay.example>"
    assert found.sender.replace('"', "") == "Harbour Gazette <editor@gazette.example>"
    assert found.html.rstrip("\n") == template.html(NAMES).rstrip("\n")
    assert found.text.rstrip("\n") == template.text(NAMES).rstrip("\n")
    images = [file for file in found.files if file.disposition == "inline"]
    attachments = [file for file in found.files if file.disposition == "attachment"]
    assert {file.name: file.content for file in images} == _by_name(CASES[name].images)
    assert {file.name: file.content for file in attachments} == _by_name(CASES[name].attachments)
    assert {*re.findall(r'src="cid:([^"]+)"', found.html)} == {file.cid for file in images}
    assert not [file for file in attachments if file.cid]
    assert all(TYPES.get(_ending(file), file.content_type) == file.content_type for file in found.files)


def test_a_mail_goes_along_as_a_file(compiled: Callable[[str], MessageTemplate]) -> None:
    # RFC 2046 5.2.1: as message/rfc822 it could not stand in base64.
    wire = compiled("attachments").fill(NAMES)
    assert b'Content-Type: application/octet-stream; name="letter.eml"\r\n' in wire


TYPES = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "gif": "image/gif",
    "pdf": "application/pdf",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "txt": "text/plain",
    "gz": "application/gzip",
}


def _by_name(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {Path(path).name: content for path, content in files.items()}


def _ending(file: File) -> str:
    return file.name.rpartition(".")[2]


@each_dkim_reader
def test_signatures_hold(read: Callable, compiled: Callable[[str], MessageTemplate]) -> None:
    signer = Signer(DOMAIN, [rsa_key(), ed25519_key()])
    signed = []
    for name in CASES:
        header, body = compiled(name).parts(compiled(name).fillings(NAMES))
        signed.append(b"".join([signer.signatures(header, body, 1_795_000_000), *header, b"\r\n", *body]))
    dns = records(rsa_key(), ed25519_key())
    for verdicts in read(signed, dns):
        assert verdicts["news1"], verdicts
        assert all(verdicts.values()), verdicts


@each_case
def test_every_line_is_fit_for_the_wire(name: str, compiled: Callable[[str], MessageTemplate]) -> None:
    template = compiled(name)
    wire = template.fill(NAMES)
    assert wire.isascii()
    assert b"\0" not in wire
    lines = wire.split(b"\r\n")
    assert lines.pop() == b""
    assert not [line for line in lines if b"\r" in line or b"\n" in line]
    # RFC 5322 2.1.1: a line that could be folded is no longer than this.
    assert not [line for line in lines if len(line) > 78 and b" " in line.partition(b": ")[2]]
    header, body = template.parts(template.fillings(NAMES))
    assert all(piece.endswith(b"\r\n") or not piece for piece in [*header, *body])
    content = wire.partition(b"\r\n\r\n")[2]
    assert not re.search(rb"(?m)^(?:\.|From )", content)


@each_case
def test_boundaries_stand_where_parts_begin_and_end(
    name: str, compiled: Callable[[str], MessageTemplate]
) -> None:
    wire = compiled(name).fill(NAMES)
    boundaries = re.findall(rb'boundary="([^"]+)"', wire)
    assert len(set(boundaries)) == len(boundaries)
    leaves = len(CASES[name].images) + len(CASES[name].attachments) + 2
    nested = len(boundaries) - 1
    delimiters = [line for line in wire.split(b"\r\n") if any(each in line for each in boundaries)]
    assert len(delimiters) == leaves + nested + 2 * len(boundaries)  # opened, named in the header, closed


@each_case
def test_a_stored_template_is_the_same(name: str, compiled: Callable[[str], MessageTemplate]) -> None:
    template = compiled(name)
    stored = MessageTemplate.load(template.dump())
    assert stored.revision == template.revision
    assert stored.fill(NAMES) == template.fill(NAMES)
