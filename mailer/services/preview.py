"""An issue as one subscriber would get it, and whom it may be shown as; nothing is sent or recorded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.domain.audience import Recipient
from mailer.engine.compiler import Job
from mailer.proof.proofs import Proofs
from mailer.proof.readers import BARE
from mailer.proof.sample import Sample, make_sample

OFFERED = 8  # readers


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """Which issue, and as whom: `reader` is an address, `BARE`, or "" for the first subscriber.

    `lists`, `subject` and `segment` stand in for the issue's own; the first subscriber is one whom no segment
    takes out. `images_inside`: the workspace's images are to be part of the message, whatever MAIL_IMAGES
    says.
    """

    file: Path
    reader: str = ""
    lists: tuple[str, ...] = ()
    subject: str | None = None
    images_inside: bool = False
    segment: str | None = None
    excluded_segments: tuple[str, ...] = ()


def preview(app: App, request: PreviewRequest, job: Job | None = None) -> Sample:
    """Return the message that was asked for, and what check finds in it.

    `job` is the issue if `compile_issue` has compiled it for this request or another reader's. Raises what a
    send would, and UsageError for what means no reader.
    """
    proofs = _proofs(app, request)
    job = job or _compiled(proofs, request)
    return make_sample(proofs, job, request.reader, _remarks(proofs, job, request))


def compile_issue(app: App, request: PreviewRequest) -> Job:
    """Return the issue compiled for all who may be asked for as its reader."""
    return _compiled(_proofs(app, request), request)


def _compiled(proofs: Proofs, request: PreviewRequest) -> Job:
    segments = request.segment, request.excluded_segments
    return proofs.compile(request.file, request.lists, request.subject, *segments)


def _proofs(app: App, request: PreviewRequest) -> Proofs:
    proofs = app.proofs
    if not request.images_inside:
        return proofs
    return replace(proofs, compiler=replace(proofs.compiler, image_links=None))


def _remarks(proofs: Proofs, job: Job, request: PreviewRequest) -> Iterator[str]:
    if len(proofs.lists) == 1 or request.lists or job.issue.lists:
        return
    shown = f"it is shown as {job.lists[0].name} gets it" if proofs.lists else "one is made up"
    yield f"{job.issue.path} names no list, so {shown}: preview it with --list L"


@dataclass(frozen=True, slots=True)
class OfferedReader:
    """A reader to choose: `reader` is what a request takes, the rest is for the eye."""

    reader: str
    name: str
    note: str


def readers_for(app: App, typed: str) -> list[OfferedReader]:
    """Return whom to offer for what was `typed` so far; with nothing typed, those worth a look."""
    return list(_matching(app, typed) if typed else _worth_a_look(app))


def _worth_a_look(app: App) -> Iterator[OfferedReader]:
    yield OfferedReader("", "The first subscriber", "whom a plain preview shows")
    yield OfferedReader(BARE, "Nobody in particular", "only an address is known: shows what has no fallback")
    if not app.has_database:
        return
    lists = [each.id for each in app.lists.all()]
    barest = app.directory.barest(lists)
    if barest:
        yield OfferedReader(
            barest.email, barest.name or barest.email, "of all subscribers the one with the fewest fields"
        )
    found = app.directory.matching("", OFFERED)
    yield from (_offer(each) for each in found if barest is None or each.email != barest.email)


def _matching(app: App, typed: str) -> Iterator[OfferedReader]:
    found = app.directory.matching(typed, OFFERED) if app.has_database else []
    yield from map(_offer, found)
    if _is_address(typed) and typed.casefold() not in {each.email.casefold() for each in found}:
        yield OfferedReader(typed, typed, "not a subscriber: with an example’s values")


def _offer(found: Recipient) -> OfferedReader:
    return OfferedReader(found.email, found.name or found.email, found.email if found.name else "no name")


def _is_address(typed: str) -> bool:
    try:
        Address.parse(typed)
    except ValueError:
        return False
    return True
