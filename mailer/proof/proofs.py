"""From an issue to a compiled issue, and from that to one reader's mail as `mailer.check` looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from mailer.check.rendered import RenderedMail
from mailer.compose.issue.source import load_issue
from mailer.domain.audience import Audience, Recipient
from mailer.domain.field import FieldType
from mailer.domain.page import pages_of
from mailer.domain.recipient_names import LINKS
from mailer.domain.subscriber import OWN_FIELDS, SubscriberList
from mailer.engine.compiler import Compiler, Job
from mailer.engine.plan import refusals_of
from mailer.errors import IssueError, UsageError
from mailer.people.lists import no_such_list
from mailer.proof.readers import first_reader

if TYPE_CHECKING:
    from mailer.domain.issue import Issue
    from mailer.domain.segment.named import KeptSegment
    from mailer.ledger.ledger import Ledger
    from mailer.people.directory import Directory
    from mailer.people.lists import Lists

LOOKED_AT = 20  # recipients; with the first who can get the issue it is looked at
NAMELESS = SubscriberList(0, "newsletter", "Newsletter")  # where there is no list yet


@dataclass(frozen=True, slots=True)
class Census:
    """Of those who would get an issue: how many they are, how many have a value for each field it uses.

    `texts` are what the fields hold that an `if` hangs on, as far as it is text, each with how often.
    `types` are the fields' types, where one is compared with a text. `refusals` say for how many it can't be
    filled and why, where that was tried.
    """

    recipients: int = 0
    values: Mapping[str, int] | None = None
    texts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    types: Mapping[str, FieldType] = field(default_factory=dict)
    refusals: tuple[tuple[str, str | None], ...] = ()


@dataclass(frozen=True)
class Proofs:
    """Proofs of issues, made by the steps of a send; nothing is recorded.

    `ledger`, `all_lists`, `directory` and `keep`, which returns segments as they stand, are None where there
    is no database yet: then nobody gets an issue, and there is no list.
    """

    compiler: Compiler
    ledger: Ledger | None = None
    all_lists: Lists | None = None
    directory: Directory | None = None
    keep: Callable[[Sequence[tuple[str, bool]]], tuple[KeptSegment, ...]] | None = None

    @cached_property
    def lists(self) -> Mapping[str, SubscriberList]:
        """Every list by its name."""
        return {each.name: each for each in self.all_lists.all()} if self.all_lists else {}

    def compile(
        self,
        file: Path,
        asked: Sequence[str] = (),
        subject: str | None = None,
        segment: str | None = None,
        excluded: tuple[str, ...] = (),
    ) -> Job:
        """Return the issue in `file`, compiled for the lists that were `asked` for, else for its own.

        Its readers are those in the `segment`, else in its own, and in none of those `excluded`.

        An own one that there is not yet is stood in for by one with the id 0. An issue that names none is
        compiled for the first there is. Raises what a send would: IssueError with file and line,
        SettingsError, UsageError for what was asked for and isn't there.
        """
        for name in asked:
            if name not in self.lists:
                raise no_such_list(name, list(self.lists))
        issue, _ = load_issue(file)
        named = dict.fromkeys(asked or issue.lists)
        lists = [self.lists.get(name) or SubscriberList(0, name, name) for name in named]
        lists = lists or list(self.lists.values())[:1] or [NAMELESS]
        within = issue.segment if segment is None else segment
        there = tuple(each.name for each in lists if each.id)
        audience = Audience(there, segment=within, exclude_segments=excluded)
        audience = self._kept(audience, issue, named=segment is not None)
        return self.compiler.prepare(issue, audience, lists, subject)

    def _kept(self, audience: Audience, issue: Issue, *, named: bool) -> Audience:
        """Return an audience with its segments as they stand; none of them where there is no database.

        UsageError or SegmentError for one that can't be had; if the issue names it, IssueError.
        """
        if self.keep is None or not (audience.lists and audience.segments):
            return audience.whole
        try:
            return replace(audience, kept=self.keep(audience.segments))
        except UsageError as error:
            if named or not issue.segment:
                raise
            said, line = f"segment: {error.problem}", issue.field_lines.get("segment")
            raise IssueError(issue.path, line, said, next_step=error.next_step) from None

    def missing_lists(self, issue: Issue) -> tuple[str, ...]:
        """Return the lists that an issue names and that don't exist."""
        return tuple(name for name in issue.lists if name not in self.lists)

    def getting(self, job: Job) -> Iterator[Recipient]:
        """Yield those who get a job, whether they got it before or not."""
        if self.ledger is None or not job.audience.lists:
            return
        for recipient, reason in self.ledger.preview(job.issue.slug, job.audience, again=True):
            if reason is None:
                yield recipient

    def first(self, job: Job) -> Recipient | None:
        """Return the first who gets a job; of one without segments whoever is on its lists the longest."""
        if self.directory is None or job.audience.segments:
            return next(self.getting(job), None)
        return self.directory.first([each.id for each in job.lists])

    def reader(self, job: Job) -> Recipient | None:
        """Return the first who can get the job, else somebody made up who can, else None."""
        people = islice(self.getting(job), LOOKED_AT)
        return first_reader(job.template, self.compiler.trial(job), people)

    def census(self, job: Job, tried: Callable[[Census], bool]) -> Census:
        """Count those who would get the job; fill it for each of them if it is to be `tried` after that."""
        counted = self._counted(job)
        if not (job.audience.lists and tried(counted)):
            return counted
        refusals = refusals_of(job.template, self.compiler.trial(job), pages_of(self.getting(job)))
        return replace(counted, refusals=tuple(refusals.said()))

    def _counted(self, job: Job) -> Census:
        template, slug = job.template, job.issue.slug
        if self.ledger is None or not (job.audience.lists and template.uses):
            return Census()
        free = sorted(template.decides.keys() - set(OWN_FIELDS))
        texts = self.ledger.texts(slug, job.audience, free) if free else {}
        types = self.ledger.field_types() if template.compares else {}
        return Census(*self.ledger.values(slug, job.audience, template.uses), texts, types)

    def mail(
        self, job: Job, reader: Recipient, census: Census | None = None, missing_lists: Sequence[str] = ()
    ) -> RenderedMail:
        """Return what `reader` gets of the job, to be looked at; raises CannotFill if they can't get it."""
        names, template, known = self.compiler.trial(job).names(reader, 0), job.template, census or Census()
        return RenderedMail(
            issue=job.issue,
            html=template.html(names),
            text=template.text(names),
            subject=template.subject(names),
            octets=template.html_size(names),
            body=job.composed.body,
            unsubscribe_url=names["unsubscribe_url"],
            own_links=tuple(filter(None, map(names.get, LINKS))),
            postal_address=job.composed.postal_address,
            public=self.compiler.to_the_world,
            uses={name: name in template.requires for name in template.uses},
            values=known.values,
            recipients=known.recipients,
            decides=template.decides,
            texts=known.texts,
            compares={
                name: (known.types[name], text)
                for name, text in template.compares.items()
                if name in known.types
            },
            refusals=known.refusals,
            missing_lists=tuple(missing_lists),
            own_layout=self._has_own_layouts(),
        )

    def _has_own_layouts(self) -> bool:
        """Whether the workspace has mail templates of its own, which win over the bundled ones."""
        folders = self.compiler.folders
        return len(folders) > 1 and any((folders[0] / "email").rglob("*.html"))
