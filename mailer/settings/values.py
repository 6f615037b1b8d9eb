"""What single settings may hold: each function returns the value as it is used, or says what to write."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

_HOST = re.compile(r"[^\W_](?:[\w-]*\w)?(?:\.\w(?:[\w-]*\w)?)*\.?")
_HOST_AND_PORT = re.compile(r"(\[[^]]+\]|[^:]+):(\d+)")
_NO_PART_OF_A_URL = re.compile(r'[\s\x00-\x20\x7f<>"\\^`{|}]')
# What to write where one of a few words is meant.
SAID = {
    "smtp_security": "write tls (encrypted from the first byte, as on port 465), "
    "starttls (encrypted before anything is sent, as on port 587) or none",
    "log_level": "write DEBUG, INFO, WARNING or ERROR, or leave it empty",
}


def host(value: str, protocol: str = "SMTP") -> str:
    """Return the name or address of a host; `protocol` is what the names of its settings begin with."""
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    try:
        return str(ip_address(bare))
    except ValueError:
        pass
    if "://" in value:
        raise ValueError(f"is a URL; write the server's name alone, its port as {protocol}_PORT")
    if apart := _HOST_AND_PORT.fullmatch(value):
        raise ValueError(f"write {protocol}_HOST={apart[1].strip('[]')} and {protocol}_PORT={apart[2]}")
    if not _HOST.fullmatch(value):
        raise ValueError("is no name of a host; write it like smtp.gazette.example")
    return value


def host_and_port(value: str) -> tuple[str, int]:
    """Return the address of this machine and the port in `127.0.0.1:9464` or `[::1]:9464`."""
    found = _HOST_AND_PORT.fullmatch(value)
    if not found or not 1 <= int(found[2]) <= 65535:
        raise ValueError("is no address and port; write it like 127.0.0.1:9464")
    return host(found[1]), int(found[2])


def one_of(value: str, words: tuple[str, ...]) -> str:
    """Return the one of `words` that is meant, whatever its case; else the value, to be refused."""
    return next((word for word in words if word.casefold() == value.casefold()), value)


def web_address(value: str) -> str:
    """Return where pages begin, without a slash at the end: paths are put behind it."""
    if not value:
        return value
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with https:// (or http:// on loopback)")
    if "?" in value or "#" in value:
        raise ValueError("has a ? or #, and links get their paths put behind it; leave out what begins there")
    if _NO_PART_OF_A_URL.search(value):
        raise ValueError("has a blank or another character that no URL may hold")
    if not _names_a_host(value):
        raise ValueError("names no host, or a port that is none")
    if "@" in value.split("/")[2]:
        raise ValueError("holds a user name, which would stand in every mail; leave it out")
    return value.rstrip("/")


def origins(value: str) -> str:
    """Return the web sites whose pages may ask, with blanks between them, or * for any (Fetch, CORS)."""
    found = [part.rstrip("/") for part in re.split(r"[\s,]+", value.strip()) if part]
    for each in found:
        parts = urlsplit(each)
        if each != "*" and (
            parts.scheme not in ("http", "https") or each != f"{parts.scheme}://{parts.netloc}"
        ):
            raise ValueError(f"{each!r} is no web site; write it like https://www.harbour.example, or *")
    return " ".join(dict.fromkeys(found))


def hooks(value: str) -> str:
    """Return addresses that are posted to, with blanks between them. What is wrong is said without them."""
    found = value.split()
    for number, each in enumerate(found, 1):
        if not each.startswith(("http://", "https://")) or not _names_a_host(each):
            raise ValueError(
                f"its address no. {number} is none; write it like https://hooks.harbour.example/news"
            )
        if "@" in urlsplit(each).netloc:
            raise ValueError(
                f"its address no. {number} holds a user name, and who we are NOTICE_SECRET proves"
            )
    return " ".join(dict.fromkeys(found))


def networks(value: str) -> str:
    """Return networks as CIDR, with blanks between them."""
    found = [part for part in re.split(r"[\s,]+", value.strip()) if part]
    for each in found:
        try:
            ip_network(each)
        except ValueError as error:
            raise ValueError(f"{error}; write it like 10.1.0.0/16") from None
    return " ".join(dict.fromkeys(found))


def _names_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        name = parts.hostname or ""
        return parts.port != 0 and bool(_HOST.fullmatch(name) or ip_address(name))
    except ValueError:
        return False
