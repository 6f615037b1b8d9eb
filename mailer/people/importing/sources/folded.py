"""Lines that go on after a line end and a blank: in vCards (RFC 6350 3.2) and in LDIF (RFC 2849)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

LONGEST = 1024 * 1024  # characters of a line with all that goes on after it; longer ones are pictures


def unfold(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield whole lines with the number of the physical one they begin on; of what is too long, the begin."""
    begun, parts, length = 0, [], 0  # type: int, list[str], int
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if text[:1] in (" ", "\t") and begun:
            if length < LONGEST:
                parts.append(text[1:])
                length += len(text)
            continue
        if begun:
            yield begun, "".join(parts)
        begun, parts, length = number, [text], len(text)
    if begun:
        yield begun, "".join(parts)
