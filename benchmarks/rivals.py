"""How a Python program sends its newsletter otherwise: `python rivals.py KIND PORT COUNT TEMPLATES.json`.

smtplib renders the Jinja2 templates for each recipient, builds the message with `email` and sends it over one
connection; premailer does the same and inlines the styles of each; aiosmtplib sends over 20 connections.
"""

from __future__ import annotations

import asyncio
import json
import smtplib
import sys
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from pathlib import Path

from jinja2 import Environment

CONNECTIONS = 20
SENDER = "editor@gazette.example"


def messages(count: int, templates: dict[str, str], finish: Callable[[str], str]) -> Iterator[EmailMessage]:
    """Yield a message a recipient, its HTML handed through `finish`."""
    environment = Environment(autoescape=True)
    html, text = (environment.from_string(templates[name]) for name in ("html", "text"))
    for number in range(count):
        person = {"name": f"Reader {number}", "member": f"m{number:07}"}
        message = EmailMessage()
        message["From"] = f"Harbour Gazette <{SENDER}>"
        message["To"] = f"Reader {number} <reader{number}@inbox.example>"
        message["Subject"] = "The harbour clock"
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="gazette.example")
        message.set_content(text.render(person))
        message.add_alternative(finish(html.render(person)), subtype="html")
        yield message


def inlined(html: str) -> str:
    """Return the HTML as premailer inlines it."""
    from premailer import transform

    return str(transform(html, allow_network=False))


def one_by_one(port: int, mail: Iterator[EmailMessage]) -> None:
    """Send over one connection with smtplib."""
    with smtplib.SMTP("127.0.0.1", port) as server:
        for message in mail:
            server.send_message(message)


async def side_by_side(port: int, mail: Iterator[EmailMessage]) -> None:
    """Send over 20 connections with aiosmtplib."""
    import aiosmtplib

    async def work() -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port) as server:
            for message in mail:
                await server.send_message(message)

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))


def main() -> None:
    """Send as the arguments say."""
    kind, port, count, templates = sys.argv[1:]
    finish = inlined if kind == "premailer" else str
    mail = messages(int(count), json.loads(Path(templates).read_text()), finish)
    if kind == "aiosmtplib":
        asyncio.run(side_by_side(int(port), mail))
    else:
        one_by_one(int(port), mail)


if __name__ == "__main__":
    main()
