"""Rules about where links and images lead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from itertools import chain
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.merge_tag_names import tags_in
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, remark, rule, short
from mailer.compose.css.reading import read_style

PLACEHOLDER = re.compile(r"(?<![A-Za-z0-9])(?:TK(?:TK)*|TODO|FIXME)(?![A-Za-z0-9])")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CSS_URL = re.compile(r"""\burl\(\s*(?P<quote>["']?)(?P<address>[^()]*?)(?P=quote)\s*\)""", re.IGNORECASE)
# HTML 4.8.4.2.1: an address may hold commas, but neither begin nor end with one.
_CANDIDATE = re.compile(r"([^\s,](?:\S*[^\s,])?)(?:,|\s[^,]*(?:,|\Z)|\Z)")
_PLAYED = frozenset({"audio", "source", "video"})
_ATTRIBUTES = {"a": "href", "area": "href", "img": "src"}
# Addresses that only a mailing service's click counter makes, kept to what is evident from host and path; the
# hosts are those that the services themselves document. Service: (its hosts, how the path of a counted link
# begins).
TRACKERS: dict[str, tuple[str, str]] = {
    "Mailchimp": (r"(.+\.)?list-manage\d*\.com", r"/track/click"),
    "Mandrill": (r"mandrillapp\.com", r"/track/click"),
    "SendGrid": (r"(.+\.)?ct\.sendgrid\.net|sendgrid\.net", r"/(ls|wf)/click"),
    "Amazon SES": (r"(.+\.)?awstrack\.me", r"/L0/"),
    "Campaign Monitor": (r"(.+\.)?(cmail\d+|createsend\d*)\.com", r"/t/"),
    "Substack": (r"(.+\.)?substack\.com", r"/redirect/"),
    "Kit": (r"click\.(convertkit-mail\d*|kit-mail\d*)\.com", r"/"),
    "beehiiv": (r"link\.mail\.beehiiv\.com", r"/ss/c/"),
    "HubSpot": (r"(.+\.)?hubspotlinks\w*\.com", r"/"),
    "Constant Contact": (r"r20\.rs6\.net", r"/tn\.jsp"),
    "MailerLite": (r"click\.mlsend\.com|click\.mailerlite\.com", r"/link/"),
    "Outlook Safe Links": (r"(.+\.)?safelinks\.protection\.outlook\.com", r"/"),
    "Proofpoint": (r"urldefense(\.proofpoint)?\.com", r"/v\d/"),
    "Google": (r"(www\.)?google\.[a-z.]+", r"/url$"),
    "Facebook": (r"l\.facebook\.com|lm\.facebook\.com", r"/l\.php"),
}


def addresses(mail: RenderedMail) -> Iterator[tuple[HtmlElement, str, str]]:
    """Yield each link and image with its address and what to call it; not those that are the reader's own."""
    for element in mail.elements(*_ATTRIBUTES):
        address = element.get(_ATTRIBUTES[element.tag])
        if address is not None and address not in mail.own_links:
            words = short(element.text_content()) or "without words"
            yield element, address.strip(), "image" if element.tag == "img" else f"link “{words}”"


def web_addresses(mail: RenderedMail) -> set[str]:
    """Return the addresses of links and images that lead into the web."""
    found = {address for _, address, _ in addresses(mail)}
    return {address for address in found if address.lower().startswith(("http://", "https://"))}


def _loaded(mail: RenderedMail) -> Iterator[tuple[HtmlElement, str, str]]:
    """Yield what else a mail program would fetch: addresses in styles, and what only some elements have."""
    for element in mail.elements("*"):
        for declaration in read_style(element.get("style", "")):
            for found in _CSS_URL.finditer(declaration.value):
                yield element, found["address"].strip(), f"url() in {declaration.name}"
        for address in _CANDIDATE.findall(element.get("srcset", "")):
            yield element, address, "srcset"
        for name in ("poster", "background"):
            if (named := element.get(name)) is not None:
                yield element, named.strip(), name
        if element.tag in _PLAYED and (source := element.get("src")) is not None:
            yield element, source.strip(), f"<{element.tag}>"


def _urls(mail: RenderedMail) -> Iterator[tuple[HtmlElement, str, str, SplitResult]]:
    for element, address, what in addresses(mail):
        try:
            yield element, address, what, urlsplit(address)
        except ValueError:
            continue  # of the kind http://[x: the rule about broken addresses has it


@rule("link-empty", Severity.ERROR, "Write where it leads.")
def empty(mail: RenderedMail) -> Iterator[Remark]:
    """Look for links and images that lead nowhere at all."""
    for element, address, what in addresses(mail):
        if address in ("", "#", "http://", "https://"):
            yield remark(mail, element, f"{what} has no address", written=address, kind="empty")


@rule("link-relative", Severity.ERROR, "Write the whole address, with https://.")
def relative(mail: RenderedMail) -> Iterator[Remark]:
    """Look for addresses that mean something only beside the file, or only on this machine."""
    for element, address, what in chain(addresses(mail), _loaded(mail)):
        if not address or address.startswith("#") or PLACEHOLDER.fullmatch(address):
            continue
        if unquote(address) in tags_in(unquote(address), address=True):
            continue  # the rule about merge tags has it
        if not _SCHEME.match(address):
            text = f"{what} leads to {short(address)}, which is relative: a mail is nowhere"
            yield remark(mail, element, text, written=address, kind="relative")
        elif _broken(address):
            text = f"{what} leads to {short(address)}, which is no address"
            yield remark(mail, element, text, written=address, kind="broken")
        elif mail.public and _on_this_machine(address):
            text = f"{what} leads to {short(address)}, which readers can't reach"
            yield remark(mail, element, text, written=address, kind="out of reach")


@rule("link-insecure", Severity.WARNING, "Write https:// if the site has it.")
def insecure(mail: RenderedMail) -> Iterator[Remark]:
    """Look for addresses without TLS."""
    for element, address, what, url in _urls(mail):
        if url.scheme.lower() == "http" and url.hostname and not _on_this_machine(address):
            text = f"{what} goes over http: {short(address)}"
            yield remark(mail, element, text, written=address, kind="http")


@rule("link-placeholder", Severity.ERROR, "Write the address that was to stand here.")
def placeholder(mail: RenderedMail) -> Iterator[Remark]:
    """Look for addresses that were to be filled in later."""
    for element, address, what in addresses(mail):
        if PLACEHOLDER.search(address):
            bare = re.sub(r"^(?:https?://|mailto:|#)|/$", "", address)
            severity = None if PLACEHOLDER.fullmatch(bare) else Severity.WARNING
            text = f"{what} leads to a placeholder: {short(address)}"
            yield remark(mail, element, text, written=address, severity=severity, kind="placeholder")


@rule("link-tracked", Severity.WARNING, "Follow it, and put in the address where it ends.")
def tracked(mail: RenderedMail) -> Iterator[Remark]:
    """Look for addresses that another mail's tracking has been through."""
    for element, address, what, url in _urls(mail):
        if (tracker := _tracker_of(url)) is not None:
            text = f"{what} goes through {tracker}, which counts clicks for someone else: {short(address)}"
            yield remark(mail, element, text, written=address, kind=tracker)
        elif doubled := _doubled(url):
            text = f"{what} has {doubled}: {short(address)}"
            yield remark(mail, element, text, written=address, kind=doubled)


def _tracker_of(url: SplitResult) -> str | None:
    """Return the service whose click counter an address leads through, or None."""
    host = (url.hostname or "").lower()
    for name, (hosts, path) in TRACKERS.items():
        if re.fullmatch(hosts, host) and re.match(path, url.path or "/"):
            return name
    return None


def _doubled(url: SplitResult) -> str:
    """Return what is there twice of the marks that analytics reads."""
    if re.search(r"[?&]utm_\w+=[^&?]*\?utm_", f"?{url.query}"):
        return "a second ? in its query"
    names = [name for name, _ in parse_qsl(url.query, keep_blank_values=True) if name.startswith("utm_")]
    twice = sorted({name for name in names if names.count(name) > 1})
    return f"{', '.join(twice)} twice" if twice else ""


@rule("link-target", Severity.WARNING, "Give the place an id, or correct the link.")
def targets(mail: RenderedMail) -> Iterator[Remark]:
    """Look for links to places of the mail that are not there."""
    known = {element.get("id") for element in mail.document.iter() if isinstance(element.tag, str)}
    known |= {element.get("name") for element in mail.elements("a")}
    for element, address, what in addresses(mail):
        place = address.removeprefix("#")
        if address in ("#", place) or PLACEHOLDER.fullmatch(place) or {place, unquote(place)} & known:
            continue
        text = f"{what} leads to {address}, which is nowhere here"
        yield remark(mail, element, text, written=address, kind="nowhere")


@rule("link-dead", Severity.WARNING, "Open it; correct it or take it out.")
def dead(mail: RenderedMail) -> Iterator[Remark]:
    """Tell which addresses were tried in vain (`--online`)."""
    for element, address, what in addresses(mail):
        if (reason := mail.dead.get(address)) is not None:
            text = f"{what} leads to {short(address)}: {reason}"
            yield remark(mail, element, text, written=address, kind=address)


def _broken(address: str) -> bool:
    try:
        url = urlsplit(address)
        # https://https://… is an address behind a scheme that it brings itself.
        return url.scheme.lower() in ("http", "https") and url.hostname in (None, "", "http", "https")
    except ValueError:
        return True


def _on_this_machine(address: str) -> bool:
    url = urlsplit(address)
    host = url.hostname or ""
    if url.scheme.lower() == "file" or host == "localhost" or host.endswith((".localhost", ".local")):
        return True
    try:
        found = ip_address(host)
    except ValueError:
        return False
    return found.is_private or found.is_loopback or found.is_link_local
