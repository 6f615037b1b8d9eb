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
from mailer.compose.issue.inherited import as_sent_to
from mailer.compose.render import Surroundings, render
from mailer.compose.theme.theme import issue_theme
from mailer.domain.address import Mailbox, is_made_up
from mailer.domain.audience import Audience
from mailer.domain.issue import Issue
from mailer.domain.return_path import Verp
from mailer.domain.send import OF_LIST, SendKind
from mailer.domain.subscriber import SubscriberList
from mailer.engine.personaliser import Personaliser
from mailer.errors import IssueError, SettingsError
from mailer.languages import DEFAULT
from mailer.message.mime.fields import Head
from mailer.message.mime.message import compile_message
from mailer.message.mime.template import VERSION, MessageTemplate

if TYPE_CHECKING:
    from mailer.message.dkim.signer import Signer


@dataclass(frozen=True, slots=True)
class Composition:
    """A compiled issue. `body` is what became of its text, images in place, before the layout.

    `issue` is as its list has it said (`as_sent_to`); `postal_address` is the one in its footer.
    """

    issue: Issue
    template: MessageTemplate
    body: Body
    postal_address: str


@dataclass(frozen=True, slots=True)
class Job:
    """An issue compiled for an audience. `lists` are those of the audience, in its order.

    `subject_put` is the issue's subject where that is not its own.
    """

    audience: Audience
    lists: Sequence[SubscriberList]
    composed: Composition
    subject_put: str | None = None

    @property
    def issue(self) -> Issue:
        """The issue, with what the first list says where it says nothing."""
        return self.composed.issue

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
    """What the settings say of mails, and the folders of layouts, first the workspace's own.

    An issue, and then the first of its lists, may say another sender, reply-to, language and theme, and the
    list another postal address.

    `unsubscribe_address` takes unsubscribe mails; with a `base_url` links are signed with `key`. A `signer`
    signs every message (DKIM). `theme` are the wishes (see `read_theme`) of issues without some of their own.
    `root` is the workspace, where a layout's images lie; with `image_links` mails have links to images
    instead of the images themselves. `return_path`, `verp` and `metadata` are as `Personaliser` has them.
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
    language: str = DEFAULT
    verp: Verp = Verp.OFF
    metadata: str = ""

    def prepare(
        self,
        issue: Issue,
        audience: Audience,
        lists: Sequence[SubscriberList],
        subject: str | None = None,
    ) -> Job:
        """Compile the issue for the audience, under this `subject` instead of its own."""
        return Job(audience, lists, self.compose(with_subject(issue, subject), lists), subject)

    def compile(self, issue: Issue, lists: Sequence[SubscriberList]) -> MessageTemplate:
        """Return the template that `compose` makes."""
        return self.compose(issue, lists).template

    def compose(
        self,
        issue: Issue,
        lists: Sequence[SubscriberList],
        *,
        erratum: bool = False,
        kind: SendKind = SendKind.ISSUE,
    ) -> Composition:
        """Render and encode the issue for these lists, of which the first has its say.

        `erratum`: it says that it corrects an earlier mail. A letter is of another `kind`. Raises IssueError
        with file and line, and SettingsError for a list whose sender can't be used.
        """
        first = lists[0]
        issue = as_sent_to(first, issue, self.language)
        sender = self._sender(issue, first)
        if self.signer:
            self.signer.require_alignment(sender.address.domain)
        reply_to = Mailbox.parse(issue.reply_to) if issue.reply_to else self.reply_to
        postal_address = first.postal_address or self.postal_address
        theme = issue_theme(issue, self.theme)
        surroundings = Surroundings(
            sender_name=sender.name or sender.address.wire,
            sender_address=sender.address.wire,
            postal_address=postal_address,
            list_title=first.title,
            web=bool(self.base_url),
            theme=theme,
            erratum=erratum,
        )
        domain = sender.address.domain
        images = Images(issue, domain, root=self.root, links=self.image_links, room=theme.room)
        body = write_body(issue, images)
        edition = render(issue, body, surroundings, self.folders, images)
        head = self._head(issue, first, sender, reply_to, kind)
        template = compile_message(edition, head, images.parts, attached(issue, images.parts))
        return Composition(issue, template, body, postal_address)

    def _head(
        self, issue: Issue, first: SubscriberList, sender: Mailbox, reply_to: Mailbox | None, kind: SendKind
    ) -> Head:
        domain = sender.address.domain
        what = "newsletter" if kind is SendKind.ISSUE else kind
        return Head(
            sender=sender,
            reply_to=reply_to,
            list_name=first.name,
            list_title=first.title,
            list_domain=domain,
            unsubscribe_mailto=self.unsubscribe_address,
            one_click=bool(self.base_url),
            feedback_id=f"{issue.slug}:{first.name}:{what}:{domain}",
            automatic=kind.lasts,
            of_list=kind in OF_LIST,
        )

    def _sender(self, issue: Issue, first: SubscriberList) -> Mailbox:
        """Return who an issue, its list or the settings say that it is from."""
        if not issue.sender:
            return self.sender
        sender = Mailbox.parse(issue.sender)
        domain, line = sender.address.domain, issue.field_lines.get("from")
        if self.to_the_world and is_made_up(domain):
            problem = f"nobody can own {domain}, and SMTP_HOST mails the world"
            if line:
                raise IssueError(issue.path, line, f"from: {problem}")
            raise SettingsError(
                f"the list {first.name} is from {sender}: {problem}",
                next_step=f"Give it an address of yours: mailer lists set {first.name} --from MAILBOX",
            )
        return sender

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
            verp=self.verp,
            metadata=self.metadata,
        )


def with_subject(issue: Issue, subject: str | None) -> Issue:
    """Return the issue under the subject that was asked for, if one was."""
    return dataclasses.replace(issue, subject=subject) if subject else issue
