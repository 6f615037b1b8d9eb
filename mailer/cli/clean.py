"""`mailer subscribers clean`: addresses that are worth a look, and what is done about them."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.bulk import agreed, bulk_options
from mailer.cli.progress import bar
from mailer.cli.terminal import print_table, say, warn

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.services.clean import Doubtful, Inspection, Remedy

SUPPRESSIBLE = ["mistyped", "disposable", "no-mail", "no-mx", "role"]
SHOWN = 12  # groups of a kind
FEW = 3  # unanswered domains


@click.command("clean")
@click.option("--list", "names", metavar="LIST", multiple=True, help="Only people on this list.")
@click.option("--online", is_flag=True, help="Ask DNS which domains take mail.")
@click.option(
    "--dns", metavar="ADDRESS", default="", help="Ask this name server, `IP` or `IP:PORT`, not the system's."
)
@click.option("--except", "spared", metavar="DOMAIN", multiple=True, help="A domain that is right as it is.")
@click.option("--correct", is_flag=True, help="Put the right domain in the place of mistyped ones.")
@click.option(
    "--suppress",
    metavar="KIND",
    type=click.Choice(SUPPRESSIBLE),
    multiple=True,
    help="Never mail again who is named as this kind.",
)
@bulk_options
@click.option("--json", "as_json", is_flag=True, help="Every doubtful address, as data.")
@click.pass_obj
def clean(
    app: App,
    names: tuple[str, ...],
    online: bool,
    dns: str,
    spared: tuple[str, ...],
    *,
    correct: bool,
    suppress: tuple[str, ...],
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Name addresses that are worth a look.

    It changes none unless told. Mistyped domains of big providers, addresses of roles (info@) and of
    disposable mailboxes, several of one mailbox, and with --online domains that take no mail. Looked at are
    people who may come to be mailed.
    """
    from mailer.services.clean import Clean, Remedy, Suspicion, look

    request = Clean(names, online or bool(dns), dns, frozenset(map(str.lower, spared)))
    found = look(app.database, request, app.root / "subscribers", bar)
    wanted = Remedy.wanted(found, correct=correct, suppress=map(Suspicion, suppress))
    if as_json:
        click.echo(json.dumps(_data(found), ensure_ascii=False))
    else:
        _print(found)
    if correct or suppress:
        _change(app, wanted, dry_run=dry_run, yes=yes)
    elif not as_json:
        _advise(found)


def _change(app: App, wanted: Remedy, *, dry_run: bool, yes: bool) -> None:
    from mailer.domain.consent import Source, SourceKind
    from mailer.services.clean import change

    corrections, never = len(wanted.corrections), len(wanted.suppressed)
    addresses = f"correct {corrections:,} address{'es' if corrections != 1 else ''}"
    people = f"never mail {never:,} {'people' if never != 1 else 'person'} again"
    doing = " and ".join(text for text, number in ((addresses, corrections), (people, never)) if number)
    if agreed(app, "clean", wanted.ids, doing, dry_run=dry_run, yes=yes):
        source = Source(SourceKind.COMMAND, "subscribers clean", app.user)
        corrected, suppressed = change(app.database, wanted, source, app.now())
        click.echo(f"Corrected {corrected:,}, suppressed {suppressed:,}.", err=True)


def _print(found: Inspection) -> None:
    people = f"{found.people:,} {'people' if found.people != 1 else 'person'}"
    click.echo(f"Looked at {people}, who may come to be mailed.")
    as_of = found.disposable.as_of or "no known date"
    click.echo(f"Disposable domains are those of {found.disposable.path.name}, as of {as_of}.")
    if rows := list(_rows(found)):
        print_table(("kind", "people", "which", "for example"), rows)
    for domain in list(found.unanswered)[:FEW]:
        warn(f"{domain}: {found.unanswered[domain]}")
    if (more := len(found.unanswered) - FEW) > 0:
        warn(f"nor is there an answer for {more:,} other domains")


def _rows(found: Inspection) -> Iterator[tuple[str, int, str, str]]:
    """Yield a row for all doubtful addresses that are alike, the largest of a kind first."""
    from mailer.services.clean import Suspicion

    groups: dict[tuple[Suspicion, str], list[Doubtful]] = {}
    for each in found.doubtful:
        what = f"{each.what}; {each.obstacle}" if each.obstacle else each.what
        groups.setdefault((each.kind, what), []).append(each)
    kinds = list(Suspicion)
    ordered = sorted(groups.items(), key=lambda item: (kinds.index(item[0][0]), -len(item[1])))
    for kind, items in groupby(ordered, key=lambda item: item[0][0]):
        alike = list(items)
        yield from ((kind, len(each), what, _example(each[0])) for (_, what), each in alike[:SHOWN])
        if others := alike[SHOWN:]:
            yield kind, sum(len(each) for _, each in others), f"{len(others):,} others; all: --json", ""


def _example(each: Doubtful) -> str:
    return f"{each.person.email} = {each.meant}" if each.kind == "twin" else each.person.email


def _advise(found: Inspection) -> None:
    """Say which commands would do something about what was found."""
    command = ["mailer", *sys.argv[1:]]
    if any(each.kind == "mistyped" and not each.obstacle for each in found.doubtful):
        say(f"To correct what is mistyped: {shlex.join([*command, '--correct'])}", err=True)
    kinds = dict.fromkeys(each.kind for each in found.doubtful if each.kind in ("disposable", "no-mail"))
    if kinds:
        options = [word for kind in kinds for word in ("--suppress", kind)]
        say(f"Never to mail them again: {shlex.join([*command, *options])}", err=True)


def _data(found: Inspection) -> dict[str, Any]:
    as_of = found.disposable.as_of
    return {
        "people": found.people,
        "disposable_as_of": str(as_of) if as_of else None,
        "unanswered": found.unanswered,
        "doubtful": [
            {
                "email": each.person.email,
                "kind": each.kind,
                "what": each.what,
                "meant": each.meant or None,
                "obstacle": each.obstacle or None,
            }
            for each in found.doubtful
        ],
    }
