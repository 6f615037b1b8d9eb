"""An issue to preview, and people to preview it as."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import httpx
import uvicorn
from members import join

from mailer.bootstrap import App
from mailer.preview.cache import PreviewCache
from mailer.preview.page import preview_page

HARBOUR = """\
---
title: The harbour clock
subject: The clock is going again
description: Ten months after the gale it strikes the hour once more.
list: weekly
---
Good morning, {{ subscriber.name|default("reader") }}.

The clock on the ice house is going again.

![The ice house](https://pictures.example/ice-house.png)
"""
PEOPLE = [
    {"email": "ada@quay.example", "name": "Ada Quint", "town": "Port Example"},
    {"email": "bruno@quay.example", "name": "Bruno Cove", "town": ""},
    {"email": "room@library.example", "name": "", "town": ""},
]


def add_people(app: App, people: list[dict[str, str]]) -> None:
    """Add `people` to the list weekly, which is made if there is none."""
    if "weekly" not in {each.name for each in app.lists.all()}:
        app.lists.create("weekly", app.now(), title="Harbour Gazette")
    for person in people:
        texts = {name: value for name, value in person.items() if name != "email" and value}
        join(app.database, person["email"], "weekly", fields=texts)


@contextmanager
def page_of(app: App, given: Path | None = None) -> Iterator[httpx.Client]:
    """Serve the preview of `app` from a thread and yield a client of it."""
    page = preview_page(PreviewCache(app), app.template_folders, given)
    server = uvicorn.Server(uvicorn.Config(page, port=0, lifespan="off", log_config=None))
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def previewing(root: Path, *arguments: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run `mailer preview --serve` on a free port; yield the page's address and the process."""
    command = [
        sys.executable,
        "-m",
        "mailer",
        "-C",
        str(root),
        "preview",
        "--serve",
        "--port",
        "0",
        *arguments,
    ]
    clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=clean) as running:
        assert running.stderr is not None
        line = running.stderr.readline()
        try:
            assert line.startswith("Preview on http://127.0.0.1:"), line
            yield line.removeprefix("Preview on ").partition(" ")[0].rstrip("."), running
        finally:
            running.terminate()
            assert running.wait(120) == 0
