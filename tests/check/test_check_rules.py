"""Each rule: an issue that breaks it, and the one that breaks none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from proofs import BARE, FRONT, PROSE, Workshop

from mailer.check.examine import RULES, examine
from mailer.check.finding import Finding, Severity
from mailer.domain.field import FieldType

Breaks = Callable[[Workshop], list[Finding]]


def body(text: str, name: str = "issue.md") -> Breaks:
    return lambda workshop: workshop.findings(text, name=name)


def front(line: str) -> Breaks:
    """One more line of front matter, instead of that of the same key if there is one."""
    key = line.partition(":")[0]
    kept = [each for each in FRONT.splitlines()[:-1] if not each.startswith(f"{key}:")]
    return lambda workshop: workshop.findings(front="\n".join([*kept, line, "---", ""]))


def layout(change: tuple[str, str]) -> Breaks:
    def findings(workshop: Workshop) -> list[Finding]:
        workshop.layout(BARE.replace(*change))
        return front("template: bare")(workshop)

    return findings


def document(html: str) -> Breaks:
    """A whole document is mailed as it is; of Markdown and fragments some things are put right."""
    return body(f"<!DOCTYPE html>\n<html><body>\n{html}</body></html>\n", "issue.html")


def changed(**fields: object) -> Breaks:
    return lambda workshop: examine(replace(workshop.mail(), **fields))


def without_address(workshop: Workshop) -> list[Finding]:
    return workshop.findings(compiler=workshop.compiler(postal_address=""))


HEBREW = "המעבורת יוצאת מהרציף בשעה תשע, וחוזרת בערב. כל הכרטיסים נמכרו."


def hebrew_in_a_bare_layout(workshop: Workshop) -> list[Finding]:
    workshop.layout(BARE)
    return workshop.findings(f"{HEBREW}\n", front=FRONT.replace("lang: en", "lang: he\ntemplate: bare"))


E, W, A = Severity.ERROR, Severity.WARNING, Severity.ADVICE
# (rule, how bad, what breaks it)
BROKEN: list[tuple[str, Severity, Breaks]] = [
    ("draft", E, front("draft: true")),
    ("unknown-key", W, front("titel: Low tide")),
    ("not-as-typed", W, front("lang: the usual one")),
    ("unknown-list", W, changed(missing_lists=("weakly",))),
    ("unknown-rule", W, front("check_off: contrasts")),
    ("unsubscribe-link", E, layout(('href="{{ unsubscribe_url }}"', 'href="https://gazette.example/"'))),
    ("unsubscribe-hidden", E, layout(("<p><a", '<p style="display: none"><a'))),
    ("postal-address", E, layout(("{{ sender.postal_address }}", ""))),
    ("postal-address", E, without_address),
    ("html-size", E, changed(octets=102_401)),
    ("html-size", W, changed(octets=102_400)),
    ("html-size", W, changed(octets=81_921)),
    (
        "style-size",
        W,
        layout(("</head>", f"<style data-premailer='ignore'>{'.a{color:#123456}' * 1_000}</style></head>")),
    ),
    ("subject-empty", E, changed(subject=" ")),
    ("subject-length", A, front(f"subject: {'All about the low tide, ' * 3}")),
    ("preheader", W, front("description:")),
    ("preheader-length", A, front("description: Short.")),
    ("preheader-length", A, front(f"description: {'Herring and tides. ' * 9}")),
    ("placeholder", W, body("The clock struck TK times.\n")),
    ("placeholder", W, body("Lorem ipsum dolor sit amet.\n")),
    ("placeholder", W, front("subject: TODO write this")),
    ("spam-wording", A, front("subject: LOW TIDE AT THE ICE HOUSE")),
    ("spam-wording", A, body("Dear friend, the tide is low.\n")),
    ("merge-tag", E, body("Dear *|FNAME|*, the tide is low.\n")),
    ("merge-tag", E, layout(("<h1>", "<h1>%%title%%"))),
    ("link-empty", E, body("See [the tables]().\n")),
    ("link-empty", E, body('<p><a href="#">Tables</a></p>\n', "issue.html")),
    ("link-relative", E, body("See [the tables](tables.html).\n")),
    ("link-relative", E, body("See [the tables](//harbour.example/).\n")),
    ("link-relative", E, body("See [the tables](http:///tables).\n")),
    ("link-relative", E, body("See [the tables](http://localhost:8000/tables).\n")),
    (
        "link-relative",
        E,
        body("<p style=\"color: #123; background: URL( 'quay.png' )\">x</p>\n", "issue.html"),
    ),
    ("link-placeholder", E, body("See [the tables](TK).\n")),
    ("link-placeholder", E, body("See [the tables](https://TODO).\n")),
    ("link-placeholder", W, body("See [the tables](https://harbour.example/TODO.md).\n")),
    ("link-insecure", W, body("See [the tables](http://harbour.example/).\n")),
    ("link-tracked", W, body("See [it](https://gazette.us1.list-manage.com/track/click?u=1&id=2).\n")),
    ("link-tracked", W, body("See [it](https://harbour.example/?utm_source=a&utm_source=b).\n")),
    ("link-tracked", W, body("See [it](https://harbour.example/?utm_source=a?utm_medium=b).\n")),
    ("link-target", W, body("See [the end](#the-end).\n")),
    ("link-dead", W, changed(dead={"https://harbour.example/tides": "the server says 404 Not Found"})),
    ("image-alt", W, body('<p><img src="https://h.example/a.png" width="9"></p>\n', "issue.html")),
    ("image-alt", A, body("![](https://harbour.example/boat.png)\n")),
    ("image-alt", W, body("[![](https://harbour.example/boat.png)](https://harbour.example/)\n")),
    ("image-width", W, body("![A boat](https://harbour.example/boat.png)\n")),
    ("entity", W, front("title: Fish &amp; chips")),
    ("entity", W, front("subject: The tide &#8211; late")),
    ("entity", W, front("description: What the tide brought in this week&nbsp;in five pieces.")),
    ("direction", W, body(f"{HEBREW}\n")),
    ("direction", W, front("lang: ar")),
    ("direction", W, hebrew_in_a_bare_layout),
    ("direction", W, document(f'<div dir="LTR"><p>{HEBREW}</p></div>')),
    ("lang", W, layout(('lang="en"', ""))),
    ("title", W, layout(("{{ issue.subject }}", ""))),
    ("heading-order", W, document("<h1>Tides</h1>\n<p>Low.</p>\n<h3>Herring</h3>\n")),
    ("heading-one", W, document("<h1>Tides</h1>\n<p>Low.</p>\n<h1>Herring</h1>\n")),
    ("important-inline", W, document('<p style="color: red !important">Low.</p>\n')),
    ("contrast", W, body('<p style="color: #999">Low.</p>\n', "issue.html")),
    ("field-unknown", W, changed(uses={"boat": False}, values={}, recipients=7)),
    ("field-text", E, changed(decides={"boat": True}, texts={"boat": {"Heron": 2}})),
    ("field-compare", E, changed(compares={"boat": (FieldType.BOOLEAN, "ja")})),
    ("field-missing", E, changed(refusals=(("subscriber.boat has no value: 5 of 7", None),))),
    ("client-support", A, body('<p style="display: flex">Low.</p>\n', "issue.html")),
]


@pytest.mark.parametrize(
    ("rule", "severity", "breaks"), BROKEN, ids=[f"{number}-{each[0]}" for number, each in enumerate(BROKEN)]
)
def test_a_broken_rule_is_found_and_a_hint_given(
    workshop: Workshop, rule: str, severity: Severity, breaks: Breaks
) -> None:
    found = [finding for finding in breaks(workshop) if finding.rule == rule]
    assert [finding.severity for finding in found] == [severity] * len(found)
    assert found
    assert all(finding.text and finding.hint for finding in found)


def test_every_rule_has_an_issue_that_breaks_it() -> None:
    assert {rule for rule, _, _ in BROKEN} == RULES.keys()


@pytest.mark.peers
def test_a_new_file_with_a_rule_is_all_that_a_rule_takes(tmp_path: Path) -> None:
    (tmp_path / "tides.py").write_text(
        "from mailer.check.finding import Severity\n"
        "from mailer.check.rule import Remark, rule\n"
        "@rule('low-tide', Severity.ADVICE, 'Wait for the flood.')\n"
        "def low_tide(mail):\n"
        "    yield Remark('the tide is out')\n"
    )
    asked = (
        "import mailer.check; mailer.check.__path__.append(r'{}');"
        "from mailer.check.examine import RULES; print(RULES['low-tide'].hint, 'draft' in RULES)"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked.format(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.stdout == "Wait for the flood. True\n", done.stderr


def test_nothing_is_wrong_with_a_good_issue(workshop: Workshop, bundled: Workshop) -> None:
    assert workshop.findings() == bundled.findings() == []


BAD = "#### One\n\n[a]() [b](TK) [c](x.html) [d](http://d.example) TK ![](http://e.example/f.png)\n"


@pytest.fixture(scope="module")
def in_bad(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The rules that it breaks."""
    return Workshop(tmp_path_factory.mktemp("bad")).rules(BAD)


