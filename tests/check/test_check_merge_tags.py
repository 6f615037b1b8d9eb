"""Merge tags of other newsletter programs: found wherever they would be read, and nothing else is."""

from __future__ import annotations

import pytest
from proofs import FRONT, Workshop

from mailer.check.merge_tag_names import tags_in

# tag: what to write instead
TAGS = {
    "*|FNAME|*": "{{ subscriber.name|default('…') }}",
    "*|IF:FNAME|*": "",
    "*|UNSUB|*": "{{ unsubscribe_url }}",
    "*|LIST:ADDRESS|*": "{{ sender.postal_address }}",
    "*|MC_PREVIEW_TEXT|*": "description: …",
    "{{contact.FIRSTNAME}}": "{{ subscriber.name|default('…') }}",
    "{{ contact.EMAIL }}": "{{ subscriber.email }}",
    '{{ first_name | default: "friend" }}': "",
    "{{ user.name ?? 'friend' }}": "",
    "{{#if first_name}}": "",
    "{{/if}}": "",
    "{{else}}": "",
    "{{> footer}}": "",
    "{{!-- a note --}}": "",
    "{{{ pm:unsubscribe }}}": "{{ unsubscribe_url }}",
    "{{ .Subscriber.FirstName }}": "",
    '{{ TrackLink "https://quay.example" . }}': "",
    "{{lead.First Name:default=you}}": "",
    '{{ "now" | date: "%Y" }}': "",
    "{{ product }}": "{{ subscriber.… }}",
    "{% if member %}": "",
    "{%- endif -%}": "",
    "{# for the printer #}": "",
    "%%first%%": "",
    "%%=v(@first)=%%": "",
    "%%{first_name}%%": "",
    "%recipient.name%": "",
    "%FIRSTNAME%": "",
    "%unsubscribe_url%": "{{ unsubscribe_url }}",
    "%(user_name)s": "",
    "%%First Name%%": "",
    "%FNAME|Friend%": "",
    "[% member:first_name %]": "",
    "@first_name@": "",
    "«First_Name»": "",
    "[[first_name]]": "",
    '[[FIRSTNAME OR "Friend"]]': "",
    "{$name}": "",
    "{!firstname}": "",
    "{first_name}": "{{ subscriber.name|default('…') }}",
    '{name, "there"}': "",
    "{vorname}": "",
    "{contactfield=town}": "",
    "${name}": "",
    "$[FNAME]$": "",
    "<%= first_name %>": "",
    "<%asm_group_unsubscribe_raw_url%>": "{{ unsubscribe_url }}",
    "##firstname##": "",
    "#recipient:name#": "",
    "~Contact.FirstName~": "",
    "[subscriber:firstname | default:reader]": "",
    "[merge:first_name]": "",
    '${user.firstName!"there"}': "",
    "[firstname,fallback=reader]": "",
    "[First Name]": "",
    "[UNSUBSCRIBEURL]": "{{ unsubscribe_url }}",
}
PROSE = (
    "100%% and 50%% of it",
    "50%-60% off, 100% of 5% is little",
    "a [[link, a [[wiki]] and the [[Harbour clock]]",
    "{ braces } and {id} and {{ it's 5 }} and {{ … }} and {{}}",
    "{{ the subscriber's name }}",
    "[1] [sic] […] [Ed.] [name withheld] [email protected]",
    "#harbour #name and $name and $5 to $6 and ~40~",
    "%APPDATA% and -name- and :name: and «nom»",
    "ada@name.example, bo@name.example, 10% email 20% post",
    "1 < 2 % 3 > 4, f(x) = {a, b}",
)
ADDRESSES = (
    "https://quay.example/?filter[name]=a",
    "https://quay.example/~name/#name",
    "https://quay.example/%7Bid%7D?q=%20name%20",
)


@pytest.mark.parametrize(("tag", "instead"), TAGS.items())
def test_a_tag_is_an_error_that_says_what_to_write(workshop: Workshop, tag: str, instead: str) -> None:
    escaped = tag.replace("<", "&lt;").replace(">", "&gt;")
    html = f"<!DOCTYPE html><html><body>\n<p>Dear {escaped}, the tide is low.</p>\n</body></html>\n"
    (found,) = [each for each in workshop.findings(html, name="issue.html") if each.rule == "merge-tag"]
    assert found.text == f"{tag} means nothing here and would be mailed as it stands"
    assert found.severity == "error"
    assert found.line == FRONT.count("\n") + 2
    assert instead in found.hint
    assert found.hint.endswith("If it is meant: check_off: merge-tag")


