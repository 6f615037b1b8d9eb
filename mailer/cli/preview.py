"""`mailer preview`: what would be sent, in the terminal, in a file, or on a page."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailer.cli.saying import from_here
from mailer.errors import UsageError
from mailer.private import write_private

if TYPE_CHECKING:
    from mailer.bootstrap import App
    from mailer.proof.compiled import Asked
    from mailer.proof.sample import Sample

HOST = "127.0.0.1"  # and nothing else: it shows subscribers' data to whoever asks
PORT = 8026
FORMS = {".html": "html", ".htm": "html", ".txt": "text", ".eml": "eml"}


@click.command()
@click.argument("issue", required=False)
@click.option("--as", "reader", default="", metavar="EMAIL", help="Who gets it; else the first subscriber.")
@click.option("--list", "-l", "lists", multiple=True, metavar="L", help="A list it would go to; repeatable.")
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
    reader: str,
    lists: tuple[str, ...],
    subject: str | None,
    form: str | None,
    output: Path | None,
    serve: bool,
    port: int | None,
    open_it: bool,
) -> None:
    """Show ISSUE (a file, or its slug) as one subscriber would get it. Nothing is sent or recorded.

    Without further options: a summary and the text part. It works without a list, too: then for someone
    made up.
    """
    from mailer.cli.issues import issue_file
    from mailer.proof.compiled import Asked, compile_issue
    from mailer.proof.sample import make_sample

    _check_options(form or output, serve, port is not None or open_it)
    page = output is not None and (form or _form_of(output)) == "html"
    file = issue_file(app, issue) if issue else None
    asked = Asked(lists, subject, images_inside=page)
    if serve:
        _serve(app, file, asked, reader, port, open_it=open_it)
        return
    if file is None:
        raise UsageError("which issue?", next_step="Name one: mailer preview ISSUE")
    sample = make_sample(app, compile_issue(app, file, asked), reader)
    for remark in sample.remarks:
        click.echo(f"{click.style('Note:', fg='yellow')} {remark}", err=True)
    if output:
        _write(sample, form or _form_of(output), output)
    elif form == "eml":
        click.echo(sample.content, nl=False)
    else:
        click.echo(_printed(sample, form), nl=form is None)


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
    from mailer.preview.summary import data, summary

    match form:
        case "html":
            return sample.html
        case "text":
            return sample.text
        case "json":
            return json.dumps(data(sample), ensure_ascii=False) + "\n"
    lines = [
        f"{click.style(name.ljust(10), bold=True)} {from_here(value)}" for name, value in summary(sample)
    ]
    return "\n".join([*lines, "", sample.text.rstrip("\n")])


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
    app: App, file: Path | None, asked: Asked, reader: str, port: int | None, *, open_it: bool
) -> None:
    import webbrowser

    from mailer.cli.server import http_server, listen, listen_near
    from mailer.preview.page import preview_page
    from mailer.proof.cache import PreviewCache
    from mailer.viewer.pages import link

    app.stay()
    # Before anything is said, so that whoever reads it may stop it at once.
    server = http_server(preview_page(PreviewCache(app, asked), app.template_folders, file))
    with listen_near(HOST, PORT, "--port") if port is None else listen(HOST, port, "--port") as listener:
        url = link(f"http://{HOST}:{listener.getsockname()[1]}/", reader=reader)
        click.echo(f"Preview on {url}. Ctrl-C stops it.", err=True)
        if open_it and not webbrowser.open(url):
            click.echo("There is no browser to open it with: open that address yourself.", err=True)
        server.run(sockets=[listener])
    click.echo("Preview stopped.", err=True)