@pytest.mark.parametrize("rule", sorted(RULES.keys() - {"unknown-rule"}))
def test_a_rule_can_be_switched_off_in_the_issue(workshop: Workshop, in_bad: set[str], rule: str) -> None:
    front = FRONT.replace("lang: en", f"lang: en\ncheck_off: {rule}")
    assert workshop.findings(front=front) == []
    assert workshop.rules(BAD, front) == in_bad - {rule}


def test_several_rules_are_switched_off_by_a_list_too(workshop: Workshop) -> None:
    front = FRONT.replace("lang: en", "lang: en\ncheck_off: [link-empty, link-insecure]")
    assert workshop.rules("[a]() [d](http://d.example)\n", front) == set()


def test_a_mistyped_rule_is_named_with_the_nearest(workshop: Workshop) -> None:
    front = FRONT.replace("lang: en", "check_off: preheader-lenght\nlang: en")
    (finding,) = workshop.findings(front=front)
    assert (finding.rule, finding.line) == ("unknown-rule", 4)
    assert "did you mean 'preheader-length'?" in finding.text


def test_findings_come_by_line_and_those_without_one_last(workshop: Workshop) -> None:
    front = FRONT.replace("description:", "kicker:")
    lines = [
        each.line
        for each in workshop.findings(
            "[a]()\n\n[b](TK)\n\n![](https://gazette.example/c.png)\n" + PROSE, front
        )
    ]
    known = [line for line in lines if line is not None]
    assert known == sorted(known)
    assert lines == known + [None] * (len(lines) - len(known))
    assert None in lines


