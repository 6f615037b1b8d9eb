"""Programs that others wrote to read DKIM signatures, and the keys that tests sign with.

Each reader returns what it says of every signature in a message, by selector. No DNS is asked.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from mailer.message.dkim.key import Algorithm, SigningKey

OPENDKIM = shutil.which("opendkim") or "/usr/sbin/opendkim"
DOMAIN = "gazette.example"

# Selector: whether its signature holds.
Verdicts = dict[str, bool]
Reader = Callable[[Sequence[bytes], Mapping[str, str]], list[Verdicts]]


@cache
def rsa_key(bits: int = 2048) -> SigningKey:
    return SigningKey("news1", Algorithm.RSA, generate_private_key(65537, bits))


@cache
def ed25519_key() -> SigningKey:
    return SigningKey("news2", Algorithm.ED25519, Ed25519PrivateKey.generate())


def records(*keys: SigningKey, domain: str = DOMAIN) -> dict[str, str]:
    """What DNS would hold, by name."""
    return {f"{key.selector}._domainkey.{domain}": key.record for key in keys}


def by_dkimpy(messages: Sequence[bytes], dns: Mapping[str, str]) -> list[Verdicts]:
    def answer(name: bytes, timeout: int = 0) -> bytes:
        return dns[name.decode().rstrip(".")].encode()

    return [_dkimpy_verdicts(message, answer) for message in messages]


def _dkimpy_verdicts(message: bytes, answer: Callable[..., bytes]) -> Verdicts:
    reader = dkim.DKIM(message)
    verdicts = {}
    for index, (name, value) in enumerate(
        [field for field in reader.headers if field[0].lower() == b"dkim-signature"]
    ):
        selector = re.search(rb"\bs=([^;\s]+)", value)
        assert selector, name
        try:
            verdicts[selector[1].decode()] = reader.verify(index, dnsfunc=answer)
        except dkim.DKIMException:
            verdicts[selector[1].decode()] = False
    return verdicts


def by_opendkim(messages: Sequence[bytes], dns: Mapping[str, str]) -> list[Verdicts]:
    if not Path(OPENDKIM).exists():
        pytest.skip("OpenDKIM is not installed (Debian: apt-get install opendkim)")
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "keys").write_text("".join(f"{name} {text}\n" for name, text in dns.items()))
        (folder / "conf").write_text(
            f"Mode v\nSyslog no\nAlwaysAddARHeader yes\nTestPublicKeys {folder}/keys\n"
        )
        paths = [folder / f"{number}.eml" for number in range(len(messages))]
        for path, message in zip(paths, messages, strict=True):
            path.write_bytes(message)
        command = [OPENDKIM, "-vv", "-x", f"{folder}/conf", "-t", ",".join(map(str, paths))]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout
    results = said.split("hname='Authentication-Results'")[1:]
    assert len(results) == len(messages), said
    return [
        {
            found[2]: found[1] == "pass"
            for found in re.finditer(r"dkim=(\w+)[^;]*? header\.s=([^ ;]+)", result)
        }
        for result in results
    ]


READERS: list[Reader] = [by_dkimpy, by_opendkim]
each_reader = pytest.mark.parametrize("read", READERS, ids=["dkimpy", "OpenDKIM"])
