"""An issue made ready for its lists: its file read, compiled for them, and looked over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from mailer.bootstrap import App
from mailer.check.finding import Finding, Severity, counted
from mailer.compose.issue.source import load_issue
from mailer.domain.audience import Audience
from mailer.domain.issue import Issue, IssueNotice
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Job
from mailer.engine.sending import Sending
from mailer.errors import UsageError
from mailer.proof.proofread import errors_in, proofread, refuse_errors


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Which issue is to go to whom: the file, which a person called `named`, and lists by name.

    Without `lists` those that the issue names get it, without `segment` those in the one that it names; an
    empty one is none. `subject` stands in for its own.
    """

    file: Path
    named: str
    lists: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    subject: str | None = None
    segment: str | None = None
    excluded_segments: tuple[str, ...] = ()


def request_for(file: Path, named: str, audience: Audience) -> SendRequest:
    """Return the request for just this audience, whatever the issue names by now."""
    return SendRequest(
        file,
        named,
        audience.lists,
        audience.exclude,
        segment=audience.segment,
        excluded_segments=audience.exclude_segments,
    )


@dataclass(frozen=True)
class PreparedSend:
    """An issue compiled for its audience, and what sends it.

    It may be `unfit` for a new send, and only to go on with one that keeps what isn't there any more.
    """

    app: App
    sending: Sending
    job: Job
    named: str
    unfit: UsageError | None = None

    @cached_property
    def findings(self) -> list[Finding]:
        """What check finds in it; looked for once."""
        return proofread(self.sending, self.job)

    def refuse_errors(self, *, force: bool = False, draft: bool = False) -> None:
        """Raise PlanRefused for an issue with errors, unless it is to be sent all the same by `force`.

        With `draft` that it is marked as one is no error: it is to be finished yet.
        """
        if not force:
            refuse_errors(
                self.named, [each for each in self.findings if not (draft and each.rule == "draft")]
            )

    @property
    def errors(self) -> list[str]:
        """The errors among the findings, a line each."""
        return list(errors_in(self.findings))

    @property
    def counted(self) -> str:
        """How many errors and warnings there are, in words; empty if there are none."""
        return counted(self.findings, Severity.ERROR, Severity.WARNING)


def prepare(
    app: App,
    request: SendRequest,
    tell: Callable[[IssueNotice], None] = lambda notice: None,  # noqa: ARG005
) -> PreparedSend:
    """Read and compile an issue for its lists; `tell` is told what its editor should know meanwhile.

    Nothing is recorded. Raises IssueError with file and line, SettingsError, UsageError for a list or a
    segment that isn't there.
    """
    issue, notices = load_issue(request.file)
    for notice in notices:
        tell(notice)
    sending = app.sending()
    lists = _lists(app, issue, request.lists)
    audience, unfit = _audience(app, issue, lists, request)
    job = sending.compiler.prepare(issue, audience, lists, request.subject)
    for notice in (*job.issue.notices[len(notices) :], *job.composed.body.notices):
        tell(notice)
    return PreparedSend(app, sending, job, request.named, unfit)


def _audience(
    app: App, issue: Issue, lists: Sequence[SubscriberList], request: SendRequest
) -> tuple[Audience, UsageError | None]:
    """Return the audience with its segments as they stand; else as a begun send keeps them, and why."""
    excluded = tuple(app.lists.uncounted(name).name for name in request.excluded)
    segment = issue.segment if request.segment is None else request.segment
    audience = Audience(tuple(each.name for each in lists), excluded, segment, request.excluded_segments)
    if not audience.segments:
        return audience, None
    from mailer.services.segments import kept  # lark

    try:
        return replace(audience, kept=kept(app, audience.segments)), None
    except UsageError as error:
        if (send := app.ledger.find(issue.slug, audience)) is None:
            raise
        return replace(audience, kept=send.audience.kept), error


def _lists(app: App, issue: Issue, asked: tuple[str, ...]) -> list[SubscriberList]:
    if names := asked or issue.lists:
        return [app.lists.uncounted(name) for name in dict.fromkeys(names)]
    known = ", ".join(each.name for each in app.lists.all()) or "none yet: mailer lists create NAME"
    raise UsageError(f"to which list? {issue.path} names none", next_step=f"Add --list L. Lists: {known}.")
