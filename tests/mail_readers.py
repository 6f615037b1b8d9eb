"""Programs that others wrote to read mail. Each says what it finds in a message, all in one form."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

MAILPARSER = "3.14.2"  # of npm
STRICT = policy.default.clone(raise_on_defect=True)


@dataclass(frozen=True)
class File:
    """An image or attachment; `disposition` is `inline` or `attachment`, `cid` has no angle brackets."""

    name: str
    content_type: str
    disposition: str
    cid: str
    content: bytes


@dataclass(frozen=True)
class Reading:
    """What a reader finds. Line ends of text and HTML are LF."""

    subject: str
    sender: str
    to: str
    text: str
    html: str
    files: tuple[File, ...]


Reader = Callable[[Sequence[bytes], Path], list[Reading]]


def by_python(messages: Sequence[bytes], _cache: Path) -> list[Reading]:
    """Python's `email`, which raises at the first defect."""
    return [_python_reading(message_from_bytes(message, policy=STRICT)) for message in messages]


def _python_reading(message: EmailMessage) -> Reading:
    assert not [defect for part in message.walk() for value in part.values() for defect in value.defects]
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    files = [leaf for leaf in message.walk() if not leaf.is_multipart() and leaf not in (text, html)]
    return Reading(
        subject=message["Subject"],
        sender=str(message["From"]),
        to=str(message["To"]),
        text=_lines(text.get_content()),
        html=_lines(html.get_content()),
        files=tuple(
            File(
                leaf.get_filename() or "",
                leaf.get_content_type(),
                leaf.get_content_disposition() or "",
                (leaf["Content-ID"] or "").strip("<>"),
                leaf.get_payload(decode=True),
            )
            for leaf in files
        ),
    )


def by_mailparser(messages: Sequence[bytes], place: Path) -> list[Reading]:
    """mailparser for Node, which Nodemailer's author wrote."""
    folder = place / f"mailparser-{MAILPARSER}"
    if missing := _mailparser_missing(folder):
        pytest.skip(missing)
    return _said(["node", "-e", MAILPARSER_PROGRAM], messages, folder)


@cache  # what npm can't reach it would not reach for the next test either
def _mailparser_missing(folder: Path) -> str:
    """Install mailparser in `folder` unless it is there; return why that can't be done, "" if it can."""
    if (folder / "ready").exists():
        return ""
    if not shutil.which("node") or not shutil.which("npm"):
        return "Node and npm are not installed"
    folder.mkdir(parents=True, exist_ok=True)
    options = ["--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    options += ["--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
    command = ["npm", "install", *options, "--prefix", str(folder), f"mailparser@{MAILPARSER}"]
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    except subprocess.TimeoutExpired:
        return f"npm takes too long to install mailparser {MAILPARSER}"
    except subprocess.CalledProcessError as error:
        return f"npm can't install mailparser {MAILPARSER}: {error.stderr.strip()[-200:]}"
    (folder / "ready").touch()
    return ""


def by_email_mime(messages: Sequence[bytes], cache: Path) -> list[Reading]:
    """Email::MIME for Perl."""
    if subprocess.run(["perl", "-MEmail::MIME", "-e1"], capture_output=True, check=False).returncode:
        pytest.skip("Email::MIME is not installed (Debian: apt-get install libemail-mime-perl)")
    return _said(["perl", "-e", PERL_PROGRAM], messages, cache)


def _said(command: list[str], messages: Sequence[bytes], folder: Path) -> list[Reading]:
    """Run a program on files; it prints one JSON object a message, contents in base64."""
    with TemporaryDirectory() as name:
        paths = [Path(name) / f"{number}.eml" for number in range(len(messages))]
        for path, message in zip(paths, messages, strict=True):
            path.write_bytes(message)
        done = subprocess.run(
            [*command, *map(str, paths)], cwd=folder, capture_output=True, timeout=120, check=False
        )
    assert done.returncode == 0, done.stderr.decode()
    return [_reading(json.loads(line)) for line in done.stdout.splitlines()]


def _reading(said: dict[str, Any]) -> Reading:
    files = [File(**{**file, "content": b64decode(file["content"])}) for file in said["files"]]
    return Reading(
        **{**said, "text": _lines(said["text"]), "html": _lines(said["html"]), "files": tuple(files)}
    )


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")


MAILPARSER_PROGRAM = """
const fs = require("fs");
const { simpleParser } = require("mailparser");
(async () => {
  const options = { skipImageLinks: true, skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true };
  for (const path of process.argv.slice(1)) {
    const mail = await simpleParser(fs.readFileSync(path), options);
    console.log(JSON.stringify({
      subject: mail.subject, sender: mail.from.text, to: mail.to.text, text: mail.text, html: mail.html,
      files: mail.attachments.map(file => ({
        name: file.filename || "", content_type: file.contentType, disposition: file.contentDisposition,
        cid: file.cid || "", content: file.content.toString("base64"),
      })),
    }));
  }
})();
"""

PERL_PROGRAM = """
use strict;
use Email::MIME;
use JSON::PP;
use MIME::Base64;
for my $path (@ARGV) {
  open(my $file, "<:raw", $path) or die;
  my $mail = Email::MIME->new(do { local $/; <$file> });
  my %said = (files => [], map { $_->[0] => $mail->header_str($_->[1]) }
    ["subject", "Subject"], ["sender", "From"], ["to", "To"]);
  $mail->walk_parts(sub {
    my $part = shift;
    return if $part->subparts;
    my ($kind) = split /;/, $part->content_type;
    my $disposition = $part->header_raw("Content-Disposition");
    return $said{$kind eq "text/html" ? "html" : "text"} = $part->body_str unless $disposition;
    my $cid = $part->header_raw("Content-ID") // "";
    $cid =~ s/^<|>$//g;
    $disposition =~ s/;.*//s;
    push @{$said{files}}, {
      name => $part->filename, content_type => $kind, disposition => $disposition, cid => $cid,
      content => encode_base64($part->body, ""),
    };
  });
  print JSON::PP->new->ascii->canonical->encode(\\%said), "\\n";
}
"""

READERS: list[Reader] = [by_python, by_mailparser, by_email_mime]
each_reader = pytest.mark.parametrize("read", READERS, ids=["email", "mailparser", "Email::MIME"])
