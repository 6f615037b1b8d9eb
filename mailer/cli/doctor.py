"""`mailer doctor`: what surrounds a send."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailer.bootstrap import App

# For the system's own look-ups of host names, which nobody can interrupt: seconds, and how often.
RESOLVER = "timeout:3 attempts:1"


@click.command()
@click.option("--offline", is_flag=True, help="Ask no mail server, no DNS and no web server.")
@click.option(
    "--dns", metavar="ADDRESS", default="", help="Ask this name server, `IP` or `IP:PORT`, not the system's."
)
@click.option("--json", "as_json", is_flag=True, help="As data.")
@click.pass_obj
def doctor(app: App, offline: bool, dns: str, as_json: bool) -> None:
    """Look at what surrounds a send: settings, mail server, DNS, links, database, disk.

    It sends nothing and changes nothing. It exits with 3 if something is wrong, with 2 if a setting can't be
    read, and else with 0.
    """
    import asyncio

    from mailer.doctor.examination import Examination
    from mailer.settings.reading import read_settings

    os.environ.setdefault("RES_OPTIONS", RESOLVER)
    reading = read_settings(app.root)
    examination = Examination(app.root, reading, app.now(), offline=offline, name_server=dns)
    diagnosis = asyncio.run(examination.run())
    if as_json:
        click.echo(json.dumps(diagnosis.data(), ensure_ascii=False, indent=2))
    else:
        from mailer.cli.diagnosis import print_diagnosis

        print_diagnosis(diagnosis, app.root)
    raise click.exceptions.Exit(diagnosis.exit_code)
