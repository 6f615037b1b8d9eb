"""What a visit to BASE_URL means for the links in mails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailer.doctor.certificate import judge_certificate
from mailer.doctor.result import Result, error, ok
from mailer.doctor.website import Failure, Site, WebsiteAnswer

SERVE = (
    "See that `mailer serve` runs and that the web server passes BASE_URL on to it: "
    "docs/how-to/unsubscribe-links.md."
)


def judge_site(base_url: str, site: Site, now: datetime, *, loopback: bool) -> list[Result]:
    """Say whether people can unsubscribe by the links in mails; `loopback`: the site is this machine."""
    health = site.health
    if isinstance(health, Failure):
        name = "links.certificate" if health.distrusted else "links.answer"
        step = "Renew the certificate, or correct BASE_URL." if health.distrusted else SERVE
        return [*_address(base_url, loopback=loopback), error(name, f"{base_url}: {health.words}", step)]
    results = [*_address(base_url, loopback=loopback)]
    if health.certificate is not None:
        results.append(judge_certificate("links.certificate", health.certificate, now))
    results.append(_health(base_url, health))
    if results[-1].name == "links.answer" and health.status == 200 and site.link and site.one_click:
        results += [_link(site.link), _one_click(site.one_click)]
    return results


def _address(base_url: str, *, loopback: bool) -> Iterator[Result]:
    if base_url.startswith("https://"):
        yield ok("links.address", f"{base_url}, encrypted")
    elif loopback:
        yield ok("links.address", f"{base_url}, on this machine")
    else:
        # RFC 8058 3.1 asks for an HTTPS URI; with another one, mailbox providers show no button.
        yield error(
            "links.address",
            f"{base_url} isn't https://, so one-click unsubscribing doesn't count",
            "Put a certificate on the web server and write https:// into BASE_URL.",
        )


def _health(base_url: str, health: WebsiteAnswer) -> Result:
    if health.status == 200 and health.body.strip() == b"ok":
        return ok("links.answer", f"mailer serve answers at {base_url}")
    if health.status == 503:
        return error(
            "links.answer",
            f"mailer serve answers at {base_url}, and can't use its database",
            "Look at what `mailer serve` says on that machine.",
        )
    if 300 <= health.status < 400:
        return error(
            "links.answer",
            f"{base_url} redirects to {health.headers.get('location', 'elsewhere')}",
            "Write the address that it leads to into BASE_URL.",
        )
    return error("links.answer", f"what answers at {base_url} isn't mailer serve ({_says(health)})", SERVE)


def _link(answer: WebsiteAnswer | Failure) -> Result:
    if isinstance(answer, WebsiteAnswer) and answer.status == 200:
        return ok("links.key", "a link signed here is understood there")
    if isinstance(answer, WebsiteAnswer) and answer.status == 404:
        return error(
            "links.key",
            "a link signed here isn't understood there: nobody could unsubscribe",
            "Give both the same SECRET_KEY; if it was changed, the old one is what mails that are out need.",
        )
    return error("links.key", f"a link signed here has no answer there ({_says(answer)})", SERVE)


def _one_click(answer: WebsiteAnswer | Failure) -> Result:
    if (
        isinstance(answer, WebsiteAnswer)
        and answer.status == 404
        and "no-store" in answer.headers.get("cache-control", "")
    ):
        return ok("links.one-click", "a POST arrives there, and one with a forged token is refused")
    return error(
        "links.one-click",
        f"a POST to an unsubscribe link doesn't arrive at mailer serve ({_says(answer)})",
        "Let the web server pass on POST as it is: no login, no redirect, no cookie wall.",
    )


def _says(answer: WebsiteAnswer | Failure) -> str:
    return answer.words if isinstance(answer, Failure) else f"status {answer.status}"