def test_what_is_the_layouts_names_the_layout(workshop: Workshop) -> None:
    found = {each.rule: each for each in layout(('lang="en"', ""))(workshop)}
    assert found["lang"].line is None
    assert "'bare'" in found["lang"].text


def test_a_whole_document_is_its_own_layout(workshop: Workshop) -> None:
    mail = workshop.mail("<!DOCTYPE html><html><head></head><body><p>Low.</p></body></html>", name="i.html")
    html = mail.html.replace("<html", "<html lang=''").replace("<p>Low.", "<p><a href=''>Tides</a>")
    said = [each.text for each in examine(replace(mail, html=html, postal_address="Elsewhere"))]
    assert "the HTML says no language (in the document)" in said
    assert "the text part has no postal address (in the document)" in said
    assert not any("layout" in each for each in said)


def test_mail_that_stays_on_this_machine_may_lack_what_others_ask_for(workshop: Workshop) -> None:
    mail = workshop.mail(
        "See [the tables](http://localhost:8000/tables).\n", compiler=workshop.compiler(postal_address="")
    )
    found = {each.rule: each.severity for each in examine(replace(mail, public=False))}
    assert found == {"postal-address": Severity.WARNING}


GOOD_LINKS = [
    "https://harbour.example/",
    "https://harbour.example/?utm_source=gazette&utm_medium=mail&x=TKX",
    "https://harbour.example/atodo/tkx",
    "mailto:office@harbour.example",
    "tel:+351-555-0100",
    "https://list-manage.example/track/click",
    "https://www.google.example/search?q=url",
]


@pytest.mark.parametrize("address", GOOD_LINKS)
def test_a_good_link_is_left_alone(workshop: Workshop, address: str) -> None:
    assert workshop.rules(f"See [the tables]({address}).\n") == set()


def test_code_may_say_todo(workshop: Workshop) -> None:
    assert workshop.rules("Write `TODO` and:\n\n    TK lorem ipsum\n") == set()


def test_a_link_to_a_place_that_is_there(workshop: Workshop) -> None:
    assert workshop.rules('<p><a href="#end">End</a></p><p id="end">Here</p>\n', name="issue.html") <= {
        "client-support"
    }


@pytest.mark.parametrize(
    ("html", "relative"),
    [
        ('<p style="background:url(quay.png)">x</p>', True),
        ('<p style="background:url(https://harbour.example/quay.png)">x</p>', False),
        ('<p style="background:url(data:image/png;base64,iVBORw0KGgo=)">x</p>', False),
        ('<picture><source srcset="https://harbour.example/a.png, b.png 2x"></picture>', True),
        (
            '<picture><source srcset="https://a.example/a,b.png 2x,data:image/png;base64,iV"></picture>',
            False,
        ),
        ('<video poster="quay.png">x</video>', False),  # of a film a link is left, and a poster is none
        ('<video src="quay.mp4">x</video>', True),
        ('<audio><source src="bell.mp3"></audio>', True),
        ('<audio src="https://harbour.example/bell.mp3"></audio>', False),
    ],
)
def test_whatever_a_document_loads_is_looked_at(workshop: Workshop, html: str, relative: bool) -> None:
    document = f"<!doctype html><html><head><title>Tide</title></head><body>{html}</body></html>\n"
    assert ("link-relative" in workshop.rules(document, name="issue.html")) is relative
