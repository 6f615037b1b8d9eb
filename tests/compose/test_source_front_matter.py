"""Front matter: three fences, one meaning; what does not fit is named with its line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mailer.compose.issue.source import read_issue
from mailer.domain.issue import Epigraph, Issue
from mailer.errors import ExitCode, IssueError

YAML = """---
Title: The tide is late
subject: "Late: the tide"
date: 2026-11-22
lang: no
Description: What the pilots say
draft: no
list: weekly, harbour
template: gazette
from: Harbour Gazette <editor@gazette.example>
Reply-To: letters@gazette.example
archive: false
kicker: From the pier
epigraph:
  text: Time and tide wait
  source: a pilot
standfirst: First printed in the Gazette.
byline: A. Pilot
params: {pier: 7}
---
Body.
"""
TOML = """+++
title = "The tide is late"
subject = "Late: the tide"
date = 2026-11-22
lang = "no"
description = "What the pilots say"
draft = false
list = ["weekly", "harbour"]
template = "gazette"
from = "Harbour Gazette <editor@gazette.example>"
reply_to = "letters@gazette.example"
archive = false
kicker = "From the pier"
standfirst = "First printed in the Gazette."
byline = "A. Pilot"
epigraph = {text = "Time and tide wait", source = "a pilot"}
params.pier = 7

+++
Body.
"""
BARE = """Title: The tide is late
Subject: Late: the tide
Date: 2026-11-22
Lang: no
Description: What the
    pilots say
Draft: no
List: weekly, harbour
Template: gazette
From: Harbour Gazette <editor@gazette.example>
Reply-To: letters@gazette.example
Archive: false
Kicker: From the pier
Epigraph: Time and tide wait
Standfirst: First printed in the Gazette.
Byline: A. Pilot

