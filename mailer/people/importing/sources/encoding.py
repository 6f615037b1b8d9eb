"""In which encoding a file of people is written: UTF-8, UTF-16, or an older one that has to be guessed."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailer.errors import UsageError
from mailer.people.importing.sources.origin import BLOCK, FileOrigin

UTF8 = "utf-8-sig"
LOOKED_AT = 4096  # octets
SAMPLE = 64 * 1024  # octets, of lines that are not ASCII

# The octets that files begin with. UTF-32's mark begins with UTF-16's, so it comes first.
MARKS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Of those that fit a text as well, the first is meant: what Windows has in western Europe is the commonest.
LIKELY = (
    *("cp1252", "cp1250", "cp1251", "cp1254", "cp1253", "cp1257", "shift_jis", "gb18030", "euc_kr", "big5"),
    *("euc_jp", "koi8_r", "cp1255", "cp1256", "mac_roman", "cp850", "cp437"),
)
_WORD = re.compile(rb"[^\s,;|\"]+")


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """An encoding as Python names it, and what has to be said of how it was found."""

    name: str
    remarks: tuple[str, ...] = ()


def encoding_of(origin: FileOrigin, asked: str = "") -> TextEncoding:
    """Return the encoding of a file; `asked` is what a person says it is. UsageError if it can't be told."""
    if asked:
        return TextEncoding(_known(asked))
    head = origin.head(LOOKED_AT)
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None) or _unmarked(head)
    if marked:
        return TextEncoding(marked)
    return TextEncoding(UTF8) if _is_utf8(origin) else _guessed(origin)


def lines(origin: FileOrigin, encoding: str) -> Iterator[str]:
    """Yield the physical lines with their ends; UsageError if the file can't be read in this encoding."""
    try:
        with io.TextIOWrapper(origin.open(), encoding, newline="") as text:
            yield from text
    except UnicodeError:
        raise UsageError(
            f"{origin} can't be read to its end as {encoding.removesuffix('-sig').upper()}",
            next_step="Save it as UTF-8, or say what it is written in, as in: --encoding cp1252",
        ) from None


def _known(name: str) -> str:
    try:
        found = codecs.lookup(name)
        "é".encode(found.name, "replace")  # codecs from octets to octets are none
    except (LookupError, ValueError, TypeError):
        raise UsageError(
            f"--encoding {name}: there is no such encoding",
            next_step="Some are utf-8, utf-16, cp1252, cp1250, cp1251, latin-1, mac_roman, shift_jis.",
        ) from None
    return UTF8 if found.name == "utf-8" else found.name


def _unmarked(head: bytes) -> str:
    """Tell UTF-16 without a mark: every other octet of mostly Latin text is zero there."""
    half = len(head) // 2
    zeros = {"utf-16-be": head[0::2].count(0), "utf-16-le": head[1::2].count(0)}
    likely = max(zeros, key=lambda name: zeros[name])
    return likely if half and zeros[likely] > half / 2 > 4 * min(zeros.values()) else ""


def _is_utf8(origin: FileOrigin) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with origin.open() as file:
        try:
            while block := file.read(BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _guessed(origin: FileOrigin) -> TextEncoding:
    """Return the older encoding that reads best; UsageError if the file is partly UTF-8 all the same."""
    first, sample, counts = 0, bytearray(), {True: 0, False: 0}
    for number, line in _foreign(origin):
        is_utf8 = _decodes(line)
        counts[is_utf8] += 1
        if not is_utf8 and len(sample) < SAMPLE:
            first = first or number
            sample += line[:SAMPLE]
    if counts[True] > counts[False] / 10:
        raise UsageError(
            f"{origin}:{first}: this line is not written in UTF-8 as others are",
            next_step="Correct it; or say what all of the file is written in, as in: --encoding cp1252",
        )
    name = _likeliest(bytes(sample))
    shown = bytes(sample).decode(name, "replace").splitlines()[0].strip()[:60]
    return TextEncoding(
        name, (f"not UTF-8: read as {name} (line {first}: {shown}); --encoding says otherwise",)
    )


def _likeliest(sample: bytes) -> str:
    from charset_normalizer import from_bytes  # most files never need it

    # Addresses and the like would only make all encodings look alike.
    words = b" ".join(word for word in _WORD.findall(sample) if not word.isascii())
    found = list(from_bytes(words, cp_isolation=list(LIKELY)))
    best = min((each.chaos for each in found), default=0.0)
    near = [each for each in found if each.chaos == best]
    fit = {name for each in near for name in (each.encoding, *each.could_be_from_charset)}
    return next((each for each in LIKELY if each in fit), LIKELY[0])


def _foreign(origin: FileOrigin) -> Iterator[tuple[int, bytes]]:
    """Yield the lines that are not ASCII, with their numbers."""
    with io.TextIOWrapper(origin.open(), "latin-1", newline="") as octets:
        for number, line in enumerate(octets, 1):
            if not line.isascii():
                yield number, line.encode("latin-1")


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
