"""What a compiled issue is to anybody: its HTML without what is one recipient's own, cleaned once more.

It is filled for a reader of whom nothing is known: an `if` about them is not so, and a `default` stands where
a name would. What prints a value that has none can't be shown to everybody.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from html import escape

import nh3
from lxml import html as lxml_html
from lxml.html import HtmlElement

from mailer.compose.html.allowed import ATTRIBUTES, COMPONENTS, ELEMENTS, NO_TEXT, SCHEMES, TABLE_PARTS, names
from mailer.domain.recipient_names import LINKS
from mailer.message.expression.expression import Expression
from mailer.message.expression.operations import CannotFill
from mailer.message.filling.evaluate import Names, reader
from mailer.message.filling.residual import Branch, Loop, Node, Tree
from mailer.message.mime.fields import RecipientHeader
from mailer.message.mime.pieces import PartContent
from mailer.message.mime.template import MessageTemplate
from mailer.viewer.reading import MailPart, MailReading, read

# Stands for the links of one recipient, to be found again; RFC 2606 keeps it from being anybody's.
OWN_LINK = "https://reader.invalid/own"
NOBODY = RecipientHeader(
    "", "reader@reader.invalid", "archive@reader.invalid", "Thu, 1 Jan 1970 00:00:00 +0000"
)
PERSONAL = "mailer-personal"  # the class of what concerns only who gets the mail
CONTENT = "content"  # the class of the article in the bundled layouts; around it is only what frames it
PREHEADER = "preheader"
SUMMARY = 200  # characters
ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp"}
# What XML can't say (2.2): feeds are made of the same text.
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_FILLER = re.compile(r"[\u034f\u200b-\u200f\u00a0\u00ad\ufeff]+")
_WITHIN_WORDS = names("a abbr b bdi bdo code em font i mark s small span strong sub sup u")
_PROSE = names(
    """
    a abbr b blockquote br code dd dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img li ol p pre s small
    strong sub sup u ul
    """
)


@dataclass(frozen=True, slots=True)
class Published:
    """An issue for anybody: `body` is HTML, styled by `styles`; `prose` the same with nothing but text.

    `images` are those that both name, by file name: `image-1.png`.
    """

    title: str
    summary: str
    language: str
    body: str
    styles: str
    prose: str
    text: str
    images: Mapping[str, MailPart]


def published(template: MessageTemplate) -> Published:
    """Return what anybody may see of `template`; CannotFill where it needs a recipient's own value."""
    nobody = {"subscriber": {}, **dict.fromkeys(LINKS, OWN_LINK), "header": NOBODY}
    template = _decided(template, nobody)
    mail = read(template.fill(nobody))
    return published_mail(mail, template.subject(nobody), template.language)


def published_mail(
    mail: MailReading,
    title: str,
    language: str,
    personal: Callable[[HtmlElement], bool] = lambda element: False,  # noqa: ARG005
) -> Published:
    """Return what anybody may see of a mail, without the links and images that are `personal`."""
    html = mail.html or "".join(f"<p>{escape(each)}</p>" for each in re.split(r"\n\s*\n", mail.text or ""))
    page = lxml_html.document_fromstring(_UNSAYABLE.sub("", html) or "<p></p>")
    styles = "\n".join(each.text or "" for each in page.iter("style"))
    preheader = _taken_out(page, personal)
    images = _name_images(page, {part.cid: part for part in mail.others if part.cid})
    body = page.find("body")
    inside = _inside(page if body is None else body)
    content = next(iter(_of_class(page, CONTENT)), page if body is None else body)
    text = " ".join("".join(_texts(content)).split())
    _unfold(content)
    return Published(
        title=_UNSAYABLE.sub("", title),
        summary=_cut(" ".join(_FILLER.sub(" ", preheader).split()) or text),
        language=language,
        body=_cleaner().clean(inside),
        styles=styles.replace("<", ""),
        prose=_prose_cleaner().clean(_inside(content)).strip(),
        text=text,
        images=images,
    )


def stored(found: Published) -> bytes:
    """Return octets that `read_stored` reads again."""
    images = {
        name: [part.type, b64encode(part.content).decode("ascii")] for name, part in found.images.items()
    }
    return json.dumps(asdict(replace(found, images={})) | {"images": images}, ensure_ascii=False).encode()


def read_stored(content: bytes) -> Published:
    """Return what `stored` wrote."""
    said = json.loads(content)
    images = {
        name: MailPart(kind, name, "", b64decode(octets)) for name, (kind, octets) in said["images"].items()
    }
    return Published(**said | {"images": images})


def _decided(template: MessageTemplate, nobody: Names) -> MessageTemplate:
    """Return `template` with every `if` and `for` decided that asks for what is not known: it is not so."""
    pieces = tuple(
        replace(piece, tree=_decide(piece.tree, nobody)) if isinstance(piece, PartContent) else piece
        for piece in template.pieces
    )
    return replace(template, pieces=pieces, subject_tree=_decide(template.subject_tree, nobody))