Body.
"""


def read(text: str, path: str = "issues/2026-11-22-harbour.md") -> Issue:
    return read_issue(path, text.encode())[0]


def refused(text: str, path: str = "issues/harbour.md") -> IssueError:
    with pytest.raises(IssueError) as caught:
        read(text, path)
    assert caught.value.exit_code == ExitCode.USAGE
    return caught.value


def values(issue: Issue) -> dict[str, object]:
    typed = {"body_line", "field_lines", "source", "printed"}
    own = {name: getattr(issue, name) for name in issue.__slots__ if name not in typed}
    return {**own, **issue.printed}


def test_every_key_arrives():
    issue = read(YAML)
    assert issue.title == "The tide is late"
    assert issue.subject == "Late: the tide"
    assert issue.date == datetime.fromisoformat("2026-11-22")
    assert issue.lang == "no"
    assert issue.lists == ("weekly", "harbour")
    assert issue.sender == "Harbour Gazette <editor@gazette.example>"
    assert issue.reply_to == "letters@gazette.example"
    assert issue.printed["epigraph"] == Epigraph("Time and tide wait", "a pilot")
    assert issue.params == {"pier": 7}
    assert (issue.draft, issue.archive) == (False, False)
    assert (issue.body, issue.body_line) == ("Body.", 21)


def test_the_three_fences_mean_the_same():
    yaml, toml, bare = values(read(YAML)), values(read(TOML)), values(read(BARE))
    assert toml == yaml
    # Bare lines have no nesting: neither params nor the source of an epigraph can be said in them.
    assert bare | {"params": {"pier": 7}, "epigraph": yaml["epigraph"]} == yaml


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends_and_byte_order_mark_change_nothing(line_end: str):
    assert read("\ufeff" + YAML.replace("\n", line_end)) == read(YAML)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-22", datetime.fromisoformat("2026-11-22")),
        ("2026-11-22 08:30", datetime.fromisoformat("2026-11-22 08:30")),
        ("2026-11-22T08:30:00Z", datetime(2026, 11, 22, 8, 30, tzinfo=UTC)),
        ("2026-11-22 08:30:00 +01:00", datetime(2026, 11, 22, 8, 30, tzinfo=timezone(timedelta(hours=1)))),
    ],
)
def test_dates_keep_the_zone_they_name(written: str, expected: datetime):
    for text in (f"---\ntitle: x\ndate: {written}\n---\nb", f"Title: x\nDate: {written}\n\nb"):
        date = read(text).date
        assert date == expected
        assert date.tzinfo == expected.tzinfo


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("draft", "maybe", "neither true nor false"),
        ("from", "nobody", "not a mailbox"),
        ("reply_to", "a@b@c", "not a mailbox"),
        ("template", "../secrets", "not a name"),
        ("template", "email/x.html", "not a name"),
        ("title", '"a\\nBcc: x"', "line break"),
        ("subject", '"a\\rBcc: x"', "line break"),
        ("subject", '"a\\u2028b"', "line break"),
        ("from", '"a\\r\\nBcc: x <a@b.example>"', "line break"),
        ("title", "{a: b}", "not text"),
        ("list", "{a: b}", "not text"),
        ("epigraph", "{source: me}", "no text"),
        ("epigraph", "{text: a, by: me}", "'by'"),
        ("tracking", "true", "not possible yet"),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_line(key: str, value: str, said: str):
    error = refused(f"---\ndescription: fine\n\n{key}: {value}\n---\n# T\n\nbody")
    assert str(error).startswith("issues/harbour.md:4: ")
    assert key in str(error)
    assert said in str(error)


@pytest.mark.parametrize("key", ["attachments", "tracking"])
def test_what_is_not_there_yet_may_be_switched_off(key: str):
    empty = {"attachments": "[]", "tracking": "false"}[key]
    assert read(f"---\ntitle: x\n{key}: {empty}\n---\nb").title == "x"


def test_a_segment_is_a_name_or_a_definition():
    assert read("---\ntitle: x\nsegment: oslo\n---\nb").segment == "oslo"
    assert read('---\ntitle: x\nsegment: city = "Oslo" and tag:press\n---\nb').segment == (
        'city = "Oslo" and tag:press'
    )
    assert "segment" in str(refused("---\ntitle: x\nsegment: {a: b}\n---\nb"))
    assert "segment" in str(refused("---\ntitle: x\nsegments: oslo\n---\nb"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: x\n\nbody", 1),
        ("---\ntitle: x\nlist: [a\n---\nb", 3),
        ("---\ntitle: x\ndraft: true\ndraft: false\n---\nb", 4),
        ("---\ntitle: a: b\ndraft: [true\n---\nb", 3),
        ("---\ntitle: a: b\nlist: *all\n---\nb", 3),
        ("---\ntitle: x\nlists: weekly\n---\nb", 3),
        ("---\ntitle: x\ndrafts: true\n---\nb", 3),
        ("---\njust text\ntitle: x\nfrom: [\n---\nb", 3),
        ("+++\ntitle = x\n+++\nb", 2),
        ('+++\ntitle = "x"\ntitle = "y"\n+++\nb', 3),
        ('+++\ntitle = "x"\ndraft = "maybe"\n+++\nb', 3),
        ("Title: x\nDraft: no\nno key here\n\nb", 3),
        ("Title: x\nDraft: maybe\n\nb", 2),
    ],
)
def test_broken_front_matter_names_its_line(text: str, line: int):
    assert refused(text).line == line


def test_a_small_file_of_aliases_does_not_grow():
    rows = [f" k{n}: &k{n} [{', '.join([f'*k{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases" in str(refused("---\ntitle: x\nparams:\n k0: &k0 x\n" + "\n".join(rows) + "\n---\nb"))
    assert "aliases" in str(refused("---\ntitle: x\nparams: &a [*a]\n---\nb"))


def test_an_unknown_key_is_a_notice_with_the_nearest_known_one():
    issue, notices = read_issue("issues/harbour.md", b"---\ntitle: x\nsubjcet: y\n---\nb")
    assert issue.subject == "x"
    assert [str(notice) for notice in notices] == [
        "issues/harbour.md:3: unknown key 'subjcet'; did you mean 'subject'?"
    ]


def test_a_mistyped_title_is_named_where_it_is_missed():
    assert "did you mean 'title'" in str(refused("---\ntitel: x\n---\nbody").next_step)


@pytest.mark.parametrize(
    "text",
    [
        "Dear reader: hello\n\nb",
        "\nTitle: x\n\nb",
        "Note: the ferry is late\n\nb",
        "Tide: low at nine\nWind: none\n\nb",
        "Betreff: Fähre\n\nb",
        "The harbour master says: no\nand goes.\n\nb",
    ],
)
def test_bare_lines_are_front_matter_only_if_the_first_key_is_known(text: str):
    assert read(text, "issues/x.txt").body == text.strip("\n")


# As site generators and newsletter programs write it.
FOREIGN = """---
layout: post
title: "Harbour: the news"
date: 2021-03-04 10:00:00 -0500
tags: [tide, pilots]
categories:
\t- ferry
author: &ada {name: Ada, url: "https://mail.example"}
editor: *ada
params: {n: !!python/object/apply:os.getcwd [], day: 2026-02-30}
permalink: /:year/:title/
lang: en_GB
---
Body.
"""


def test_what_other_generators_write_is_read():
    issue, notices = read_issue("issues/harbour.md", FOREIGN.encode())
    assert (issue.title, issue.lang, issue.body) == ("Harbour: the news", "en-GB", "Body.")
    assert issue.date == datetime(2021, 3, 4, 10, tzinfo=timezone(timedelta(hours=-5)))
    assert issue.params == {"n": [], "day": "2026-02-30"}
    lines = {notice.line for notice in notices}
    assert lines == {2, 5, 6, 8, 9, 10, 11}


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("title: Harbour: the news", "Harbour: the news"),
        ("title: *Late* tide", "*Late* tide"),
        ("title: [Late] tide", "[Late] tide"),
        ("title: [Late, tide]", "Late, tide"),
        ("title: 'The pilot's log'", "'The pilot's log'"),
        ("title: @harbour", "@harbour"),
        ("title: 50% off", "50% off"),
        ("title: x\n\ttabs: y", "x"),
        ("kicker: &a x\ntitle: *a", "x"),
        ("base: &a {title: x}\n<<: *a", "x"),
        ("title: old\nTitle: x\nkicker: a", "x"),
        ("kicker: old\nKicker: a\ntitle: x", "x"),
        ("? [a]\n: b\ntitle: x", "x"),
    ],
)
def test_yaml_that_is_none_is_read_key_by_key(written: str, title: str):
    issue = read(f"---\n{written}\n---\nBody.")
    assert (issue.title, issue.body) == (title, "Body.")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("date", "yesterday", "not a date"),
        ("date", "3/4/2021", "not a date"),
        ("lang", "english please", "language tag"),
        ("lang", "[en, de]", "language tag"),
        ("slug", "a/b", "not a name"),
        ("slug", "../../x", "not a name"),
        ("params", "seven", "not a mapping"),
        ("kicker", "{a: b}", "not text"),
        ("byline", '"a\\u0007b"', "control character"),
        ("archive", "perhaps", "neither true nor false"),
    ],
)
def test_what_decides_nothing_is_ignored_with_a_notice(key: str, value: str, said: str):
    issue, (notice,) = read_issue("issues/harbour.md", f"---\ntitle: T\n{key}: {value}\n---\nb".encode())
    assert (notice.line, issue.title, issue.slug, issue.lang) == (3, "T", "harbour", "")
    assert said in notice.text
    assert issue.archive is (key != "archive")


@pytest.mark.parametrize(
    "written",
    [
        "2021/03/04",
        "4 March 2021",
        "Mar 4, 2021",
        "March 4th, 2021",
        "2021-3-4",
        "04.03.2021",
        "20210304",
        "Thu, 04 Mar 2021 00:00:00 -0000",
        "2021-03-04 00:00:00 UTC",
        "Thursday, March 4, 2021",
    ],
)
def test_a_date_that_names_one_day_is_read(written: str):
    assert read(f"---\ntitle: x\ndate: {written}\n---\nb").date == datetime.fromisoformat("2021-03-04")


@pytest.mark.parametrize(
    "text",
    [
        "---\nThe tide was late.\n---\nSo were we.",
        "---\n- a\n- b\n---\nb",
        "---\n\nThe tide was late, and no rule ends this.",
        "Title: as we say here\nand go on in the next line.\n\nb",
    ],
)
def test_rules_and_colons_in_prose_are_no_front_matter(text: str):
    assert read(text).body == text


def test_an_issue_that_seems_to_say_who_gets_it_is_never_read_as_prose():
    assert refused("From: the editor\nTo whom it concerns,\n\nb", "issues/x.txt").line == 2
