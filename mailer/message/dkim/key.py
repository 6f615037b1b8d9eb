"""The private key of a DKIM signature: read from PEM, checked, and its public half as DNS wants it."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

# RFC 8301 3.2: a signature of fewer bits counts as none, and verifiers need not take more than 4096.
LEAST_BITS, GOOD_BITS, MOST_BITS = 1024, 2048, 4096
# What PEM begins with where there is no private key to read.
_OTHERS = {
    b"-----BEGIN PUBLIC KEY": "the public key, not the private one",
    b"-----BEGIN RSA PUBLIC KEY": "the public key, not the private one",
    b"-----BEGIN CERTIFICATE": "a certificate, not a private key",
}
_PKCS1 = PKCS1v15()
_SHA256 = SHA256()


class Algorithm(StrEnum):
    """How a signature is made: its `a=` tag (RFC 8301, RFC 8463)."""

    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"

    @property
    def key_type(self) -> str:
        """The `k=` tag of the DNS record."""
        return self.value.partition("-")[0]


class UnfitKey(ValueError):
    """A file holds no key that can sign; the text completes `FILE holds …` and shows nothing of the file."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and the selector under which DNS has its public half."""

    selector: str
    algorithm: Algorithm
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @classmethod
    def read(cls, selector: str, algorithm: Algorithm, pem: bytes) -> SigningKey:
        """Return the key in `pem` (PKCS#8, or PKCS#1 for RSA); raises UnfitKey."""
        try:
            private = load_pem_private_key(pem, password=None)
        except TypeError:
            raise UnfitKey("a key that is locked with a passphrase") from None
        except (ValueError, UnsupportedAlgorithm):
            found = (what for begin, what in _OTHERS.items() if begin in pem)
            raise UnfitKey(next(found, "no private key in PEM that can be read")) from None
        match algorithm, private:
            case (Algorithm.RSA, RSAPrivateKey()) if private.key_size < LEAST_BITS:
                raise UnfitKey(
                    f"an RSA key of {private.key_size} bits; receivers ignore it below {LEAST_BITS}"
                )
            case (Algorithm.RSA, RSAPrivateKey() as key):
                return cls(selector, algorithm, key)
            case (Algorithm.ED25519, Ed25519PrivateKey() as key):
                return cls(selector, algorithm, key)
        raise UnfitKey(f"a key of another type than {algorithm.key_type}")

    def sign(self, octets: bytes) -> bytes:
        """Return the signature over `octets`."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(octets, _PKCS1, _SHA256)
        return self.private.sign(sha256(octets).digest())  # RFC 8463 3: PureEdDSA over the hash

    @property
    def record(self) -> str:
        """The TXT record that DNS has to hold at `<selector>._domainkey.<domain>` (RFC 6376 3.6.1)."""
        public = self.private.public_key()
        if isinstance(self.private, RSAPrivateKey):
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)  # RFC 8463 4
        return f"v=DKIM1; k={self.algorithm.key_type}; p={b64encode(octets).decode()}"

    @property
    def advice(self) -> str:
        """What to say about the key's size; nothing where it is fit for all receivers."""
        if isinstance(self.private, RSAPrivateKey) and not GOOD_BITS <= self.private.key_size <= MOST_BITS:
            return f"an RSA key of {self.private.key_size} bits; {GOOD_BITS} is what every receiver takes"
        return ""