def _decide(tree: Tree, nobody: Names) -> Tree:
    nodes: list[Node] = []
    for node in tree:
        match node:
            case Branch(condition, then, otherwise):
                nodes += _decide(then if _is_known(condition, nobody, so=True) else otherwise, nobody)
            case Loop(_, iterable, _, otherwise) if not _is_known(iterable, nobody):
                nodes += _decide(otherwise, nobody)
            case _:
                nodes.append(node)
    return tuple(nodes)


def _is_known(expression: Expression, nobody: Names, *, so: bool = False) -> bool:
    """Whether a value is known of nobody in particular; if it is to be `so`, whether it is true."""
    try:
        value = reader(expression)(nobody)
    except CannotFill:
        return False
    return bool(value) if so else True


def _taken_out(page: HtmlElement, personal: Callable[[HtmlElement], bool]) -> str:
    """Take out of `page` what is one recipient's own; return the preheader's words, which go too."""
    words = " ".join(each.text_content() for each in _of_class(page, PREHEADER, "mailer-preheader"))
    for each in _of_class(page, PREHEADER, "mailer-preheader", PERSONAL):
        each.drop_tree()
    for each in page.xpath("//*[@*[contains(., $own)]]", own=OWN_LINK):
        _drop_link(each)
    for each in [each for each in page.iter("a", "img") if personal(each)]:
        _drop_link(each)
    for element in page.iter("*"):
        element.text = (element.text or "").replace(OWN_LINK, "")
        element.tail = (element.tail or "").replace(OWN_LINK, "")
    return words


def _of_class(page: HtmlElement, *classes: str) -> list[HtmlElement]:
    """Return the outermost elements that have one of these classes."""
    found = [
        each for each in page.iter("*") if not set(classes).isdisjoint((each.get("class") or "").split())
    ]
    return [each for each in found if set(found).isdisjoint(each.iterancestors())]


def _drop_link(link: HtmlElement) -> None:
    """Take out a link, and the paragraph that had nothing but the link in it."""
    around = link.getparent()
    link.drop_tree()
    if around is not None and around.tag in ("p", "li") and not around.text_content().strip():
        around.drop_tree()


def _name_images(page: HtmlElement, by_cid: Mapping[str, MailPart]) -> dict[str, MailPart]:
    """Let images that came with the mail have addresses beside the page; return them by file name."""
    images: dict[str, MailPart] = {}
    named: dict[str, str] = {}
    for element in page.iter("img"):
        cid = (element.get("src") or "").removeprefix("cid:")
        if (part := by_cid.get(cid)) and part.type in ENDINGS:
            name = named.setdefault(cid, f"image-{len(named) + 1}.{ENDINGS[part.type]}")
            images[name] = part
            element.set("src", name)
    return images


def _inside(body: HtmlElement) -> str:
    """Return the body as a `<div>`, for its class and style count."""
    attributes = "".join(
        f' {name}="{escape(value)}"'
        for name in ("class", "style", "dir", "lang")
        if (value := body.get(name)) is not None
    )
    children = "".join(lxml_html.tostring(each, encoding="unicode") for each in body)
    return f"<div{attributes}>{escape(body.text or '')}{children}</div>"


def _unfold(content: HtmlElement) -> None:
    """Let what tables hold only to stand in its place stand one after the other."""
    for table in content.xpath(".//table[@role='presentation']"):
        for part in table.xpath("./tr/* | ./*/tr/* | ./tr | ./*/tr | ./tbody"):
            part.drop_tag()
        table.drop_tag()


def _texts(element: HtmlElement) -> Iterator[str]:
    """Yield what it says, in order, with a blank where a block begins or ends."""
    if not isinstance(element.tag, str) or element.tag in NO_TEXT:
        return
    edge = "" if element.tag in _WITHIN_WORDS else " "
    yield edge + (element.text or "")
    for child in element:
        yield from _texts(child)
        yield child.tail or ""
    yield edge


def _cut(text: str) -> str:
    if len(text) <= SUMMARY:
        return text
    return f"{text[:SUMMARY].rpartition(' ')[0] or text[:SUMMARY]}…"


@lru_cache
def _cleaner() -> nh3.Cleaner:
    allowed = ELEMENTS - COMPONENTS
    return nh3.Cleaner(
        tags=set(allowed),
        attributes={tag: set(own) for tag, own in ATTRIBUTES.items() if tag in allowed or tag == "*"},
        url_schemes=set(SCHEMES - {"cid", "mid"}),
        clean_content_tags=set(NO_TEXT - {"title"}),
        link_rel="noopener noreferrer",
        generic_attribute_prefixes={"aria-"},
    )


@lru_cache
def _prose_cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=set(_PROSE | TABLE_PARTS | {"table"}),
        attributes={
            "a": {"href"},
            "img": {"src", "alt", "width", "height"},
            "ol": {"start"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan", "scope"},
        },
        url_schemes=set(SCHEMES - {"cid", "mid"}),
        clean_content_tags=set(NO_TEXT - {"title"}),
        link_rel=None,
    )
