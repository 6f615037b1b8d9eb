"""SCRAM (RFC 5802, RFC 7677): nobody shows the password, and the server has to prove that it knows it.

With -PLUS the proof is bound to the server's certificate (tls-server-end-point), so that nobody in between
can pass it on. tls-exporter, which TLS 1.3 has for that (RFC 9266), Python's ssl doesn't give out.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from mailer.sasl.credentials import Credentials
from mailer.sasl.mechanisms import Mechanism, SaslFault, decoded

BINDING = "tls-server-end-point"
# What the server asks us to compute; scramp would go on for seconds.
MOST_ROUNDS = 1_000_000
_ROUNDS = re.compile(r"(?:^|,)i=(\d+)")


class Scram(Mechanism):
    """SCRAM-SHA-256."""

    name = "SCRAM-SHA-256"
    bound = False

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials)
        self._client: Any = None
        self._heard = 0

    def begin(self) -> bytes:
        """Our name and a number of ours, used once."""
        from scramp import ScramClient, ScramException

        mine = self.credentials
        proof = end_point(mine.peer) if self.bound else None
        binding = (BINDING, proof) if proof else None
        try:
            self._client = ScramClient([self.name], mine.username, mine.password, channel_binding=binding)
            return _octets(self._client.get_client_first())
        except ScramException as error:
            raise SaslFault(f"{self.name} can't carry this user name or password: {error}") from None

    def answer(self, challenge: str) -> bytes:
        """Our proof, then nothing to the server's."""
        from scramp import ScramException

        self._heard += 1
        try:
            said = decoded(challenge).decode()
            if self._heard == 1:
                return self._prove(said)
            if self._heard == 2:
                self._client.set_server_final(said)
                return b""
        except (ScramException, UnicodeDecodeError) as error:
            raise SaslFault(f"{self.name}: {error}") from None
        raise SaslFault(f"{self.name}: a challenge too many")

    def _prove(self, said: str) -> bytes:
        rounds = _ROUNDS.search(said)
        if rounds and int(rounds[1][:12]) > MOST_ROUNDS:
            raise SaslFault(f"{self.name}: the server asks for {rounds[1][:12]} rounds")
        self._client.set_server_first(said)
        return _octets(self._client.get_client_final())

    def end(self) -> None:
        """The server must have shown that it knows the password."""
        if self._heard < 2:
            raise SaslFault(f"{self.name}: the server didn't prove that it knows the password")


class ScramPlus(Scram):
    """SCRAM-SHA-256-PLUS."""

    name = "SCRAM-SHA-256-PLUS"
    bound = True


def end_point(certificate: bytes) -> bytes | None:
    """Return the hash of a server's certificate that a login is bound to (RFC 5929 4.1).

    None without a certificate, and for one whose signature names no hash (Ed25519, say).
    """
    if not certificate:
        return None
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.x509 import load_der_x509_certificate

    try:
        algorithm = load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is None:
        return None
    return hashlib.new(
        "sha256" if algorithm.name in ("md5", "sha1") else algorithm.name, certificate
    ).digest()


def _octets(text: Any) -> bytes:
    return str(text).encode()
