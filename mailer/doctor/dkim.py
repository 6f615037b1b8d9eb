"""DKIM: whether DNS has the public half of the key that signs (RFC 6376 3.6.1, RFC 8301, RFC 8463)."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailer.doctor.result import DnsRecord, Result, error, ok, unanswered, warning
from mailer.doctor.tag_list import parse_tags
from mailer.message.dkim.key import GOOD_BITS, Algorithm, SigningKey
from mailer.online.lookup import Answer, Found, Lookup, Unanswered


def place(key: SigningKey, domain: str) -> str:
    """Return the name under which DNS has to have the key."""
    return f"{key.selector}._domainkey.{domain}"


async def examine_key(key: SigningKey, domain: str, lookup: Lookup) -> Result:
    """Look for the public half of `key`, with which mail is signed for `domain`."""
    return judge_key(key, domain, await lookup.texts(place(key, domain)))


def judge_key(key: SigningKey, domain: str, answer: Answer) -> Result:
    """Say whether receivers can verify what `key` signs, by what DNS says."""
    name = "dkim.key" if key.algorithm is Algorithm.RSA else "dkim.ed25519"
    where = place(key, domain)
    if isinstance(answer, Unanswered):
        return unanswered(name, answer.words)
    record = DnsRecord(where, "TXT", key.record)
    records = answer.records if isinstance(answer, Found) else ()
    if not records:
        return error(name, f"{where} has no key: no receiver can verify a signature", _PUBLISH, record)
    if len(records) > 1:
        # RFC 6376 3.6.2.2: what is done with several is undefined.
        return error(name, f"{where} has {len(records)} records", "Leave only this one.", record)
    if problem := _problem(key, records[0]):
        return error(name, f"{where}: {problem}", _PUBLISH, record)
    return _judge_strength(key, name, where, records[0])


_PUBLISH = "Publish this record; DNS may take an hour to show it."


def _problem(key: SigningKey, text: str) -> str:
    """Return what keeps the record from verifying our signatures; empty if nothing does."""
    try:
        tags = parse_tags(text)
    except ValueError as problem:
        return f"the record can't be read: {problem}"
    if tags.get("v", "DKIM1") != "DKIM1" or "p" not in tags:
        return "this is no DKIM record"
    public = "".join(tags["p"].split())
    if not public:
        return "the key is revoked: its p= is empty"
    return _restriction(tags, key) or _mismatch(public, key)


def _restriction(tags: dict[str, str], key: SigningKey) -> str:
    if tags.get("k", "rsa") != key.algorithm.key_type:
        return f"the record is for k={tags.get('k', 'rsa')}, and we sign with {key.algorithm.key_type}"
    if "h" in tags and "sha256" not in tags["h"].replace(" ", "").split(":"):
        return f"the record allows only h={tags['h']}, and we sign with sha256"
    if "s" in tags and not {"*", "email"} & set(tags["s"].replace(" ", "").split(":")):
        return f"the record is for s={tags['s']}, not for mail"
    return ""


def _mismatch(public: str, key: SigningKey) -> str:
    ours = parse_tags(key.record)["p"]
    if public == ours:
        return ""
    try:
        octets = b64decode(public, validate=True)
    except Base64Error:
        return "the key is cut off or mistyped: its p= is no base64"
    if ours.startswith(public):
        return f"the key is cut off: {len(public)} of {len(ours)} characters"
    if key.algorithm is Algorithm.RSA and _same(octets, key):
        return ""
    return "another key than the one that we sign with"


def _same(octets: bytes, key: SigningKey) -> bool:
    # Some publish the key without its wrapping, which verifiers take too (RFC 6376 erratum 3017).
    try:
        public = load_der_public_key(octets)
    except (ValueError, UnsupportedAlgorithm):
        return False
    ours = key.private.public_key()
    return (
        isinstance(public, RSAPublicKey)
        and isinstance(ours, RSAPublicKey)
        and public.public_numbers() == ours.public_numbers()
    )


def _judge_strength(key: SigningKey, name: str, where: str, text: str) -> Result:
    bits = key.private.key_size if isinstance(key.private, RSAPrivateKey) else 0
    if 0 < bits < GOOD_BITS:
        return warning(
            name,
            f"{where} matches our key, which has {bits} bits; {GOOD_BITS} is what receivers expect",
            "Make a new key under a new selector: docs/how-to/dkim.md.",
        )
    tags = parse_tags(text)
    if "y" in tags.get("t", "").split(":"):
        return warning(
            name,
            f"{where} matches our key, but is marked as a test (t=y), so it may count for nothing",
            "Take t=y out of the record once mail arrives signed.",
            DnsRecord(where, "TXT", key.record),
        )
    kind = f"RSA, {bits} bits" if bits else "Ed25519"
    return ok(name, f"{where} matches our key ({kind})")
