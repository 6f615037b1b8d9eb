"""Placeholders of other newsletter programs, which nothing fills here: they would be mailed as they stand."""

from __future__ import annotations

import re

from mailer.compose.html.tokens import Kind, read_html
from mailer.compose.issue.notices import Notices
from mailer.compose.tags.likely import Likely

# How they are written by whom; what stands between is the name.
_STYLES = [
    r"\*\|([A-Z][A-Z0-9:_+ =-]{0,60})\|\*",  # Mailchimp
    r"\{\{\{?[^{}\n]{1,80}\}\}\}?",  # Handlebars, Liquid, Twig: Postmark, Klaviyo, Brevo, SendGrid, …
    r"\{%[^{}\n]{1,80}%\}",
    r"%%([A-Za-z][\w:. -]{0,60})%%",  # Salesforce
    r"%((?=[A-Za-z])[\w.]*(?:unsubscribe|recipient|list|mailing)[\w.]*)%",  # Mailgun
    r"%([A-Z][A-Z_-]{3,40})%",  # ActiveCampaign
    r"\{[$!]([A-Za-z][\w. :-]{0,60})\}",  # MailerLite, AWeber
    r"\[\[([A-Za-z][\w .:\"=-]{0,60})\]\]",  # GetResponse
    r"<%[=-]?\s*([\w.@ ]{1,60}?)\s*[-]?%>",  # SendGrid, ERB
    r"\[(?i:(unsubscribe|%unsubscribe%|webversion|unsubscribe_link))\]",
    r"##([A-Za-z][\w.-]{0,40})##",
]
_MERGE_TAG = re.compile("|".join(f"(?:{style})" for style in _STYLES))
_CODE_SPAN = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", re.DOTALL)
# Elements of Campaign Monitor.
_ELEMENTS = frozenset({"unsubscribe", "preferences", "webversion", "forwardtoafriend", "fblike", "tweet"})

# What the name says it is for, and what to write instead.
_INSTEAD = [
    (r"unsub|opt.?out|remove|sign.?off", "write {{ unsubscribe_url }} for the address of the link"),
    (r"preheader|preview|teaser", "give the line in front matter: description: …"),
    (r"subject", "write {{ issue.subject }}"),
    (r"address_?html|list:?_?address|street|postal|company|physical|sender_?(city|zip|state)",
     "write {{ sender.postal_address }}, or leave it out: the address is added at the end"),
    (r"archive|browser|webversion|mirror|view|permalink", "take it out: there is no such page to link to"),
    (r"preferences|update_profile|profile|manage", "take it out: there is no such page to link to"),
    (r"e.?mail", "write {{ subscriber.email }}"),
    (r"f_?name|first.?name|l_?name|last.?name|full.?name|\bname", "write {{ subscriber.name|default('…') }}"),
    (r"list", "write {{ list.title }}"),
    (r"year|date", "type it"),
]  # fmt: skip
OTHERWISE = "take it out, or write a field of the list: {{ subscriber.… }}"


def foreign_tags(html: str, first_line: int, likely: Likely, notices: Notices) -> None:
    """Note each placeholder in an issue's `html` that would be mailed as it stands, and what to write."""
    ours = {candidate.start for candidate in map(likely.marked.candidates.__getitem__, likely.ours)}
    for token in read_html(html):
        line = first_line + html.count("\n", 0, token.start)
        if token.kind is Kind.START and token.name in _ELEMENTS:
            notices.add(line, _meaningless(f"<{token.name}>"))
        if token.kind in (Kind.START, Kind.TEXT) or (token.kind is Kind.RAW and token.name == "title"):
            for found in _MERGE_TAG.finditer(token.source):
                if token.start + found.start() not in ours:
                    row = token.source.count("\n", 0, found.start())
                    notices.add(line + row, _meaningless(found.group()))


def foreign_words(prose: str, first_line: int, likely: Likely, notices: Notices) -> None:
    """Note each placeholder in marked Markdown that is surely one, by what its name says it is for.

    Other braces are what writers about programs write; so is whatever stands in code.
    """
    text = likely.marked.restore(_CODE_SPAN.sub(_blank, prose), keep=likely.ours)
    for found in _MERGE_TAG.finditer(text):
        if _purpose(found.group()):
            notices.add(first_line + text.count("\n", 0, found.start()), _meaningless(found.group()))


def _blank(code: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", code.group())


def _meaningless(tag: str) -> str:
    return f"{tag} means nothing here and would be mailed as it stands; {instead(tag)}"


def instead(tag: str) -> str:
    """Return what to write instead of a placeholder."""
    return _purpose(tag) or OTHERWISE


def _purpose(tag: str) -> str | None:
    return next((hint for name, hint in _INSTEAD if re.search(name, tag, re.IGNORECASE)), None)
