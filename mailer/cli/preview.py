"""`mailer preview`: what would be sent, in the terminal, in a file, or on a page."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from shlex import quote
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from mailer.cli.segment_options import segment_options
from mailer.cli.terminal import from_here
from mailer.errors import UsageError
from mailer.private import write_private

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.preview.cache import PreviewCache
    from mailer.proof.sample import Sample

HOST = "127.0.0.1"  # and nothing else: it shows subscribers' data to whoever asks
PORT = 8026
FORMS = {".html": "html", ".htm": "html", ".txt": "text", ".eml": "eml"}


@click.command()
@click.argument("issue", required=False)
@click.option("--feed", "feeds", multiple=True, metavar="URL", help="A digest of this feed; repeatable.")
@click.option("--as", "reader", default="", metavar="EMAIL", help="Who gets it; else the first subscriber.")
@click.option("--list", "-l", "lists", multiple=True, metavar="L", help="A list it would go to; repeatable.")
@segment_options
@click.option("--subject", metavar="TEXT", help="The subject instead of the issue's own.")
@click.option("--html", "form", flag_value="html", help="Print the HTML part.")
@click.option("--text", "form", flag_value="text", help="Print the text part.")
@click.option("--eml", "form", flag_value="eml", help="Print the whole message, octet for octet.")
@click.option("--json", "form", flag_value="json", help="Print the summary and the findings as data.")
@click.option(
    "-o",
    "output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it to FILE; what, its ending says: .html (images inside), .txt or .eml.",
)
@click.option("--serve", is_flag=True, help="Show it on a page that follows every change, until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), help="With --serve; else 8026 or the next free one.")
@click.option("--open", "open_it", is_flag=True, help="With --serve: open the page in the browser.")
@click.pass_obj
def preview(
    app: App,
    issue: str | None,
    feeds: tuple[str, ...],
    reader: str,
    lists: tuple[str, ...],
    segment: str | None,
    excluded_segments: tuple[str, ...],
    subject: str | None,
    form: str | None,
    output: Path | None,
    serve: bool,
    port: int | None,
    open_it: bool,
) -> None:
    """Show ISSUE (a file, or its slug) as one subscriber would get it. Nothing is sent or recorded.

    Without further options: a summary and the text part. It works without a list, too: then for someone
    made up. With --feed instead of an ISSUE it is the digest that would be made of the feeds now.
    """
    from mailer.services.issues import issue_file
    from mailer.services.preview import PreviewRequest
    from mailer.services.preview import preview as preview_issue

    _check_options(form or output, serve, port is not None or open_it)
    page = output is not None and (form or _form_of(output)) == "html"
    if feeds and (issue or serve):
        raise UsageError("--feed stands in for an issue", next_step="Leave out the issue, or --serve.")
    file = issue_file(app, issue) if issue else None
    if serve:
        from mailer.preview.cache import PreviewCache

        cache = PreviewCache(app, lists, subject, segment, excluded_segments)
        _serve(app, cache, file, reader, port, open_it=open_it)
        return
    with _made_of(app, feeds) if feeds else nullcontext((file, ())) as (shown, its_lists):
        if shown is None:
            raise UsageError("which issue?", next_step="Name one: mailer preview ISSUE")
        whom = (lists or its_lists, subject, page, segment, excluded_segments)
        request = PreviewRequest(shown, reader, *whom)
        sample = preview_issue(app, request)
    for remark in sample.remarks:
        _remark(remark)
    if output:
        _write(sample, form or _form_of(output), output)
    elif form == "eml":
        click.echo(sample.content, nl=False)
    else:
        click.echo(_printed(sample, form), nl=form is None)


@contextmanager
def _made_of(app: App, feeds: tuple[str, ...]) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """Yield the issue that would be made of feeds now, gone afterwards, and the lists it would go to."""
    from mailer.services.digests import digest_now

    made = digest_now(app, feeds, _remark)
    with TemporaryDirectory() as folder:
        file = Path(folder) / "digest.html"
        file.write_text(made.text, encoding="utf-8")
        yield file, made.lists


def _remark(words: str) -> None:
    click.echo(f"{click.style('Note:', fg='yellow')} {words}", err=True)


def _check_options(printed: object, serve: bool, page: bool) -> None:
    if serve and printed:
        raise UsageError(
            "--serve shows every form of it on a page", next_step="Leave out --serve or the form."
        )
    if page and not serve:
        raise UsageError("--port and --open are about the page", next_step="Add --serve.")


def _form_of(output: Path) -> str:
    form = FORMS.get(output.suffix.lower())
    if form is None:
        raise UsageError(
            f"{output}: its ending does not say what to write",
            next_step="End it in .html, .txt or .eml, or add --html, --text or --eml.",
        )
    return form


def _printed(sample: Sample, form: str | None) -> str:
    match form:
        case "html":
            return sample.html
        case "text":
            return sample.text
        case "json":
            return json.dumps(_data(sample), ensure_ascii=False) + "\n"
    lines = [
        f"{click.style(name.ljust(10), bold=True)} {from_here(value)}" for name, value in _summary(sample)
    ]
    return "\n".join([*lines, "", sample.text.rstrip("\n")])


def _summary(sample: Sample) -> Iterator[tuple[str, str]]:
    """Yield what an editor looks at first: names and values."""
    from mailer.check.clients import CLIPPED_AT
    from mailer.check.finding import counted

    parts = f"HTML {sample.html_octets:,}, {100 * sample.html_octets / CLIPPED_AT:.0f} % of what Gmail shows"
    found = counted(sample.findings)
    yield "subject", sample.field("Subject")
    yield "preheader", sample.preheader or "none: inboxes show the first words of the mail"
    yield "from", sample.field("From")
    if reply_to := sample.field("Reply-To"):
        yield "reply to", reply_to
    yield "to", sample.field("To")
    yield "size", f"{len(sample.content):,} octets ({parts})"
    if files := [part.name or part.type for part in sample.reading.others]:
        yield "files", ", ".join(files)
    look = f": mailer check {quote(sample.issue.path)}" if Path(sample.issue.path).exists() else ""
    yield "check", f"{found}{look}" if found else "nothing found"


def _data(sample: Sample) -> dict[str, Any]:
    """Return the same as JSON data, with each finding."""
    names = ("subject", "from", "to", "reply-to")
    return {name.replace("-", "_"): sample.field(name) for name in names} | {
        "issue": sample.issue.slug,
        "reader": sample.reader.email,
        "preheader": sample.preheader,
        "octets": len(sample.content),
        "html_octets": sample.html_octets,
        "text_octets": len(sample.text.encode()),
        "files": [{"name": part.name, "type": part.type} for part in sample.reading.others],
        "findings": [finding.data() for finding in sample.findings],
        "remarks": list(sample.remarks),
    }


def _write(sample: Sample, form: str, output: Path) -> None:
    match form:
        case "eml":
            content = sample.content
        case "html":
            content = sample.whole_page.encode()
        case _:
            content = _printed(sample, form).encode()
    try:
        write_private(output, content)
    except OSError as error:
        raise UsageError(
            f"can't write {output}: {error.strerror}", next_step="Name a file in a folder that is there."
        ) from None
    click.echo(f"Wrote {output} ({len(content):,} octets).", err=True)


def _serve(
    app: App, cache: PreviewCache, file: Path | None, reader: str, port: int | None, *, open_it: bool
) -> None:
    import webbrowser

    from mailer.cli.listening import listen, listen_near
    from mailer.preview.page import preview_page
    from mailer.viewer.pages import link
    from mailer.web.server import http_server

    app.stay()
    # Before anything is said, so that whoever reads it may stop it at once.
    server = http_server(preview_page(cache, app.template_folders, file))
    with listen_near(HOST, PORT, "--port") if port is None else listen(HOST, port, "--port") as listener:
        url = link(f"http://{HOST}:{listener.getsockname()[1]}/", reader=reader)
        click.echo(f"Preview on {url}. Ctrl-C stops it.", err=True)
        if open_it and not webbrowser.open(url):
            click.echo("There is no browser to open it with: open that address yourself.", err=True)
        server.run(sockets=[listener])
    click.echo("Preview stopped.", err=True)
