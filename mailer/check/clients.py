"""Rules about mail programs: what they cut off or throw away, and what some can't show.

The last is as caniemail has tested it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lxml.html import HtmlElement

from mailer.check.features import FeatureUse, features_in, features_of
from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, rule

# Gmail shows no more than this of a message's HTML and hides the rest, the unsubscribe link with it.
CLIPPED_AT = 102_400
WARN_FROM = 80 * 1024
# From here on Gmail throws away a style sheet, and all that follow it (hteumeuleu/email-bugs 90).
STYLE_DROPPED_AT = 16 * 1024

# A reader whose mail program lacks these misses nothing: they announce something that it has not got, a dark
# mode or a pointer, or say how a thing looks while it is being pointed at.
HARMLESS = frozenset(
    {
        "css-at-media-hover",
        "css-at-media-prefers-color-scheme",
        "css-at-media-prefers-reduced-motion",
        "css-color-scheme",
        "css-comments",
        "css-cursor",
        "css-pseudo-class-active",
        "css-pseudo-class-focus",
        "css-pseudo-class-hover",
        "html-doctype",
        "html-meta-color-scheme",
        "html-target",
    }
)

DATA = Path(__file__).with_name("caniemail.json")


@dataclass(frozen=True, slots=True)
class Support:
    """What caniemail says: clients by id with their names, features by id with title and who lacks them."""

    clients: dict[str, str]
    titles: dict[str, str]
    lacking: dict[str, frozenset[str]]

    def missed(self, uses: Iterable[FeatureUse]) -> dict[str, set[str]]:
        """Return for each feature that is used in vain the clients that lack it.

        What stands inside something that a client lacks (`@media`, `<style>`) is not counted for it again.
        """
        found: dict[str, set[str]] = {}
        for use in set(uses):
            for client in self.lacking.get(use.feature, ()):
                if not any(client in self.lacking.get(outer, ()) for outer in use.inside):
                    found.setdefault(use.feature, set()).add(client)
        return found


def noticed(uses: Iterable[FeatureUse]) -> Iterator[FeatureUse]:
    """Yield the uses that a reader could miss: not the harmless, nor rules aimed at one mail program."""
    return (use for use in uses if not use.aimed and use.feature not in HARMLESS)


@cache
def support() -> Support:
    """Return the data that comes with the program."""
    data = json.loads(DATA.read_text(encoding="utf-8"))
    features = data["features"]
    return Support(
        data["clients"],
        {name: feature["title"] for name, feature in features.items()},
        {name: frozenset(feature["lacking"]) for name, feature in features.items()},
    )


@rule(
    "client-support",
    Severity.ADVICE,
    "Make sure that the mail holds without it; see https://www.caniemail.com.",
)
def unsupported(mail: RenderedMail) -> Iterator[Remark]:
    """Look for features that a client lacks: the issue's own each by itself, the layout's together."""
    data = support()
    own: dict[str, int | None] = {}
    typed = (element for element in mail.lines.written if not _made_of_markdown(element))
    for feature, element in features_in(*typed):
        own.setdefault(feature, mail.lines.of_row(element.sourceline or 1))
    missed = sorted(data.missed(noticed(features_of(mail))).items())
    for feature, clients in missed:
        if feature in own:
            names = [name for client, name in data.clients.items() if client in clients]
            yield Remark(f"{data.titles[feature]}: does nothing in {_listed(names)}", own[feature])
    the_layouts = [data.titles[feature] for feature, _ in missed if feature not in own]
    if the_layouts and mail.own_layout:
        features = ", ".join(the_layouts)
        yield Remark(f"{mail.layout} has what does nothing in some: {features}")


def _made_of_markdown(element: HtmlElement) -> bool:
    """Whether the program writes the element for a caption or a footnote, and it is nobody's to change."""
    classes = {each.get("class", "") for each in (element, element.getparent()) if each is not None}
    return element.tag == "figcaption" or any("footnote" in names for names in classes)


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@rule("html-size", Severity.ERROR, "Shorten the issue, or link to the rest of it.")
def html_size(mail: RenderedMail) -> Iterator[Remark]:
    """Look at the size of the HTML part."""
    text = f"the HTML is {mail.octets:,} octets; Gmail cuts it off at {CLIPPED_AT:,}"
    if mail.octets > CLIPPED_AT:
        yield Remark(f"{text}, and the footer with it")
    elif mail.octets > WARN_FROM:
        yield Remark(text, severity=Severity.WARNING)


@rule(
    "style-size", Severity.WARNING, "Take rules out of the <style>; what can be inlined needs no place there."
)
def style_size(mail: RenderedMail) -> Iterator[Remark]:
    """Look at the size of the style sheets together."""
    octets = sum(len(text.encode()) for text in mail.style_texts)
    if octets > STYLE_DROPPED_AT:
        yield Remark(f"the style sheets are {octets:,} octets; Gmail drops what is over {STYLE_DROPPED_AT:,}")
