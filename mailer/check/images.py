"""Rules about images: they must make sense where they are not loaded, and not be larger than the mail."""

from __future__ import annotations

from collections.abc import Iterator

from lxml.html import HtmlElement

from mailer.check.finding import Severity
from mailer.check.rendered import RenderedMail
from mailer.check.rule import Remark, remark, rule, short

ONLY_DECORATION = "Say what it shows; leave it empty only where it is mere decoration."


@rule(
    "image-alt",
    Severity.WARNING,
    'Say in a few words what it shows: ![A boat at the quay](…), alt="A boat at the quay".',
)
def alt(mail: RenderedMail) -> Iterator[Remark]:
    """Look for images that say nothing to those who don't see them (WCAG 2.2, 1.1.1)."""
    for image in mail.elements("img"):
        text = image.get("alt")
        if text is None:
            yield _remark(mail, image, "has no alt text")
        elif not text.strip() and _alone_in_link(image):
            yield _remark(mail, image, "has no alt text, and its link has no other words")
        elif not text.strip() and image.get("role") not in ("presentation", "none"):
            yield _remark(mail, image, "has an empty alt text", Severity.ADVICE, ONLY_DECORATION)


@rule("image-width", Severity.WARNING, 'Give it the width it is to have in pixels: width="560".')
def width(mail: RenderedMail) -> Iterator[Remark]:
    """Look for images without a width: Outlook shows them as large as the file is."""
    for image in mail.elements("img"):
        if not image.get("width", "").strip():
            yield _remark(mail, image, "has no width")


def _remark(
    mail: RenderedMail, image: HtmlElement, problem: str, severity: Severity | None = None, hint: str = ""
) -> Remark:
    source = image.get("src", "")
    # A part of the mail has a name that its author never saw; the line says which image it is.
    text = f"an image {problem}" if source.startswith("cid:") else f"image {short(source)} {problem}"
    return remark(mail, image, text, written=source, severity=severity, hint=hint, kind=problem)


def _alone_in_link(image: HtmlElement) -> bool:
    link = next(image.iterancestors("a"), None)
    return link is not None and not link.text_content().strip() and len(link.findall(".//img")) == 1
