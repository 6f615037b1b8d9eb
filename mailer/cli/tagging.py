"""`mailer subscribers`: many people get a tag, lose it, or come to another list."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.bulk import agreed, bulk_options
from mailer.cli.whom import source_of, whom, whom_options
from mailer.domain.rollout import counted
from mailer.errors import UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.many import Whom


@click.command("tag")
@click.argument("tag")
@whom_options
@bulk_options
@click.pass_obj
def tag(app: App, /, tag: str, *, dry_run: bool, yes: bool, **about: Any) -> None:
    """Give people a tag.

    Those named, or those on a list and in a segment.
    """
    _tag(app, tag, whom(app, **about), put=True, dry_run=dry_run, yes=yes)


@click.command("untag")
@click.argument("tag")
@whom_options
@bulk_options
@click.pass_obj
def untag(app: App, /, tag: str, *, dry_run: bool, yes: bool, **about: Any) -> None:
    """Take a tag from people.

    Those named, or those on a list and in a segment.
    """
    _tag(app, tag, whom(app, **about), put=False, dry_run=dry_run, yes=yes)


def _tag(app: App, word: str, people: Whom, *, put: bool, dry_run: bool, yes: bool) -> None:
    from mailer.domain.address import CONTROLS
    from mailer.services.many import pick, tag, without

    word = word.strip()
    if not word or CONTROLS.search(word) or set(word) & set(",;"):
        raise UsageError(f"{word!r} can't be a tag: it is some text without commas and semicolons")
    ids = without(app, pick(app, people), word, put=put)
    number = counted(len(ids))
    doing = f"tag {number} as {word}" if put else f"take the tag {word} from {number}"
    if agreed(app, "tag" if put else "untag", ids, doing, dry_run=dry_run, yes=yes):
        done = tag(app, ids, word, put=put)
        click.echo(f"{'Tagged' if put else 'Untagged'} {counted(done)}.", err=True)


@click.command("copy")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@bulk_options
@click.pass_obj
def copy(app: App, /, source: str, target: str, **how: bool) -> None:
    """Bring everybody on FROM to TO as well.

    They come to the list as what they are. Who left FROM has left TO, who has not confirmed has not. Whoever
    is on TO, or left it, stays so.
    """
    _transfer(app, source, target, moving=False, **how)


@click.command("move")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@bulk_options
@click.pass_obj
def move(app: App, /, source: str, target: str, **how: bool) -> None:
    """Bring everybody on FROM to TO, off FROM.

    They come to the list as what they are. Who left FROM has left TO, who has not confirmed has not. Whoever
    is on TO, or left it, stays so. No later import brings anybody back to FROM.
    """
    _transfer(app, source, target, moving=True, **how)


def _transfer(app: App, source: str, target: str, *, moving: bool, dry_run: bool, yes: bool) -> None:
    from mailer.services.many import between, coming, transfer

    lists = between(app, source, target, moving=moving)
    found = coming(app, lists)
    counts = Counter(found.statuses.values())
    states = ", ".join(f"{number:,} {status}" for status, number in sorted(counts.items()))
    verb = "move" if moving else "copy"
    doing = f"{verb} {counted(len(found.statuses))} from {source} to {target}"
    doing += f" ({states})" if states else ""
    if moving and (others := len(found.ids) - len(found.statuses)):
        doing += f", and take {counted(others)} off {source} who are known on {target}"
    if agreed(app, verb, found.ids, doing, dry_run=dry_run, yes=yes):
        done = transfer(app, lists, found.ids, source_of(app, verb))
        click.echo(f"{counted(done)} came to {target}.", err=True)
