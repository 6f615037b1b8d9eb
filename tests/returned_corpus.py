"""The corpus of mail that comes back: shapes filled in with answers, letters, and what gateways do to both.

What the files hold tests/data/returns/README.md says. `python tests/returned_corpus.py [held|later|fresh]`
says what share of them is understood.
"""

from __future__ import annotations

import base64
import quopri
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import cycle, islice
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from mailer.domain.failures.classify import code_in, status_in
from mailer.feedback.reading import read

RETURNS = Path(__file__).parent / "data" / "returns"
BOUNCES = "bounces+0123456789abcdef@news.gazette.example"
WHO = "ada.lund@quay.example"
STEP = 13
EACH = 9  # answers that each shape is filled in with; more where the shapes are few
COPY = """\
Return-Path: <{bounces}>
Received: from news.gazette.example (news.gazette.example [192.0.2.1])
	by mx.quay.example with ESMTPS id 1; Sun, 22 Nov 2026 09:29:58 +0100
From: Harbour Gazette <news@gazette.example>
To: {who}
Subject: The harbour this week: mailbox full of letters, user unknown at the quay
Message-ID: <issue.ada@gazette.example>
List-Unsubscribe: <https://gazette.example/u/token>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

550 5.1.1 is the number of the ferry that Bo <bo@pier.example> took. It has been blocked as spam by a whale.
"""


@dataclass(frozen=True)
class Sample:
    """A message, and what it is to be taken for: its kind, and each recipient's address and kind."""

    name: str
    octets: bytes
    kind: str
    recipients: tuple[tuple[str, str], ...]
    note: str = ""


def samples(
    shapes: str = "shapes.txt", answers: str = "answers.toml", letters: str = "letters.toml"
) -> list[Sample]:
    """Every message of the files, each shape with some of the answers, each as some gateway leaves it."""
    said = tomllib.loads((RETURNS / answers).read_text(encoding="utf-8"))
    all_said = [(kind, words) for kind in ("hard", "soft", "blocked") for words in said[kind]]
    # Every answer in turn, kinds mixed: the step has no divisor in common with their number.
    assert len(all_said) % STEP
    mixed = cycle(all_said[place * STEP % len(all_said)] for place in range(len(all_said)))
    shaped = list(read_shapes(shapes))
    each = max(EACH, ceil(len(all_said) / len(shaped)))
    plain = [
        _bounce(name, shape, kind, words) for name, shape in shaped for kind, words in islice(mixed, each)
    ]
    plain += list(_letters(letters))
    changed = [change(sample) for sample, change in zip(plain, cycle(CHANGES), strict=False)]
    return [*plain, *(sample for sample in changed if sample is not None)]


def read_shapes(file: str) -> Iterator[tuple[str, str]]:
    """Yield the shapes of a file, by name."""
    _, *sections = (RETURNS / file).read_text(encoding="utf-8").split("#### ")
    for section in sections:
        name, _, text = section.partition("\n")
        yield name.strip(), text


def _bounce(name: str, shape: str, kind: str, words: str) -> Sample:
    said = words.replace("{who}", WHO)
    status = status_in(said) or {"4": "4.0.0"}.get(str(code_in(said))[0], "5.0.0")
    bare = re.sub(r"^\d{3}[ -](?:\d\.\d+\.\d+ )?", "", said)
    values = {"who": WHO, "said": said, "code": str(code_in(said)), "status": status, "words": bare}
    octets = _filled(shape, values)
    return Sample(f"{name}: {said[:50]}", octets, kind, ((WHO, kind),))


def _filled(text: str, values: dict[str, str]) -> bytes:
    text = text.replace("{copy}", COPY)
    for name, value in (values | {"bounces": BOUNCES}).items():
        text = text.replace(f"{{{name}}}", value)
    return re.sub(r"\{(base64|gb2312):(.*)\}", _encoded, text, flags=re.DOTALL).encode()


def _encoded(match: re.Match[str]) -> str:
    charset = "utf-8" if match[1] == "base64" else match[1]
    return base64.encodebytes(match[2].encode(charset)).decode("ascii")


def _letters(file: str) -> Iterator[Sample]:
    for letter in tomllib.loads((RETURNS / file).read_text(encoding="utf-8"))["letter"]:
        yield from _variants(letter)


def _variants(letter: dict[str, Any]) -> Iterator[Sample]:
    kinds = letter.get("kinds") or [letter["kind"]] * len(letter["who"])
    recipients = tuple(zip(letter["who"], kinds, strict=True))
    variants = [("subject", each) for each in letter.get("subjects", [])]
    variants += [("field", each) for each in letter.get("fields", [])]
    for what, value in variants or [("", "")]:
        octets = _filled(letter["text"].lstrip("\n") or "\n", {what: value, "who": "ada@quay.example"})
        yield Sample(
            f"{letter['name']} {value}".strip(), octets, letter["kind"], recipients, letter.get("note", "")
        )


