"""Runs `mailer` as a process of its own, forked from one that has its imports, which cost 0.7 s.

What must be killed, or be seen from its first instruction on, is started as `python -m mailer` instead.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

# What a command may import late. The scripts of alembic's are no modules to import.
NOT_IMPORTED = ("mailer.__main__", "mailer.store.migrations.env", "mailer.store.migrations.versions")


def run_mailer(
    *arguments: object, env: Mapping[str, str], cwd: Path, timeout: float = 120
) -> subprocess.CompletedProcess[bytes]:
    """Run `mailer` with `arguments` to its end; `env` is its whole environment, stdin is empty.

    TimeoutExpired after `timeout` seconds; the command goes on then.
    """
    words = [*map(str, arguments)]
    with (
        _connected() as line,
        Path(os.devnull).open("rb") as nothing,
        TemporaryFile() as out,
        TemporaryFile() as err,
    ):
        request = json.dumps({"arguments": words, "env": dict(env), "cwd": str(cwd)}).encode()
        line.settimeout(timeout)
        socket.send_fds(
            line, [len(request).to_bytes(4, "big")], [each.fileno() for each in (nothing, out, err)]
        )
        line.sendall(request)
        try:
            ended = int(line.recv(16))
        except TimeoutError:
            raise subprocess.TimeoutExpired(words, timeout, _all(out), _all(err)) from None
        return subprocess.CompletedProcess(words, ended, _all(out), _all(err))


def _all(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


def _connected() -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    line.connect(_server())
    return line


@cache
def _server() -> str:
    """Start the process that forks, once a test process, and return the name of its socket."""
    # An abstract name: no file that could be left behind.
    name = f"\0mailer-tests-{os.getpid()}"
    server = subprocess.Popen([sys.executable, __file__, name[1:]], stdout=subprocess.PIPE)
    atexit.register(server.wait)
    atexit.register(server.terminate)
    assert server.stdout
    assert server.stdout.readline() == b"ready\n"
    return name


def serve(name: str) -> None:
    """Fork a process for each request until the end."""
    import mailer

    for module in pkgutil.walk_packages(mailer.__path__, "mailer."):
        if not module.name.startswith(NOT_IMPORTED):
            importlib.import_module(module.name)
    # Looking for garbage among all these modules costs each fork five times what the command does.
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(f"\0{name}")
        door.listen()
        print("ready", flush=True)
        while True:
            line, _ = door.accept()
            if not os.fork():
                door.close()
                _answer(line)
            line.close()
            _bury()


def _bury() -> None:
    """Wait for those that have waited for a command, so that their processor time is known as ours."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _answer(line: socket.socket) -> None:
    """Run one command in a process of its own, say how it ended, and end."""
    size, files, _, _ = socket.recv_fds(line, 4, 3)
    with line.makefile("rb") as lines:
        request = json.loads(lines.read(int.from_bytes(size, "big")))
    if command := os.fork():
        _, status = os.waitpid(command, 0)
        line.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        os._exit(0)
    line.close()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    _be_mailer(request)


def _be_mailer(request: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.chdir(request["cwd"])
    sys.argv = ["mailer", *request["arguments"]]
    from mailer.cli import main

    main()


if __name__ == "__main__":
    serve(sys.argv[1])
