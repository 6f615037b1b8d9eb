"""From an issue file to a compiled message template: once an issue, whoever gets it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailer.compose.body import Body, write_body
from mailer.compose.images.attachments import attached
from mailer.compose.images.placing import Images
from mailer.compose.images.source import ImageLinks
from mailer.compose.render import Surroundings, render
from mailer.compose.theme.theme import issue_theme
from mailer.domain.address import Mailbox, is_made_up
from mailer.domain.audience import Audience
from mailer.domain.issue import Issue
from mailer.domain.subscriber import SubscriberList
from mailer.engine.personaliser import Personaliser
from mailer.errors import IssueError
from mailer.message.mime.fields import Head
from mailer.message.mime.message import compile_message
from mailer.message.mime.template import VERSION, MessageTemplate

if TYPE_CHECKING:
    from mailer.message.dkim.signer import Signer


@dataclass(frozen=True, slots=True)
class Composition:
    """A compiled issue. `body` is what became of its text, images in place, before the layout."""

    template: MessageTemplate
    body: Body


@dataclass(frozen=True, slots=True)
class Job:
    """An issue compiled for an audience. `lists` are those of the audience, in its order.

    `subject_put` is the issue's subject where that is not its own.
    """

    issue: Issue
    audience: Audience
    lists: Sequence[SubscriberList]
    composed: Composition
    subject_put: str | None = None

    @property
    def template(self) -> MessageTemplate:
        """The compiled message."""
        return self.composed.template

    @property
    def subject(self) -> str:
        """The subject as the ledger keeps it."""
        return self.issue.subject or self.issue.title


@dataclass(frozen=True, slots=True)
class Compiler:
    """The sender's identity and the folders in which layouts are looked for, first the workspace's own.

    `unsubscribe_address` takes unsubscribe mails; with a `base_url` links are signed with `key`. A `signer`
    signs every message (DKIM). `theme` are the wishes (see `read_theme`) of issues without some of their own.
    `root` is the workspace, where a layout's images lie; with `image_links` mails have links to images
    instead of the images themselves.
    """

    folders: Sequence[Path]
    sender: Mailbox
    reply_to: Mailbox | None
    return_path: str
    unsubscribe_address: str
    postal_address: str
    base_url: str
    key: bytes
    signer: Signer | None = None
    theme: Mapping[str, Any] = field(default_factory=dict)
    root: Path | None = None
    image_links: ImageLinks | None = None
    to_the_world: bool = False

    def prepare(
        self,
        issue: Issue,
        audience: Audience,
        lists: Sequence[SubscriberList],
        subject: str | None = None,
    ) -> Job:
        """Compile the issue for the audience, under this `subject` instead of its own."""
        issue = with_subject(issue, subject)
        return Job(issue, audience, lists, self.compose(issue, lists), subject)

    def compile(self, issue: Issue, lists: Sequence[SubscriberList]) -> MessageTemplate:
        """Return the template that `compose` makes."""
        return self.compose(issue, lists).template

    def compose(self, issue: Issue, lists: Sequence[SubscriberList], *, erratum: bool = False) -> Composition:
        """Render and encode the issue for these lists. Raises IssueError with file and line.

        `erratum`: it says that it corrects an earlier mail.
        """
        sender = Mailbox.parse(issue.sender) if issue.sender else self.sender
        if issue.sender and self.to_the_world and is_made_up(sender.address.domain):
            raise IssueError(
                issue.path,
                None,
                f"from: nobody can own {sender.address.domain}, and SMTP_HOST mails the world",
            )
        if self.signer:
            self.signer.require_alignment(sender.address.domain)
        reply_to = Mailbox.parse(issue.reply_to) if issue.reply_to else self.reply_to
        first = lists[0]
        theme = issue_theme(issue, self.theme)
        surroundings = Surroundings(
            sender_name=sender.name or sender.address.wire,
            sender_address=sender.address.wire,
            postal_address=self.postal_address,
            list_title=first.title,
            web=bool(self.base_url),
            theme=theme,
            erratum=erratum,
        )
        domain = sender.address.domain
        images = Images(issue, domain, root=self.root, links=self.image_links, room=theme.room)
        body = write_body(issue, images)
        edition = render(issue, body, surroundings, self.folders, images)
        head = Head(
            sender=sender,
            reply_to=reply_to,
            list_name=first.name,
            list_title=first.title,
            list_domain=domain,
            unsubscribe_mailto=self.unsubscribe_address,
            one_click=bool(self.base_url),
            feedback_id=f"{issue.slug}:{first.name}:newsletter:{domain}",
        )
        template = compile_message(edition, head, images.parts, attached(issue, images.parts))
        return Composition(template, body)

    def trial(self, job: Job) -> Personaliser:
        """Return what fills the job's messages for looking at: their links belong to no send."""
        return self.personaliser(0, job.lists[0].id, job.template.revision)

    def personaliser(
        self,
        send_id: int,
        list_id: int,
        seed: str,
        corrects: Personaliser | None = None,
        version: int = VERSION,
    ) -> Personaliser:
        """Return what fills a message of this send beyond the recipient's own fields."""
        return Personaliser(
            send_id=send_id,
            list_id=list_id,
            seed=seed,
            sender_domain=self.sender.address.domain,
            return_path=self.return_path,
            unsubscribe_address=self.unsubscribe_address,
            base_url=self.base_url,
            key=self.key,
            signer=self.signer,
            corrects=corrects,
            version=version,
        )


def with_subject(issue: Issue, subject: str | None) -> Issue:
    """Return the issue under the subject that was asked for, if one was."""
    return dataclasses.replace(issue, subject=subject) if subject else issue
