"""`mailer archive`: what of the sends anybody may read, and that as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.terminal import print_table, say
from mailer.errors import PlanRefused, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App


@click.group()
def archive() -> None:
    """What public lists sent, for anybody to read."""


@archive.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as data.")
@click.pass_obj
def list_issues(app: App, as_json: bool) -> None:
    """Show the lists that have an archive, and its issues."""
    from mailer.services.archive import Archive

    lists = Archive(app).lists()
    rows = [
        {
            "list": each.about.name,
            "sent": issue.sent_at.date().isoformat(),
            "issue": issue.slug,
            "title": issue.title,
        }
        for each in lists
        for issue in each.issues
    ]
    if as_json:
        import json

        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not lists:
        say("No list has an archive. One that may: mailer lists set NAME --public")
    elif not rows:
        say("Nothing is in the archive yet: what is sent from now on will be.")
    else:
        print_table(["list", "sent", "issue", "title"], [list(row.values()) for row in rows])


@archive.command("show")
@click.argument("issue")
@click.pass_obj
def show(app: App, issue: str) -> None:
    """Put an issue into the archive.

    That is for one from before there was an archive, and for one that was hidden. ISSUE is its slug, as
    `mailer status` shows it.
    """
    from mailer.services.archive import Archive

    with app.at_work():
        if problems := Archive(app).show(issue):
            raise PlanRefused("; ".join(problems), next_step="It stays out of the archive.")
    say(f"{issue} is in the archive of every public list that it was sent to.")


@archive.command("hide")
@click.argument("issue")
@click.pass_obj
def hide(app: App, issue: str) -> None:
    """Take an issue out of the archive. Those who got it keep it.

    ISSUE is its slug, as `mailer archive list` shows it.
    """
    from mailer.services.archive import Archive

    with app.at_work():
        Archive(app).hide(issue)
    say(f"{issue} is in no archive any more.")


@archive.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--list", "list_name", metavar="NAME", required=True, help="The list whose archive it is.")
@click.option("--dry-run", is_flag=True, help="Show what would be there, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print it as data.")
@click.pass_obj
def import_files(app: App, files: tuple[Path, ...], list_name: str, dry_run: bool, as_json: bool) -> None:
    """Take issues from before into the archive of a list; none is sent.

    FILE is an issue in Markdown, HTML or plain text, with the date at which it went, or a mail as it was
    saved (.eml). The same again changes nothing; a changed one takes the place of what it was.
    """
    from mailer.services.archive_import import import_issues

    with app.at_work():
        issues = import_issues(app, files, list_name, dry_run=dry_run)
    zone = app.settings.zone
    rows = [
        {
            "issue": each.slug,
            "sent": each.sent_at.astimezone(zone).date().isoformat(),
            "title": each.said.title,
            "became": each.became or "(dry run)",
        }
        for each in issues
    ]
    if as_json:
        import json

        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        print_table(["issue", "sent", "title", ""], [list(row.values()) for row in rows])


@archive.command("build")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option("--address", metavar="URL", help="Where DIR will be found; else BASE_URL and /archive/.")
@click.pass_obj
def build(app: App, folder: Path, address: str | None) -> None:
    """Write the archive as a static site into DIR.

    It takes the place of the one that was built there before, once all of it is written.
    """
    from mailer.web.archive.building import build as write
    from mailer.web.archive.workspace import archive_site, root_of
    from mailer.web.rooms import pages_of

    base = app.settings.base_url
    if not (address or base):
        raise UsageError(
            "feeds and search engines have to be told where the pages are",
            next_step="Say it: mailer archive build DIR --address https://gazette.example/archive/",
        )
    root = f"{address.rstrip('/')}/" if address else root_of(base)
    site = archive_site(app, root, pages_of(app), searchable=False)
    number = write(site.renewed(), folder)
    say(f"{number:,} pages are in {folder}, for {root}")
