"""Placeholders of other newsletter programs, which nothing fills here: they would be mailed as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailer.compose.html_tokens import Kind, read_html
from mailer.compose.marks import Marked
from mailer.domain.issue import Issue, Notice

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


def foreign_tags(marked: Marked, ours: frozenset[int], issue: Issue) -> Iterator[Notice]:
    """Yield a notice for each placeholder that would be mailed as it stands, with what to write instead."""
    text = marked.restore(marked.text, ours)
    known = dict[str, int]()
    for token in read_html(text):
        if token.kind is Kind.START and token.name in _ELEMENTS:
            known.setdefault(f"<{token.name}>", token.start)
        if token.kind in (Kind.START, Kind.TEXT) or (token.kind is Kind.RAW and token.name == "title"):
            for found in _MERGE_TAG.finditer(token.source):
                known.setdefault(found.group(), token.start + found.start())
    for tag, start in sorted(known.items(), key=lambda each: each[1]):
        line = issue.body_line + text.count("\n", 0, start)
        yield Notice(
            issue.path, line, f"{tag} means nothing here and would be mailed as it stands; {instead(tag)}"
        )


def instead(tag: str) -> str:
    """Return what to write instead of a placeholder."""
    return next((hint for name, hint in _INSTEAD if re.search(name, tag, re.IGNORECASE)), OTHERWISE)
