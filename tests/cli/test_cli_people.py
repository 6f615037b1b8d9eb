"""mailer lists and mailer subscribers, as typed."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE

import pytest

from mailer.cli import main
from mailer.cli.terminal import width
from mailer.domain.spreadsheet import csv_line


@dataclass(frozen=True)
class Ended:
    code: object
    out: str
    err: str


Mailer = Callable[..., Ended]


@pytest.fixture
def mailer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Mailer:
    """Run one command line in a workspace of its own, and in the folder of its files."""
    for name in ("MAILER_WORKSPACE", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "space").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ended:
        monkeypatch.setattr(sys, "argv", ["mailer", "-C", str(tmp_path / "space"), *words])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return Ended(ended.value.code, said.out, said.err)

    return run


@pytest.fixture
def weekly(mailer: Mailer) -> Mailer:
    mailer("lists", "create", "weekly", "--title", "The Weekly", "--description", "Every Monday")
    return mailer


def test_lists_are_made_and_shown(mailer: Mailer, tmp_path: Path) -> None:
    command = f"mailer -C {tmp_path / 'space'} lists create NAME"
    assert mailer("lists", "list") == Ended(0, "", f"There is no list yet. Make one with: {command}\n")
    made = mailer("lists", "create", "weekly", "--title", "The Weekly", "--description", "Every Monday")
    assert made == Ended(0, "", "Made the list weekly (The Weekly).\n")
    assert mailer("lists", "show", "weekly").out == (
        "weekly · The Weekly\n"
        "  Every Monday\n"
        "  private · double opt-in · what it sent is shown on pages\n"
        "  from            Harbour Gazette <editor@gazette.example> (MAIL_FROM)\n"
        "  language        en (LANGUAGE)\n"
        "  param:accent    #9a3412 (LOOK_ACCENT)\n"
        "  param:font      serif (LOOK_FONT)\n"
        "  param:width     640 (LOOK_WIDTH)\n"
        "  subscribed 0   paused 0   unconfirmed 0   unsubscribed 0   suppressed 0\n"
    )
    mailer("lists", "create", "daily")
    assert mailer("lists", "list").out == (
        "name    title       subscribed  paused  unconfirmed  unsubscribed  suppressed\n"
        "daily   daily                0       0            0             0           0\n"
        "weekly  The Weekly           0       0            0             0           0\n"
    )
    data = json.loads(mailer("lists", "list", "--json").out)
    assert [each["name"] for each in data] == ["daily", "weekly"]
    assert data[1].items() <= json.loads(mailer("lists", "show", "weekly", "--json").out).items()


def test_an_unknown_list_ends_with_2_and_the_nearest(weekly: Mailer) -> None:
    ended = weekly("lists", "show", "wekly")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no list wekly; did you mean weekly?" in ended.err
    assert "next: " in ended.err


def test_a_person_is_added_shown_and_unsubscribed(weekly: Mailer) -> None:
    added = weekly(
        "subscribers", "add", "ada@quay.example", "--list", "weekly", "--name", "Ada", "--field", "paid=no"
    )
    assert added == Ended(0, "", "ada@quay.example: added, on weekly.\n")
    assert weekly("subscribers", "list", "--list", "weekly").out == (
        "email             name  lists   suppressed\nada@quay.example  Ada   weekly\n"
    )
    assert weekly("subscribers", "unsubscribe", "Ada@quay.example", "--list", "weekly").code == 0
    again = weekly("subscribers", "unsubscribe", "ada@quay.example", "--list", "weekly")
    assert again == Ended(0, "", "ada@quay.example was on no such list.\n")
    refused = weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    assert refused.code == 2
    assert "--resubscribe" in refused.err
    back = weekly("subscribers", "add", "ada@quay.example", "--list", "weekly", "--resubscribe")
    assert back.code == 0
    assert json.loads(weekly("subscribers", "list", "--json").out) == {
        "email": "ada@quay.example",
        "name": "Ada",
        "language": None,
        "timezone": None,
        "tags": [],
        "fields": {"paid": False},
        "lists": {"weekly": "subscribed"},
        "paused": {},
        "suppressed": None,
    }


def test_who_has_not_confirmed_is_not_said_to_be_on_the_list(weekly: Mailer, tmp_path: Path) -> None:
    people = tmp_path / "asked.csv"
    people.write_text("email\nada@quay.example\n")
    weekly("subscribers", "import", str(people), "--list", "weekly", "--as", "unconfirmed")
    assert weekly("subscribers", "add", "ada@quay.example", "--list", "weekly") == Ended(
        0,
        "",
        "ada@quay.example: unchanged.\nThey have not confirmed weekly yet, and get nothing from it before. "
        "If they themselves ask for it anew, add --resubscribe\n",
    )
    said = weekly("subscribers", "import", str(people), "--list", "weekly", "--as", "subscribed").out
    assert "  unconfirmed 1\n" in said
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly", "--resubscribe")
    assert json.loads(weekly("subscribers", "list", "--json").out)["lists"] == {"weekly": "subscribed"}


def test_off_every_list_and_never_again(weekly: Mailer) -> None:
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    left = weekly("subscribers", "unsubscribe", "ada@quay.example", "--all")
    assert left.err == "ada@quay.example left weekly; it is never mailed again.\n"
    assert "weekly (unsubscribed)  requested" in weekly("subscribers", "list").out
    assert "ada@" not in weekly("subscribers", "list", "--status", "subscribed").out


def test_an_export_of_everyone_has_those_whom_only_their_suppression_makes_known(
    weekly: Mailer, tmp_path: Path
) -> None:
    weekly("subscribers", "unsubscribe", "Stranger@quay.example", "--all")
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    everyone = weekly("subscribers", "export").out
    assert everyone.splitlines()[1:] == [
        "ada@quay.example,,,,,weekly,",
        "stranger@quay.example,,,,,,requested",
    ]
    assert "stranger" not in weekly("subscribers", "export", "--list", "weekly").out
    (tmp_path / "everyone.csv").write_text(everyone)
    assert weekly("subscribers", "import", "everyone.csv").code == 0
    assert weekly("subscribers", "export").out == everyone
    assert weekly("subscribers", "add", "stranger@quay.example", "--list", "weekly").code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "ada@", "--list", "weekly"), "'ada@' is not a mail address"),
        (("add", "ada@quay.example", "--list", "weekly", "--field", "paid"), "--field 'paid' must have"),
        (("add", "ada@quay.example"), "Missing option '--list'"),
        (("unsubscribe", "ada@quay.example"), "say which lists"),
        (("unsubscribe", "ada@quay.example", "--list", "weekly", "--all"), "say which lists"),
        (("unsubscribe", "ada@quay.example", "--list", "weekly"), "nobody here has the address"),
        (("import", "none.csv"), "none.csv can't be read: No such file"),
        (("import", "none.csv", "--type", "paid=maybe"), "no such type 'maybe'; there is text, number"),
        (("import", "none.csv", "--map", "E-Mail"), "--map 'E-Mail' must have the form"),
        (("list", "--list", "wekly"), "did you mean weekly"),
    ],
)
def test_what_cannot_be_done_ends_with_2_and_says_why(
    weekly: Mailer, words: tuple[str, ...], says: str
) -> None:
    ended = weekly("subscribers", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


PEOPLE = """\
email,name,paid
ada@quay.example,Ada,yes
bram@,=1+1,no
ADA@quay.example,,
cora@quay.example,Cora,no
"""


def test_an_import_reports_and_ends_with_4_if_rows_were_rejected(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    rehearsed = weekly("subscribers", "import", "people.csv", "--list", "weekly", "--dry-run")
    assert rehearsed.code == 4
    assert rehearsed.out == (
        "column  field  type\n"
        "email   email  text\n"
        "name    name   text\n"
        "paid    paid   true/false\n"
        "people.csv · list weekly · dry run, nothing was written\n"
        "  taken for CSV\n"
        "  rows 4   added 2   updated 0   unchanged 0   duplicates 1   rejected 1\n"
        "  subscribed 2\n"
    )
    assert weekly("subscribers", "list", "--json").out == ""
    done = weekly("subscribers", "import", "people.csv", "--list", "weekly", "--rejects", "bad.csv")
    assert done.code == 4
    assert done.out == (
        "people.csv · list weekly\n  taken for CSV\n"
        "  rows 4   added 2   updated 0   unchanged 0   duplicates 1   rejected 1\n  subscribed 2\n"
    )
    assert done.err == (
        "people.csv:3: 'bram@': There must be something after the @-sign.\n"
        "people.csv: 1 row is of somebody in an earlier row, which counts (line 4)\n"
    )
    assert (tmp_path / "bad.csv").read_text() == (
        "line,reason,email,name,paid\n"
        "3,There must be something after the @-sign.,bram@,'=1+1,no\n"
        "4,the same person as on line 2,ADA@quay.example,,\n"
    )
    assert (tmp_path / "bad.csv").stat().st_mode & 0o777 == 0o600


def test_an_import_without_bad_rows_ends_with_0_and_as_data(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("Mail,paid\nada@quay.example,1\nada@quay.example,1\n")
    done = weekly(
        *("subscribers", "import", "people.csv", "--list", "books", "--create-list", "--json"),
        *("--map", "Mail=email", "--type", "paid=true/false"),
    )
    assert done.code == 0
    assert json.loads(done.out) == {
        "file": "people.csv",
        "taken_for": "CSV",
        "remarks": [],
        "dry_run": False,
        "lists": ["books"],
        "columns": [
            {"column": "Mail", "field": "email", "type": "text"},
            {"column": "paid", "field": "paid", "type": "true/false"},
        ],
        "rows": 2,
        "added": 1,
        "updated": 0,
        "unchanged": 0,
        "duplicates": 1,
        "rejected": 0,
        "erased": 0,
        "subscribed": 1,
        "unconfirmed": 0,
        "unsubscribed": 0,
        "kept_out": 0,
        "suppressed": 0,
        "folded": 0,
        "shortened": 0,
        "rejects": [
            {
                "line": 3,
                "value": "ada@quay.example",
                "reason": "the same person as on line 2",
                "duplicate": True,
                "erased": False,
            }
        ],
    }
    assert json.loads(weekly("subscribers", "list", "--json").out)["fields"] == {"paid": True}


def test_several_files_come_in_at_once_or_none_does(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("email\nada@quay.example\nada@\n")
    (tmp_path / "two.csv").write_text("email\nbram@quay.example\nbram@\n")
    (tmp_path / "three.csv").write_text("email,status\ncee@quay.example,gone\n")
    words = ("subscribers", "import", "one.csv", "two.csv")
    assert weekly(*words, "three.csv", "--list", "weekly").code == 3
    assert weekly("subscribers", "list", "--json").out == ""
    done = weekly(*words, "--list", "weekly", "--rejects", "bad.csv", "--json")
    assert done.code == 4
    assert [json.loads(line)["file"] for line in done.out.splitlines()] == ["one.csv", "two.csv"]
    assert "ada@" in (tmp_path / "bad-one.csv").read_text()
    assert "bram@" in (tmp_path / "bad-two.csv").read_text()


def test_the_formats_are_listed_with_those_of_the_workspace(mailer: Mailer, tmp_path: Path) -> None:
    own = tmp_path / "space" / "subscribers" / "formats"
    own.mkdir(parents=True)
    (own / "harbour.toml").write_text(
        'title = "The harbour office"\nexport = "Print"\ncolumns = [["Mail"]]\n'
    )
    shown = mailer("subscribers", "formats").out
    assert all(width(line) <= 80 for line in shown.splitlines())
    assert "mailchimp        Mailchimp\n" in shown
    listed = json.loads(mailer("subscribers", "formats", "--json").out)
    assert {"name": "harbour", "title": "The harbour office", "export": "Print"} in listed


def test_who_is_kept_out_is_counted_and_no_list_is_said(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\nada@quay.example\n")
    assert "On no list" in weekly("subscribers", "import", "people.csv").err
    weekly("subscribers", "import", "people.csv", "--list", "weekly")
    weekly("subscribers", "unsubscribe", "ada@quay.example", "--all")
    done = weekly("subscribers", "import", "people.csv", "--list", "weekly")
    assert "  stay unsubscribed 1   suppressed 1\n" in done.out


def test_many_bad_rows_are_not_all_shown(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\n" + "x\n" * 50)
    done = weekly("subscribers", "import", "people.csv", "--list", "weekly")
    assert len(done.err.splitlines()) == 21
    assert done.err.endswith("... and 30 more rows; see them all with --rejects FILE\n")


def test_a_file_that_speaks_of_consent_ends_with_3_and_a_command_that_can_be_run(
    mailer: Mailer, tmp_path: Path
) -> None:
    (tmp_path / "the people.csv").write_text(
        "email,Subscribed?,bounced,remark,opted in at\n"
        "ada@quay.example,yes,,vip,2026-01-02\n"
        "bram@quay.example,no,1,opted out,\n"
    )
    stopped = mailer("subscribers", "import", "the people.csv")
    assert (stopped.code, stopped.out) == (3, "")
    assert stopped.err.splitlines()[:4] == [
        "Error: the people.csv seems to say who agreed to get mail and who left; nothing was imported:",
        "  Subscribed?",
        "    yes (line 2) -> subscribed",
        "    no (line 3) -> unsubscribed",
    ]
    *_, command = stopped.err.splitlines()
    words = shlex.split(command.removeprefix("  next: "))
    assert words[3:] == shlex.split(
        "subscribers import 'the people.csv' --list weekly --create-list --status Subscribed? "
        "--status bounced --unsubscribed-if 'remark=opted out' --map 'opted in at=agreed_at'"
    )
    done = mailer(*words[3:])
    assert (done.code, done.out.splitlines()[3]) == (0, "  subscribed 1   unsubscribed 1   suppressed 1")
    assert mailer("subscribers", "list").out.splitlines()[1:] == [
        "ada@quay.example         weekly",
        "bram@quay.example        weekly (unsubscribed)  bounced",
    ]


def test_of_several_files_the_one_that_is_asked_about_goes_first(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "all.csv").write_text("email\nada@quay.example\nbram@quay.example\n")
    (tmp_path / "left.csv").write_text("email,status\nada@quay.example,unsubscribed\n")
    stopped = weekly("subscribers", "import", "./all.csv", "left.csv", "--list", "weekly")
    *_, command, then = stopped.err.splitlines()
    assert then.strip() == "Then by themselves: all.csv"
    assert weekly(*shlex.split(command.removeprefix("  next: "))[3:]).code == 0
    assert weekly("subscribers", "import", "all.csv", "--list", "weekly").code == 0
    listed = weekly("subscribers", "list").out.splitlines()[1:]
    assert [line.split(maxsplit=1)[1] for line in listed] == ["weekly (unsubscribed)", "weekly"]


def test_a_files_name_is_answered_for_all_and_no_cell_moves_the_cursor(
    weekly: Mailer, tmp_path: Path
) -> None:
    (tmp_path / "bounces.csv").write_text("email,status\nada@quay.example,\x1b[2Jactive\n")
    stopped = weekly("subscribers", "import", "bounces.csv", "--list", "weekly")
    assert stopped.code == 3
    assert "its name: everybody in it is bounced, or else --as subscribed" in stopped.err
    assert "\x1b" not in stopped.err
    *_, command = stopped.err.splitlines()
    assert command.endswith("subscribers import bounces.csv --list weekly --as bounced")
    weekly(*shlex.split(command.removeprefix("  next: "))[3:])
    assert "weekly  bounced" in weekly("subscribers", "list").out


def test_a_column_of_unknown_words_is_ignored_only_on_a_condition(weekly: Mailer, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email,status\nada@quay.example,board\nbram@quay.example,\n")
    stopped = weekly("subscribers", "import", "people.csv", "--list", "weekly")
    assert "    board (line 2) -> not clear\n    a blank (line 3) -> not clear" in stopped.err
    assert "next: If status has nothing to do with consent: mailer " in stopped.err
    assert "Else say what its values mean: --subscribed-if VALUE, --unsubscribed-if VALUE." in stopped.err
    asked = (
        "subscribers",
        "import",
        "people.csv",
        "--list",
        "weekly",
        "--as",
        "bounced",
        "--status",
        "status",
    )
    assert "no column or value says otherwise" in weekly(*asked).err


def test_faults_come_first_and_duplicates_in_one_line(weekly: Mailer, tmp_path: Path) -> None:
    rows = ["ada@quay.example"] * 1200 + ["bad"] * 3
    (tmp_path / "people.csv").write_text("\n".join(["email", *rows]))
    done = weekly("subscribers", "import", "people.csv", "--list", "weekly", "--json")
    assert [line.partition(":")[2] for line in done.err.splitlines()[:3]] == [
        f"{line}: 'bad': An email address must have an @-sign." for line in (1202, 1203, 1204)
    ]
    assert done.err.splitlines()[3] == (
        "people.csv: 1,199 rows are of people in an earlier row, which counts "
        "(line 3, 4, 5, 6, 7 and 1,194 more; see them all with --rejects FILE)"
    )
    assert [each["line"] for each in json.loads(done.out)["rejects"][:4]] == [1202, 1203, 1204, 3]


def test_line_breaks_are_counted_and_the_rows_that_were_rejected_can_be_imported_once_corrected(
    weekly: Mailer, tmp_path: Path
) -> None:
    (tmp_path / "people.csv").write_text('email,note\nada@quay.example,"a\nb"\nbad,\'=x\nbad,=x\n')
    done = weekly("subscribers", "import", "people.csv", "--list", "weekly", "--rejects", "bad.csv")
    assert "in 1 row a line break in a cell became a blank" in done.err
    corrected = (tmp_path / "bad.csv").read_text().replace("bad,", "bram@quay.example,", 1)
    (tmp_path / "bad.csv").write_text(corrected.replace("bad,", "cora@quay.example,"))
    assert weekly("subscribers", "import", "bad.csv", "--list", "weekly").code == 0
    people = [json.loads(line) for line in weekly("subscribers", "list", "--json").out.splitlines()]
    assert [each["fields"] for each in people] == [{"note": "a b"}, {"note": "'=x"}, {"note": "=x"}]


@pytest.mark.parametrize(
    ("name", "says"), [("people.csv", "the file to import"), ("none/bad.csv", "can't be written: No such")]
)
def test_rejects_never_go_over_the_file_itself(weekly: Mailer, tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "people.csv").write_text(PEOPLE)
    ended = weekly("subscribers", "import", "people.csv", "--list", "weekly", "--rejects", name)
    assert ended.code == 2
    assert says in ended.err
    assert (tmp_path / "people.csv").read_text() == PEOPLE


def test_an_export_goes_to_a_file_of_the_owners_whole_or_not_at_all(weekly: Mailer, tmp_path: Path) -> None:
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    weekly("subscribers", "add", "bram@quay.example", "--list", "weekly")
    weekly("subscribers", "unsubscribe", "bram@quay.example", "--list", "weekly")
    there = tmp_path / "out" / "weekly.csv"
    there.parent.mkdir()
    there.write_text("older")
    done = weekly("subscribers", "export", str(there), "--list", "weekly", "--status", "subscribed")
    assert done == Ended(0, "", f"Wrote 1 person to {there}, for you alone to read.\n")
    assert there.read_text().splitlines()[1:] == ["ada@quay.example,,,,,weekly,"]
    assert S_IMODE(there.stat().st_mode) == 0o600
    assert weekly("subscribers", "export", str(there), "--list", "wekly").code == 2
    assert there.read_text().splitlines()[1:] == ["ada@quay.example,,,,,weekly,"]
    assert list(there.parent.iterdir()) == [there]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("people.txt",), "people.txt doesn't end in .csv, .jsonl or .xlsx"),
        (("missing/people.csv",), "missing/people.csv can't be written: No such file or directory"),
        (("--list", "wekly"), "there is no list wekly; did you mean weekly?"),
    ],
)
def test_an_export_that_cannot_be_is_refused(weekly: Mailer, words: tuple[str, ...], says: str) -> None:
    ended = weekly("subscribers", "export", *words)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


@pytest.mark.parametrize("room", ["subscribers", "suppressions"])
def test_a_dash_is_standard_output_and_no_file_of_that_name(
    weekly: Mailer, tmp_path: Path, room: str
) -> None:
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    weekly("suppressions", "add", "ada@quay.example")
    assert "ada@quay.example" in weekly(room, "export", "-").out
    assert not (tmp_path / "-").exists()


@pytest.mark.peers
@pytest.mark.parametrize("form", ["csv", "jsonl", "xlsx"])
def test_a_full_disk_and_a_reader_who_has_seen_enough(weekly: Mailer, tmp_path: Path, form: str) -> None:
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    command = [sys.executable, "-m", "mailer", "-C", str(tmp_path / "space"), "subscribers", "export"]
    command += ["--format", form]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "Error: standard output can't be written: No space left on device\n"
    ours, theirs = os.pipe()
    os.close(ours)
    done = subprocess.run(command, stdout=theirs, stderr=subprocess.PIPE, text=True, check=False)
    os.close(theirs)
    assert done.stderr == ""


def test_the_end_of_a_name_says_what_is_exported_unless_the_command_does(
    weekly: Mailer, tmp_path: Path
) -> None:
    weekly("subscribers", "add", "ada@quay.example", "--list", "weekly")
    for words in (("a.jsonl",), ("b.txt", "--format", "jsonl")):
        assert weekly("subscribers", "export", *words).code == 0
        person = json.loads((tmp_path / words[0]).read_text())
        assert (person["email"], person["lists"]) == ("ada@quay.example", "weekly")
    assert weekly("subscribers", "export", "c.xlsx").code == 0
    assert (tmp_path / "c.xlsx").read_bytes().startswith(b"PK")


def test_exported_cells_never_start_a_formula(weekly: Mailer, tmp_path: Path) -> None:
    names = ["=HYPERLINK(1)", "+1", "-2+3", "@sum", "-5", "Ada, Quint"]
    rows = [["email", "name", "a=b"], *([f"p{n}@quay.example", name, "=x"] for n, name in enumerate(names))]
    with (tmp_path / "people.csv").open("w", newline="") as out:
        csv.writer(out).writerows(rows)
    weekly("subscribers", "import", "people.csv", "--list", "weekly")
    heading, *found = csv.reader(io.StringIO(weekly("subscribers", "export").out))
    assert heading == ["email", "name", "language", "timezone", "tags", "a_b", "lists", "suppressed"]
    assert [row[1] for row in found] == ["'=HYPERLINK(1)", "+1", "'-2+3", "'@sum", "-5", "Ada, Quint"]
    assert {row[5] for row in found} == {"'=x"}


@pytest.mark.peers  # it waits for a lock that another one has
def test_a_locked_database_ends_with_75(weekly: Mailer, tmp_path: Path) -> None:
    holder = sqlite3.connect(tmp_path / "space/subscribers/mailer.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    ended = weekly("lists", "create", "daily")
    holder.close()
    assert ended.code == 75
    assert "is locked by another program" in ended.err
    assert weekly("lists", "create", "daily").code == 0


def test_the_database_is_made_private_in_the_workspace_and_not_where_one_stands(
    weekly: Mailer, tmp_path: Path
) -> None:
    assert (tmp_path / "space/subscribers").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "space/subscribers/mailer.db").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "subscribers").exists()


@pytest.mark.parametrize(("text", "columns"), [("Ada", 3), ("波多野", 6), ("e\u0301", 1), ("", 0)])
def test_columns_are_counted_as_a_terminal_does(text: str, columns: int) -> None:
    assert width(text) == columns


def test_numbers_stay_numbers_for_a_spreadsheet() -> None:
    cells = (3, -3, "-3.5", "\t=1", None)
    assert csv_line(cells) == "3,-3,-3.5,'\t=1,\n"
