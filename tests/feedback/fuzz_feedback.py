"""Looks for octets that a reader of returned mail can't bear, guided by which of its lines are reached.

No part of the tests. `pip install atheris`; `python tests/feedback/fuzz_feedback.py -max_total_time=600`.
It begins with the corpus, and keeps what it finds in the current folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]
with atheris.instrument_imports(include=["mailer.feedback", "mailer.domain.failures"]):
    from mailer.domain.returned import Kind
    from mailer.feedback.reading import Circumstances, read

KNOWN = Circumstances(trusted={"x"})


def one_message(octets: bytes) -> None:
    """Read one message, and have it hold what every verdict promises."""
    verdict = read(octets, KNOWN)
    assert verdict.kind in Kind
    assert verdict.evidence
    for each in verdict.recipients:
        str(each).encode("utf-8")


def main() -> None:
    """Run until stopped, from the corpus on."""
    from returned_corpus import samples

    with tempfile.TemporaryDirectory() as folder:
        for number, each in enumerate(samples()):
            Path(folder, f"{number}.eml").write_bytes(each.octets)
        atheris.Setup([*sys.argv, "-max_len=20000", "-timeout=5", "-rss_limit_mb=1024", folder], one_message)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
