"""A network of namespaces: each machine has one, and its cable can be pulled, so that packets are dropped."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

LOOPBACK = "127.0.0.1"


@dataclass(slots=True)
class Network:
    """Places by name. Without namespaces all of them are this machine, and nothing can be cut off."""

    places: dict[str, str] = field(default_factory=dict)  # their addresses, by their names

    divided: bool = False

    def address(self, place: str) -> str:
        """Return the address of a place."""
        return self.places.get(place, LOOPBACK)

    def at(self, place: str, command: Sequence[str]) -> list[str]:
        """Return the command for it to run at a place."""
        return ["ip", "netns", "exec", _name(place), *command] if self.divided else list(command)

    def cut(self, place: str) -> None:
        """Drop whatever comes from there or goes there; nothing is told of it."""
        _ip("-n", _name("switch"), "link", "set", place, "down")

    def mend(self, place: str) -> None:
        """Let it through again."""
        _ip("-n", _name("switch"), "link", "set", place, "up")


@contextmanager
def network(*places: str) -> Iterator[Network]:
    """Join places by a switch; all are this machine where there can be no namespaces."""
    if os.geteuid() or shutil.which("ip") is None:
        yield Network()
        return
    made: list[str] = []
    try:
        for place in ("switch", *places):
            _ip("netns", "add", _name(place))
            made.append(place)
            _ip("-n", _name(place), "link", "set", "lo", "up")
        _ip("-n", _name("switch"), "link", "add", "switch", "type", "bridge")
        _ip("-n", _name("switch"), "link", "set", "switch", "up")
        addresses = {place: f"10.77.0.{number}" for number, place in enumerate(places, 1)}
        for place, address in addresses.items():
            _join(place, address)
    except subprocess.CalledProcessError:
        addresses = {}
    try:
        yield Network(addresses, divided=bool(addresses))
    finally:
        for place in made:
            _ip("netns", "delete", _name(place))


def _join(place: str, address: str) -> None:
    inside, switch = _name(place), _name("switch")
    _ip("-n", switch, "link", "add", place, "type", "veth", "peer", "name", "cable", "netns", inside)
    _ip("-n", switch, "link", "set", place, "master", "switch", "up")
    _ip("-n", inside, "address", "add", f"{address}/24", "dev", "cable")
    _ip("-n", inside, "link", "set", "cable", "up")


def _name(place: str) -> str:
    return f"torture-{os.getpid()}-{place}"


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, stderr=subprocess.DEVNULL)
