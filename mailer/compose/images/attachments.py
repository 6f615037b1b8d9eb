"""An issue's attachments: files beside it that go along with the mail."""

from __future__ import annotations

from collections.abc import Sequence
from mimetypes import MimeTypes
from pathlib import Path, PurePath

from mailer.compose.images.companion import Companion, find_beside, read_file
from mailer.domain.issue import Issue
from mailer.errors import IssueError
from mailer.message.mime.enclosure import MOST_TOGETHER, Enclosure, UnfitFile, check_together

# Gmail turns away mail with one of these (support.google.com/mail/answer/6590), and others do likewise.
_BLOCKED = (
    "ade adp apk appx appxbundle bat cab chm cmd com cpl diagcab diagcfg diagpkg dll dmg ex ex_ exe hta"
    " img ins iso isp jar jnlp js jse lib lnk mde mjs msc msi msix msixbundle msp mst nsh pif ps1 scr"
    " sct shb sys vb vbe vbs vhd vxd wsc wsf wsh xll"
)
BLOCKED = frozenset(_BLOCKED.split())
UNKNOWN = "application/octet-stream"
_COMPRESSED = {"gzip": "application/gzip", "bzip2": "application/x-bzip2", "xz": "application/x-xz"}
# Python's own table: that of the machine would make another revision of the same issue elsewhere.
_TYPES = MimeTypes()
_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
for _ending, _type in {
    ".docx": f"{_OOXML}wordprocessingml.document",
    ".xlsx": f"{_OOXML}spreadsheetml.sheet",
    ".pptx": f"{_OOXML}presentationml.presentation",
    ".odt": f"{_ODF}text",
    ".ods": f"{_ODF}spreadsheet",
    ".odp": f"{_ODF}presentation",
    ".epub": "application/epub+zip",
    ".ics": "text/calendar",
}.items():
    _TYPES.add_type(_type, _ending)


def attached(issue: Issue, images: Sequence[Enclosure] = ()) -> tuple[Enclosure, ...]:
    """Return the attachments of `issue`, each file once, in its order.

    Raises IssueError, with the line, for one that can't be sent, and if they are too much together with the
    `images` that the mail brings along.
    """
    line = issue.field_lines.get("attachments")
    found: dict[Path, Enclosure] = {}
    for typed in issue.attachments:
        try:
            companion = find_beside(Path(issue.path).parent, typed)
            if companion.file not in found:
                found[companion.file] = _read(companion)
        except UnfitFile as error:
            problem = f"attachment {typed!r} {error.problem}"
            raise IssueError(issue.path, line, problem, next_step=error.next_step) from None
    try:
        check_together([*images, *found.values()])
    except UnfitFile as error:
        raise IssueError(issue.path, line, error.problem, next_step=error.next_step) from None
    return tuple(found.values())


def _read(companion: Companion) -> Enclosure:
    file, name = companion
    ending = PurePath(name).suffix
    if ending[1:].lower() in BLOCKED:
        raise UnfitFile(
            f"is a program to Gmail and others ({ending}), which turn away mails with one",
            "Put it on the web and link to it; in a ZIP file it would be found too",
        )
    content = read_file(file, MOST_TOGETHER, "Put it on the web and link to it")
    content_type = _media_type(name)
    charset = "utf-8" if content_type.startswith("text/") and _is_utf8(content) else ""
    return Enclosure(name, content_type, content, charset)


def _media_type(name: str) -> str:
    kind, packed = _TYPES.guess_type(name, strict=True)
    if packed:
        return _COMPRESSED.get(packed, UNKNOWN)
    # RFC 2046 5.1 and 5.2.1: messages and multiparts may not stand in base64.
    return UNKNOWN if kind is None or kind.startswith(("message/", "multipart/")) else kind


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