# What happens to a message on its way. None: it can't happen to this one.


def _crlf(sample: Sample) -> Sample | None:
    return replace(sample, name=f"{sample.name}, CRLF", octets=sample.octets.replace(b"\n", b"\r\n"))


def _in_an_mbox(sample: Sample) -> Sample | None:
    line = b"From MAILER-DAEMON Sun Nov 22 09:30:00 2026\n"
    return replace(sample, name=f"{sample.name}, from an mbox", octets=line + sample.octets)


_STATUS = re.compile(
    rb"(\nContent-Type: message/delivery-status[^\n]*\n)((?:[^\n]+\n)*)\n(.*?)(?=\n--)", re.DOTALL
)


def _part_encoded(sample: Sample, encoding: bytes, encode: Callable[[bytes], bytes]) -> Sample | None:
    """Encode the delivery status."""
    part = _STATUS.search(sample.octets)
    if part is None or b"ransfer-" in part[2]:
        return None
    fields = part[1] + part[2] + b"Content-Transfer-Encoding: " + encoding + b"\n\n"
    octets = sample.octets[: part.start()] + fields + encode(part[3]) + sample.octets[part.end() :]
    return replace(sample, name=f"{sample.name}, {encoding.decode()}", octets=octets)


def _base64(sample: Sample) -> Sample | None:
    return _part_encoded(sample, b"base64", base64.encodebytes)


def _quoted_printable(sample: Sample) -> Sample | None:
    return _part_encoded(sample, b"quoted-printable", quopri.encodestring)


def _cut_off(sample: Sample) -> Sample | None:
    """Cut a report off in the middle of the copy that it ends in, as gateways with a limit do."""
    place = sample.octets.rfind(b"\nSubject: The harbour this week: mailbox")
    if place < 0:
        return None
    return replace(sample, name=f"{sample.name}, cut off", octets=sample.octets[:place])


def _passed_on(sample: Sample) -> Sample | None:
    """Put a bounce into a message of somebody who passes it on."""
    if sample.kind not in ("hard", "soft", "blocked", "complaint"):
        return None
    head = (
        b"From: Bo <bo@pier.example>\nTo: news@gazette.example\nSubject: Fwd: something came back\n"
        b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="outer"\n\n'
        b"--outer\nContent-Type: text/plain\n\nThis came to me.\n--outer\nContent-Type: message/rfc822\n\n"
    )
    return replace(sample, name=f"{sample.name}, passed on", octets=head + sample.octets + b"\n--outer--\n")


CHANGES: tuple[Callable[[Sample], Sample | None], ...] = (
    _crlf, _base64, _in_an_mbox, _quoted_printable, _passed_on, _cut_off,
)  # fmt: skip


HARMLESS = ("auto-reply", "reply", "unknown")  # of which nothing follows for anybody
HELD_OUT = ("held_out_shapes.txt", "held_out_answers.toml", "held_out_letters.toml")
LATER = ("later_shapes.txt", "later_answers.toml", "later_letters.toml")
FRESH = ("fresh_shapes.txt", "fresh_answers.toml", "fresh_letters.toml")


class Measure(NamedTuple):
    """How many messages there are, and which were taken for something else."""

    messages: int
    wrong: list[tuple[Sample, tuple[tuple[str, str], ...]]]
    soft: int
    soft_called_hard: int
    harmed: list[Sample]  # nothing failed, and yet something would have been done

    @property
    def right(self) -> float:
        """The share that was given to the right recipient with the right kind."""
        return 1 - len(self.wrong) / self.messages


def measure(corpus: list[Sample]) -> Measure:
    """Read every message of a corpus."""
    counts: Counter[str] = Counter()
    wrong, harmed = [], []
    for sample in corpus:
        verdict = read(sample.octets)
        found = tuple((each.address, str(each.kind)) for each in verdict.recipients)
        expected = {kind for _, kind in sample.recipients}
        if (verdict.kind, found) != (sample.kind, sample.recipients):
            wrong.append((sample, found))
        counts["soft"] += "soft" in expected
        counts["hard"] += expected == {"soft"} and verdict.kind == "hard"
        if sample.kind in HARMLESS and verdict.kind not in HARMLESS:
            harmed.append(sample)
    return Measure(len(corpus), wrong, counts["soft"], counts["hard"], harmed)


if __name__ == "__main__":
    which = {"held": HELD_OUT, "later": LATER, "fresh": FRESH}.get("".join(sys.argv[1:]), ())
    done = measure(samples(*which))
    for sample, found in done.wrong:
        print(f"{sample.name}\n    wanted {sample.kind} {sample.recipients}\n    found  {found}")
    print(f"{done.messages} messages, {done.right:.1%} right, {len(done.harmed)} harmed")
    print(f"{done.soft_called_hard} of {done.soft} soft called hard")
