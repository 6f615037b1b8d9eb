"""Where the time of a send goes: the stacks that a sampling profiler saw, counted by what was being done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

# What is done, and how a stack shows it: by one of these in any of its frames, `function (file:line)`. The
# first that fits counts, so that importing, proving and recording are told from what all of them call.
ROOMS: Sequence[tuple[str, Sequence[str]]] = (
    ("start: imports", ("<frozen importlib",)),
    ("start: freezing the audience", ("mailer/ledger/freezing.py", "Ledger.freeze (")),
    ("start: proving each render", ("mailer/engine/plan.py", "Sending._proved (")),
    (
        "start: the issue read, compiled and checked",
        ("mailer/services/prepare.py", "mailer/services/begin.py", "mailer/engine/compiler.py"),
    ),
    ("journal", ("mailer/ledger/journal.py",)),
    ("recording outcomes in the ledger", ("Worker.flush (", "Worker.close (", "mailer/ledger/recording.py")),
    (
        "taking deliveries from the ledger, looking again for people who left",
        ("mailer/ledger/", "mailer/store/"),
    ),
    (
        "filling in what is a recipient's own, joining the message",
        ("mailer/engine/personaliser.py", "mailer/message/"),
    ),
    ("handing octets to the kernel", ("Connection.write (",)),
    ("the worker: outcomes, pacing, brake", ("mailer/engine/worker.py", "mailer/engine/feeder.py")),
    ("the SMTP conversation: commands, replies, window", ("mailer/smtp/",)),
    ("the event loop: waking, reading", ("mailer/engine/stopping.py",)),
)
REST = "the rest"
ALL = (*(name for name, _ in ROOMS), REST)


def room(stack: str) -> str:
    """Return what is done where the profiler saw this stack: frames from the outermost on, joined by `;`."""
    return next((name for name, signs in ROOMS if any(sign in stack for sign in signs)), REST)


def shares(lines: Iterable[str]) -> dict[str, float]:
    """Return the share of each room, in the rooms' order, in what py-spy wrote (`--format raw`): a stack and
    how often it was seen, a line each.
    """
    seen: Counter[str] = Counter()
    for line in lines:
        stack, _, times = line.rpartition(" ")
        seen[room(stack)] += int(times)
    return {name: seen[name] / seen.total() for name in ALL if seen[name]}
