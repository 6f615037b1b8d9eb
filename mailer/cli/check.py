"""`mailer check`: what is wrong with issues, before anybody gets them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.segment_options import segment_options
from mailer.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.online.public import Network

FORMATS = ("text", "json", "github")


@click.command()
@click.argument("issues", metavar="[ISSUE]...", nargs=-1)
@click.option(
    "--list", "-l", "list_names", multiple=True, metavar="L", help="Check it for this list; repeatable."
)
@segment_options
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How to tell."
)
@click.option("--strict", is_flag=True, help="End with 3 on warnings too.")
@click.option("--online", is_flag=True, help="Try every link, too: the only thing that uses the network.")
@click.option(
    "--online-network",
    "networks",
    multiple=True,
    metavar="CIDR",
    help="With --online: try addresses in this network of yours as well, as 10.1.0.0/16.",
)
@click.pass_obj
def check(
    app: App,
    issues: tuple[str, ...],
    list_names: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    form: str,
    strict: bool,
    online: bool,
    networks: tuple[str, ...],
) -> None:
    """Look for mistakes in each ISSUE (default: all in issues/): links, size, images, wording, contrast.

    Exit codes: 0 no errors; 2 usage or setting; 3 errors, with --strict also warnings.
    """
    from mailer.check.finding import Severity
    from mailer.cli.findings import FORMS
    from mailer.services.check import CheckRequest
    from mailer.services.check import check as check_issues

    if networks and not online:
        raise UsageError("--online-network says which links to try", next_step="Add --online.")
    allowed, segments = _networks(networks), (segment, excluded_segments)
    request = CheckRequest(_files(app, issues), list_names, online, allowed, *segments)
    checked = check_issues(app, request, partial(click.echo, err=True))
    FORMS[form](checked)
    bad = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(finding.severity in bad for each in checked for finding in each.findings):
        raise click.exceptions.Exit(ExitCode.REFUSED)


def _files(app: App, named: Sequence[str]) -> list[Path]:
    from mailer.compose.issue.source import issue_files
    from mailer.services.issues import from_here, issue_file

    files = [issue_file(app, each) for each in named] if named else issue_files(app.root / "issues")
    if not files:
        raise UsageError(
            f"there is no issue in {app.root / 'issues'}", next_step='Start one with: mailer new "Title"'
        )
    return [Path(from_here(file)) for file in dict.fromkeys(files)]


def _networks(typed: Sequence[str]) -> list[Network]:
    from ipaddress import ip_network

    try:
        return [ip_network(each) for each in typed]
    except ValueError as error:
        raise UsageError(f"--online-network: {error}", next_step="Write it like 10.1.0.0/16.") from None
