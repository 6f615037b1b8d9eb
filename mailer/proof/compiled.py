"""A plate: an issue compiled for its lists, from which each reader's specimen is printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mailer.bootstrap import App
from mailer.compose.issue.source import load_issue
from mailer.domain.issue import Issue
from mailer.domain.subscriber import SubscriberList
from mailer.engine.compiler import Composition, with_subject
from mailer.message.mime.template import MessageTemplate
from mailer.people.people import no_such_list
from mailer.proof.proofread import NAMELESS


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for beyond which issue and as whom: lists by name, another subject.

    `images_inside`: the workspace's images are to be part of the message, whatever MAIL_IMAGES says.
    """

    lists: tuple[str, ...] = ()
    subject: str | None = None
    images_inside: bool = False


@dataclass(frozen=True, slots=True)
class CompiledIssue:
    """An issue, ready to be filled. A list with the id 0 stands in for one that there is not yet."""

    issue: Issue
    lists: tuple[SubscriberList, ...]
    remarks: tuple[str, ...]
    composed: Composition

    @property
    def template(self) -> MessageTemplate:
        """The compiled message."""
        return self.composed.template


def compile_issue(app: App, file: Path, asked: Asked) -> CompiledIssue:
    """Return the issue in `file`, compiled by the same steps as for a send.

    Raises what a send would: IssueError with file and line, SettingsError, UsageError.
    """
    issue, _ = load_issue(file, app.settings.language)
    issue = with_subject(issue, asked.subject)
    lists, remarks = _lists(app, issue, asked.lists)
    compiler = replace(app.compiler, image_links=None) if asked.images_inside else app.compiler
    return CompiledIssue(issue, tuple(lists), tuple(remarks), compiler.compose(issue, lists))


def _lists(app: App, issue: Issue, asked: Sequence[str]) -> tuple[list[SubscriberList], list[str]]:
    """Return the lists of a send of `issue`, and remarks on those that are made up.

    Lists that were `asked` for have to be there (UsageError), as in a send. Without any, it is the only list
    there is, or a made-up one.
    """
    known = {each.name: each for each in app.people.all_lists()} if app.has_database else {}
    for name in asked:
        if name not in known:
            raise no_such_list(name, list(known))
    if asked:
        return [known[name] for name in dict.fromkeys(asked)], []
    if issue.lists:
        # That one is missing, the check says.
        return [known.get(name) or SubscriberList(0, name, name) for name in dict.fromkeys(issue.lists)], []
    if len(known) == 1:
        return list(known.values()), []
    return [NAMELESS], [f"{issue.path} names no list, so one is made up: preview it with --list L"]
