"""A server's certificate: for which names, and until when."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.x509 import (
    DNSName,
    ExtensionNotFound,
    IPAddress,
    SubjectAlternativeName,
    load_der_x509_certificate,
)

from mailer.doctor.result import Result, error, ok, warning

SOON = timedelta(days=14)
NAMES_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Certificate:
    """What it is good for; `expires` is aware. `protocol` is the version of TLS that it came by."""

    names: tuple[str, ...]
    expires: datetime
    protocol: str = ""

    @classmethod
    def of(cls, stream: ssl.SSLObject | ssl.SSLSocket | None) -> Certificate | None:
        """Return the certificate of the other side; None without TLS. Nothing is verified here."""
        octets = stream.getpeercert(binary_form=True) if stream is not None else None
        if stream is None or octets is None:
            return None
        found = load_der_x509_certificate(octets)
        try:
            names = found.extensions.get_extension_for_class(SubjectAlternativeName).value
        except ExtensionNotFound:
            listed: tuple[str, ...] = ()
        else:
            addresses = map(str, names.get_values_for_type(IPAddress))
            listed = (*names.get_values_for_type(DNSName), *addresses)
        return cls(listed, found.not_valid_after_utc, stream.version() or "")

    @property
    def shown_names(self) -> str:
        """The names in words, not all of very many."""
        rest = len(self.names) - NAMES_SHOWN
        return ", ".join(self.names[:NAMES_SHOWN]) + (f" and {rest} more" if rest > 0 else "") or "no name"


def judge_certificate(name: str, certificate: Certificate, now: datetime) -> Result:
    """Say how long a certificate holds that was verified."""
    left = certificate.expires - now
    until = f"for {certificate.shown_names}, until {certificate.expires:%Y-%m-%d}"
    if left > SOON:
        return ok(name, f"verified, {until}")
    days = "today" if left.days < 1 else f"in {left.days} day{'s' if left.days > 1 else ''}"
    return warning(name, f"runs out {days}: {until}", "See that it is renewed; without one nothing is sent.")


def judge_rejected(name: str, reason: str, seen: Certificate | None, next_step: str) -> Result:
    """Say what is wrong with a certificate that doesn't verify for `reason`."""
    shown = f". It is for {seen.shown_names}, until {seen.expires:%Y-%m-%d}" if seen else ""
    return error(name, f"{reason}{shown}", next_step)
