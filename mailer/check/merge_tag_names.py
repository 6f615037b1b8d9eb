"""How newsletter programs write what they fill in, what they call it, and what to write for it here."""

from __future__ import annotations

import re
from collections.abc import Iterator

# What an editor of HTML puts between braces and name: mailed as typed, like all in braces that are not ours.
_GAP = r"(?:\s|&(?:nbsp|#160);|</?\w[^<>]{0,80}>)*"
# Where nobody writes like this but for a program to fill it in, whatever the name.
_STYLES = {
    "Mailchimp": r"\*\|[^\W\d][^|*\n]{0,80}\|\*",
    # Handlebars, Liquid, Twig, Go: a name, then nothing more or what only a template has after one.
    "braces": (
        r"\{\{\{?[-~]?" + _GAP + r"(?:[#/^>&]\s?)?[.$@]?[^\W\d][\w.\[\]@/\\-]*(?:\s+[^\W\d][\w.]*){0,2}"
        r"(?:(?:\s*[|?:=(+*/<>&,]|\s+[\"'.@$\d])[^{}]{0,120})?" + _GAP + r"[-~]?\}\}\}?"
    ),
    "text in braces": r"\{\{[-~]?\s*[\"'][^{}\n]{0,80}\|[^{}\n]{1,80}\}\}",
    "comments": r"\{\{!.{1,200}?\}\}|\{#\s[^{}\n]{1,200}\s#\}",
    "Jinja, Liquid, Twig": r"\{%[-+~]?\s*[A-Za-z_][^{}]{0,120}%\}",
    "Salesforce, Ghost": r"%%(?:[^\W\d][\w:.-]{0,60}|[=\[{][^%\n]{1,80})%%",
    "ERB, SendGrid": r"<%[^<>\n]{1,100}?%>",
    "JavaScript, FreeMarker": r"\$\{[^\W\d][\w.:-]{0,60}(?:[!?|][^{}\n]{0,60})?\}",
    "MailerLite, AWeber": r"\{[$!][^\W\d][\w. :|-]{0,60}\}",
    "Emma": r"\[%[^\[\]\n]{1,80}%\]",
    "Zoho": r"\$\[[A-Z][\w:|-]{0,60}\]\$",
    "Mailgun": r"%(?:recipient|subscriber|contact|user|customer|member|lead)[._][\w.]{1,60}%",
    "MailPoet": (
        r"\[(?:subscriber|user|recipient|contact|link|merge):[\w.-]{1,60}(?:\s*[|:][^\[\]\n]{0,60})?\]"
    ),
    "Mautic": r"\{(?:contactfield|subscriber|recipient|contact)[=:.][\w.]{1,60}\}",
}
_SURE = re.compile("|".join(_STYLES.values()))
# What prose has too: only the name tells.
_BY_NAME = re.compile(
    r"\{([^{}\n]{2,60})\}|\[\[([^\[\]\n]{2,60})\]\]|\[([^\[\]\n]{2,60})\]|%%([^%\n]{2,60})%%"
    r"|%\(?([A-Za-z][\w.-]{1,40}(?:\|[^%\n]{0,40})?)(?:%|\)s)|@@?([A-Za-z]\w{1,40})@@?|«(\w+_\w+)»"
    r"|##?([A-Za-z][\w.:-]{1,40})##?|\$([A-Za-z]\w{1,40})\$|~([A-Za-z][\w.]{1,40})~|<<([A-Za-z][\w ]{1,40})>>"
)
# Of those, what has another meaning as a part of an address: query[name]=, ~name, #place.
_IN_ADDRESSES = re.compile(r"(?!\[\[)[\[#$~]")

# Whose a name is stands before it, a fallback after it.
_OWNER = re.compile(
    r"(?:contact|recipient|subscriber|customer|user|lead|member|person|data|var|link|profile|list|your|the)"
    r"(?:_?(?:attribute|field))?\s*[._:= ]\s*",
    re.IGNORECASE,
)
_FALLBACK = re.compile(r"\s*(?:[|,]|:(?=[^:]*\Z)|\sor\s).*", re.IGNORECASE)
# Names without what parts their words.
_KNOWN = re.compile(
    r"(?:f|l|first|last|full|given|fore|family|sur|nick|user|contact|company|sender|list)?names?"
    r"|(?:e?mail|sender|postal|street|company)address|email|salutation|greeting|anrede"
    r"|vorname|nachname|pr[ée]nom|nomdefamille|nombre|apellidos?|cognome|voornaam|achternaam"
    r"|fornavn|etternavn|förnamn|efternamn|imi[ęe]|nazwisko|имя|фамилия|שם(?:פרטי|משפחה|מלא)?|الاسم"
    r"|\w*unsub\w*|optout\w*|signout\w*|abmelde\w*|d[ée]sabonn\w*"
    r"|web(?:version|view|link)\w*|view(?:in|on)\w*|browser(?:link|url)|archive(?:link|url)"
    r"|(?:update|manage|edit)(?:profile|preferences?)\w*|preferences(?:link|url)?|forward(?:toafriend|link|url)"
    r"|preheader|previewtext|currentyear",
    re.IGNORECASE,
)


def _link(name: str) -> str:
    return f"write {{{{ {name} }}}} for the address of the link"


# What the name says it is for, and what to write instead.
_INSTEAD = [
    (r"unsub|opt.?out|remove|sign.?off|abmelde|d[ée]sabonn", _link("unsubscribe_url")),
    (r"preheader|preview|teaser", "give the line in front matter: description: …"),
    (r"subject", "write {{ issue.subject }}"),
    (r"address_?html|list:?_?address|street|postal|company|physical|sender_?(city|zip|state)",
     "write {{ sender.postal_address }}, or leave it out: the address is added at the end"),
    (r"archive|browser|webversion|mirror|view|permalink", _link("browser_url")),
    (r"preferences|update_?profile|profile|manage", _link("preferences_url")),
    (r"e.?mail", "write {{ subscriber.email }}"),
    (r"[fl]_?name|(first|last|full).?name|\bname|(vor|nach)name|pr[ée]nom|nombre|voornaam|anrede",
     "write {{ subscriber.name|default('…') }}"),
    (r"list", "write {{ list.title }}"),
    (r"year|date", "type it"),
]  # fmt: skip
OTHERWISE = "take it out, or write a field of the list: {{ subscriber.… }}"


def tags_in(text: str, *, label: bool = False, address: bool = False) -> Iterator[str]:
    """Yield the merge tags in `text`: prose, a link's `label` (there brackets may adorn), or an `address`."""
    position = 0
    for found in _SURE.finditer(text):
        yield from _named(text[position : found.start()], label=label, address=address)
        yield found[0]
        position = found.end()
    yield from _named(text[position:], label=label, address=address)


def _named(text: str, *, label: bool, address: bool) -> Iterator[str]:
    for found in _BY_NAME.finditer(text):
        name = next(group for group in found.groups() if group)
        other = _IN_ADDRESSES.match(found[0]) and (label or (address and found[0] != text.strip()))
        if not other and _is_known(name):
            yield found[0]


def _is_known(name: str) -> bool:
    """Whether `name`, as it stands between a tag's signs, is one that newsletter programs fill in."""
    bare = _FALLBACK.sub("", _OWNER.sub("", name.strip(), count=1))
    return _KNOWN.fullmatch(re.sub(r"[\s_.-]", "", bare)) is not None


def instead(tag: str) -> str:
    """Return what to write instead of a tag."""
    return next((hint for name, hint in _INSTEAD if re.search(name, tag, re.IGNORECASE)), OTHERWISE)
