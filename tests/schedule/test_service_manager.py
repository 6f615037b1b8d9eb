"""What systemd hears of a daemon, on a socket such as systemd's."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from mailer.schedule.service_manager import ServiceManager

pytestmark = pytest.mark.peers


@pytest.fixture
def systemd(tmp_path: Path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(20)
        yield listening


def test_it_hears_that_a_daemon_is_ready_and_stops(systemd):
    manager = ServiceManager({"NOTIFY_SOCKET": systemd.getsockname()})
    manager.ready("Looking.")
    manager.alive()  # nobody counts on it
    manager.stopping()
    assert [systemd.recv(1000) for _ in range(2)] == [b"READY=1\nSTATUS=Looking.", b"STOPPING=1"]


def test_it_is_told_that_the_daemon_lives_where_it_watches_that(systemd):
    watched = {"NOTIFY_SOCKET": systemd.getsockname(), "WATCHDOG_USEC": "1200000000"}
    for pid, heard in ((os.getpid(), b"WATCHDOG=1"), (os.getpid() + 1, b"STOPPING=1")):
        manager = ServiceManager(watched | {"WATCHDOG_PID": str(pid)})
        for _ in range(3):
            manager.alive()  # said once in ten minutes
        manager.stopping()
        assert systemd.recv(1000) == heard
    assert systemd.recv(1000) == b"STOPPING=1"


def test_without_systemd_nothing_is_told():
    ServiceManager({}).ready("Looking.")
    ServiceManager({"NOTIFY_SOCKET": "/nowhere"}).ready("Looking.")


def test_a_socket_without_a_file_is_heard_too():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0mailer-test-{os.getpid()}")
        ServiceManager({"NOTIFY_SOCKET": f"@mailer-test-{os.getpid()}"}).stopping()
        listening.settimeout(20)
        assert listening.recv(1000) == b"STOPPING=1"