@pytest.mark.parametrize("prose", PROSE)
def test_prose_is_none(prose: str) -> None:
    assert list(tags_in(prose)) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_are_none(address: str) -> None:
    assert list(tags_in(address, address=True)) == []


def test_wherever_it_stands_in_markdown(workshop: Workshop) -> None:
    body = """Dear \\*|FNAME|\\*, dear *|LNAME|*, dear *|FNAME|*s crew.

{% if subscriber.member|default(false) %}Dear {{ contact.first\\_name }}{% endif %}

[Leave](*|UNSUB|*), [web](https://quay.example/?e=%%email%%), ![${name}](https://quay.example/a.png "{name}")

| {$name} |
|---|
| <%= town %> |

> - {{ contact.town }}

<unsubscribe>Leave</unsubscribe>

Dear <<First Name>> and <?= $name ?> in `<?= $name; ?>` and `<tweet>`.
"""
    assert workshop.places("merge-tag", body) == [1, 1, 3, 5, 5, 5, 5, 7, 9, 11, 13, 15, 15]
    assert "link-relative" not in workshop.rules(body)


def test_wherever_it_stands_in_a_document(workshop: Workshop) -> None:
    body = """<!DOCTYPE html><html><head><title>Hello *|FNAME|*</title></head><body>
<!--[if mso]><a href="*|ARCHIVE|*">Web</a><![endif]-->
Dear {first_name}
<p>The tide.</p><!-- the printer's --> Dear %%first%%
<a href="%7B%7Bcontact.url%7D%7D">Leave</a>
</body></html>
"""
    assert workshop.places("merge-tag", body, front="", name="issue.html") == [1, 2, 3, 4, 5]


def test_wherever_it_stands_in_front_matter(workshop: Workshop) -> None:
    front = """---
title: For {first_name}
description: For *|FNAME|* and all others at the quay, every week anew.
subject: "For {{ contact.town }}, {{ subscriber.name|default('you') }}"
standfirst: For [[first_name]]
epigraph:
  text: For %%name%%
params:
  place: "${town}"
lang: en
---
"""
    lines = [each.line for each in workshop.findings(front=front) if each.rule == "merge-tag"]
    assert lines == [2, 3, 4, 5, 6, 8]


def test_in_plain_text_our_own_are_not_filled_either(workshop: Workshop) -> None:
    body = "The tide\n\nDear {{ subscriber.name|default('you') }}, dear *|FNAME|*.\n"
    found = [each for each in workshop.findings(body, name="issue.txt") if each.rule == "merge-tag"]
    assert [each.line for each in found] == [FRONT.count("\n") + 3] * 2
    assert all("let the file's name end in .md" in each.hint for each in found)


def test_code_and_what_was_escaped_are_meant(workshop: Workshop) -> None:
    body = (
        "Write `{{ contact.x }}`, \\{{ contact.y }}, &#123;{ contact.z }} or \\{name\\}:\n\n    *|FNAME|*\n"
    )
    assert "merge-tag" not in workshop.rules(body)
    html = "<p>The <code>*|FNAME|*</code> and <kbd>{name}</kbd></p>\n<pre>%%first%%</pre>\n"
    assert "merge-tag" not in workshop.rules(html, name="issue.html")


def test_a_tag_that_an_editor_tore_apart(workshop: Workshop) -> None:
    html = (
        "<p>{{&nbsp;first_name&nbsp;}}</p>\n<p>Dear {{<span>contact.name</span>}}, <b>*|</b>FNAME|*</p>\n"
        "<p>&#42;&#124;FNAME&#124;&#42; and [<a href='https://quay.example/'>unsubscribe</a>]</p>\n"
        "<div>{{ contact.boat }}<p>Low {{ contact.boat }}</p></div>\n"
    )
    assert workshop.places("merge-tag", html, name="issue.html") == [1, 2, 2, 3, 4]


def test_brackets_round_a_link_are_none(workshop: Workshop) -> None:
    assert "merge-tag" not in workshop.rules("<p><a href='https://quay.example/'>[unsubscribe]</a></p>\n")


def test_a_layouts_own_is_found_once_and_named(workshop: Workshop) -> None:
    layout = "<html><body>{{ content }}<p>*|UNSUB|*</p><p><a href='*|UNSUB|*'>Leave</a></p></body></html>"
    workshop.layout(layout)
    front = FRONT.replace("lang: en", "lang: en\ntemplate: bare")
    (found,) = [each for each in workshop.findings(front=front) if each.rule == "merge-tag"]
    assert found.line is None
    assert "(in the layout 'bare')" in found.text
