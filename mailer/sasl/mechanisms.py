"""The mechanisms that need no arithmetic worth the name; SCRAM is beside them."""

from __future__ import annotations

import hmac
import json
from abc import ABC, abstractmethod
from base64 import b64decode
from contextlib import suppress

from mailer.sasl.credentials import Credentials


class SaslFault(Exception):
    """The server can't be logged in to like this: it says what doesn't belong here, or proves nothing."""


class Unexpected(SaslFault):
    """What the server says has no place here, which may pass by itself."""


class Mechanism(ABC):
    """One login. `said` is what the server told in a challenge why it will refuse; empty if it didn't."""

    said = ""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def begin(self) -> bytes | None:
        """Return what goes along with the mechanism's name; None where the server speaks first."""
        return None

    @abstractmethod
    def answer(self, challenge: str) -> bytes:
        """Return what answers a challenge, which is in base64 yet; SaslFault if nothing does."""

    def end(self) -> None:  # noqa: B027 - most mechanisms ask nothing of the server
        """The server let us in; SaslFault if it may not, having proved nothing."""


class Plain(Mechanism):
    """PLAIN (RFC 4616)."""

    def begin(self) -> bytes:
        """User name and password."""
        return f"\0{self.credentials.username}\0{self.credentials.password}".encode()

    def answer(self, challenge: str) -> bytes:
        """There is nothing to ask."""
        raise Unexpected(f"{MORE}: {challenge}")


class LoginMechanism(Mechanism):
    """LOGIN, which no standard describes: the name, then the password, whatever the words in between."""

    _asked = 0

    def answer(self, challenge: str) -> bytes:  # noqa: ARG002
        """The first question is for the name, the second for the password."""
        self._asked += 1
        if self._asked > 2:
            raise Unexpected(MORE)
        return (self.credentials.username if self._asked == 1 else self.credentials.password).encode()


class CramMd5(Mechanism):
    """CRAM-MD5 (RFC 2195)."""

    def answer(self, challenge: str) -> bytes:
        """The name, and the challenge signed with the password."""
        signed = hmac.new(self.credentials.password.encode(), decoded(challenge), "md5").hexdigest()
        return f"{self.credentials.username} {signed}".encode()


class External(Mechanism):
    """EXTERNAL (RFC 4422 A): TLS has shown the certificate; a name, if any, says as whom."""

    def begin(self) -> bytes:
        """As whom."""
        return self.credentials.username.encode()

    def answer(self, challenge: str) -> bytes:
        """There is nothing to ask."""
        raise Unexpected(f"more is asked than as whom: {challenge}")


class _Bearer(Mechanism):
    """A token, and if it is refused a challenge that says why, which has to be answered (`dismissed`)."""

    dismissed = b""

    def answer(self, challenge: str) -> bytes:
        """Take in why it is refused."""
        self.said = _reason(decoded(challenge))
        return self.dismissed


class OAuthBearer(_Bearer):
    """OAUTHBEARER (RFC 7628)."""

    dismissed = b"\x01"  # 3.2.3

    def begin(self) -> bytes:
        """The token, with as whom and where."""
        mine = self.credentials
        name = mine.username.replace("=", "=3D").replace(",", "=2C")  # RFC 5801 4
        parts = [f"n,a={name},", f"host={mine.host}", f"port={mine.port}", f"auth=Bearer {mine.token}"]
        return ("\x01".join(parts) + "\x01\x01").encode()


class XOAuth2(_Bearer):
    """XOAUTH2, Google's and Microsoft's (developers.google.com/workspace/gmail/imap/xoauth2-protocol)."""

    def begin(self) -> bytes:
        """The token, with as whom."""
        return f"user={self.credentials.username}\x01auth=Bearer {self.credentials.token}\x01\x01".encode()


def decoded(challenge: str) -> bytes:
    """Return a challenge as it was before base64."""
    try:
        return b64decode(challenge, validate=True)
    except ValueError:
        raise Unexpected("a challenge that isn't base64") from None


MORE = "more is asked than user name and password"
LONG = 200  # characters of a reason; it is shown to a person


def _reason(challenge: bytes) -> str:
    """Return what the JSON of an error says (RFC 7628 3.2.2), safe to show: `status 401, scope …`."""
    with suppress(ValueError, RecursionError):
        if isinstance(found := json.loads(challenge), dict):
            words = ", ".join(f"{key} {value}" for key, value in found.items())
            return "".join(each for each in words if each.isprintable())[:LONG]
    return ""
