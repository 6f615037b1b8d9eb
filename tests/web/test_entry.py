"""`mailer.web:app`, for servers other than `mailer serve`."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from harbour import DATABASE

from mailer.bootstrap import App
from mailer.web.entry import EntryPoint

SETTINGS = {"SECRET_KEY": "k", "DATABASE_URL": DATABASE}


def lived(entry: EntryPoint) -> list[dict[str, Any]]:
    """What it says to a server that starts it up and, if that went well, shuts it down."""
    said: list[dict[str, Any]] = []

    async def main() -> None:
        told = iter(["lifespan.startup", "lifespan.shutdown"])

        async def receive() -> dict[str, Any]:
            return {"type": next(told)}

        async def send(message: Any) -> None:
            said.append(message)

        await entry({"type": "lifespan"}, receive, send)

    asyncio.run(main())
    return said


@pytest.mark.unit
def test_it_begins_and_ends_with_its_server(tmp_path: Path) -> None:
    said = lived(EntryPoint(App(tmp_path, SETTINGS)))
    assert [each["type"] for each in said] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert (tmp_path / "mailer.db").is_file()


@pytest.mark.unit
def test_what_is_wrong_with_a_setting_is_said_to_the_server(tmp_path: Path) -> None:
    (said,) = lived(EntryPoint(App(tmp_path, {"DATABASE_URL": DATABASE})))
    assert said["type"] == "lifespan.startup.failed"
    assert "SECRET_KEY is not set" in said["message"]
    assert "next: " in said["message"]
    assert not (tmp_path / "mailer.db").exists()


@pytest.mark.unit
def test_without_a_start_the_first_request_does(tmp_path: Path) -> None:
    async def main() -> httpx.Response:
        transport = httpx.ASGITransport(EntryPoint(App(tmp_path, SETTINGS)))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.get("/readyz")

    assert asyncio.run(main()).text == "ok\n"


def test_it_is_imported_without_a_workspace_and_without_what_answers_take() -> None:
    code = (
        "import sys, mailer.web; print([each for each in ('starlette', 'sqlalchemy') if each in sys.modules])"
    )
    environment = {**os.environ, "MAILER_WORKSPACE": "/nowhere"}
    command = [sys.executable, "-c", f"{code}; mailer.web.app"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert (run.returncode, run.stdout) == (0, "[]\n"), run.stderr


def test_uvicorn_serves_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in SETTINGS.items()))
    path, log = tmp_path / "sock", tmp_path / "log"
    command = [sys.executable, "-m", "uvicorn", "mailer.web:app", "--uds", str(path), "--no-access-log"]
    environment = {**os.environ, "MAILER_WORKSPACE": str(tmp_path)}
    with log.open("w") as said, subprocess.Popen(command, stderr=said, env=environment) as running:
        try:
            while "Uvicorn running" not in log.read_text():
                assert running.poll() is None, log.read_text()
                time.sleep(0.05)
            with httpx.Client(transport=httpx.HTTPTransport(uds=str(path)), timeout=120) as client:
                assert client.get("http://localhost/readyz").text == "ok\n"
                assert client.get("http://localhost/u/x").status_code == 404
        finally:
            running.terminate()
