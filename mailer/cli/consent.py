"""What `mailer subscribers import` asks when a file seems to say who agreed to get mail and who left."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from mailer.domain.address import CONTROLS
from mailer.domain.standing import Standing
from mailer.errors import PlanRefused
from mailer.services.import_people import ConsentUnclear, Seen

SHOWN = 5  # values of a column
ANSWERS = """\
  --status COLUMN          says how each stands; rows not clear are rejected
  --unsubscribed-if VALUE  who has it left (or COLUMN=VALUE); --subscribed-if
  --ignore COLUMN          has nothing to do with consent: an ordinary field
  --map COLUMN=agreed_at   tells when they agreed: into the record of consent
  --as STANDING            all in the file are unsubscribed, bounced, ...
  --as subscribed          they did agree, but for whom a column says otherwise"""


def question(stop: ConsentUnclear, add_list: Sequence[str], files: Sequence[Path]) -> PlanRefused:
    """Return the error that asks what the columns mean; `add_list` are options that the command lacks.

    Of several `files` the one that it is about comes first, and alone: the others may not have its columns.
    """
    lines = [f"{stop}; nothing was imported:"]
    if stop.name:
        lines.append(f"  its name: everybody in it is {stop.name}, or else --as subscribed")
    if stop.doubt:
        lines.append(f"  {stop.doubt}")
    lines += [line for seen in stop.seen for line in _column(seen)]
    lines += ["Say what it means:", ANSWERS]
    answers = [word for seen in stop.seen for word in _answer(seen)]
    options = ["--as", str(stop.name)] if stop.name else answers
    if stop.doubt:
        options += ["--as", str(Standing.SUBSCRIBED)]
    others = [each for each in files if stop.path in files and each != stop.path]
    words = [word for word in sys.argv[1:] if Path(word) not in others]
    command = shlex.join(["mailer", *words, *add_list, *options])
    if others:
        command += f"\n        Then by themselves: {shlex.join(map(str, others))}"
    doubts = [seen.column.heading for seen in stop.seen if not stop.name and _is_doubtful(seen)]
    if stop.doubt:
        command = f"If everybody in it agreed to get this mail: {command}"
    elif doubts:
        command = (
            f"If {', '.join(doubts)} has nothing to do with consent: {command}\n"
            "        Else say what its values mean: --subscribed-if VALUE, --unsubscribed-if VALUE."
        )
    return PlanRefused("\n".join(lines), next_step=command)


def _column(seen: Seen) -> Iterator[str]:
    yield f"  {seen.column.heading}"
    for text, count in seen.counts.most_common(SHOWN):
        # What a file holds must not move a terminal's cursor.
        plain = CONTROLS.sub("�", text) or "a blank"
        shown = plain if len(plain) <= 50 else f"{plain[:49]}…"
        meaning = seen.meaning(text) or "not clear"
        rows = f"{count:,} rows, from line" if count > 1 else "line"
        yield f"    {shown} ({rows} {seen.lines[text]:,}) -> {meaning}"
    if (more := len(seen.counts) - SHOWN) > 0:
        yield f"    and {more:,} other values"


def _understood(seen: Seen) -> list[str]:
    return [text for text in seen.counts if text and not CONTROLS.search(text) and seen.meaning(text)]


def _is_doubtful(seen: Seen) -> bool:
    """Whether nothing in the column is a word that is known, so that it may well be about something else."""
    return _answer(seen)[0] == "--ignore" and not (seen.sense and seen.sense.evidence)


def _answer(seen: Seen) -> list[str]:
    """Return the options that take the column as it was understood."""
    heading, words = seen.column.heading, _understood(seen)
    if seen.sense is None and words:
        return [word for text in words for word in ("--unsubscribed-if", f"{heading}={text}")]
    # Who left or bounced is not left aside because nobody knows the word for it.
    if seen.sense and not seen.sense.evidence and (words or seen.sense.blank is Standing.SUBSCRIBED):
        return ["--status", heading]
    return ["--map", f"{heading}=agreed_at"] if seen.tells_when else ["--ignore", heading]
