"""The lists that an issue would go to, or what stands in for those that there are not yet."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.bootstrap import App
from mailer.domain.issue import Issue
from mailer.domain.subscriber import SubscriberList
from mailer.storage.people import no_such_list

NAMELESS = SubscriberList(0, "newsletter", "Newsletter")


def lists_of(app: App, issue: Issue, asked: Sequence[str]) -> tuple[list[SubscriberList], list[str]]:
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
