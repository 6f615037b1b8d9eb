"""`mailer init` and `mailer new`."""

from __future__ import annotations

import csv
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from mailer.cli import mailer
from mailer.compose.issue.source import load_issue
from mailer.domain.address import Address
from mailer.errors import IssueError, UsageError
from mailer.settings.reading import load_settings
from mailer.workspace.bundled import SAMPLES, sample, templates_folder
from mailer.workspace.slug import slug


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(mailer, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def contents(root: Path) -> dict[Path, tuple[bytes, int]]:
    return {
        path.relative_to(root): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


def written(path: Path) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write("The tide was low.\n")


def front_matter(path: Path) -> dict[str, object]:
    before, matter, _ = path.read_text(encoding="utf-8").split("---\n", 2)
    assert before == ""
    found = yaml.safe_load(matter)
    assert isinstance(found, dict)
    return found


def test_init_makes_all_that_a_workspace_has(tmp_path: Path) -> None:
    result = run("init", tmp_path / "news")
    made = {line.removeprefix("made  ") for line in result.stdout.splitlines()}
    assert made == {str(tmp_path / "news" / path) for path in contents(tmp_path / "news")}
    assert set(contents(tmp_path / "news")) == {
        Path(".env"),
        Path(".gitignore"),
        Path("issues/2026-11-22-harbour.md"),
        Path("templates/README.md"),
        Path("subscribers/README.md"),
        Path("subscribers/example.csv"),
    }


def test_init_twice_changes_nothing(tmp_path: Path) -> None:
    run("init", tmp_path)
    before = contents(tmp_path)
    result = run("init", tmp_path)
    assert contents(tmp_path) == before
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"kept"}


def test_init_fills_in_only_what_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TZ=Europe/Lisbon\n")
    (tmp_path / "issues").mkdir()
    result = run("init", tmp_path)
    assert (tmp_path / ".env").read_text() == "TZ=Europe/Lisbon\n"
    assert (tmp_path / "issues" / "2026-11-22-harbour.md").is_file()
    assert result.stdout.splitlines()[0] == f"kept  {tmp_path / '.env'}"


def test_init_without_a_folder_means_the_chosen_one_or_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run("-C", tmp_path / "chosen", "init")
    run("init")
    assert (tmp_path / "chosen" / ".env").is_file()
    assert (tmp_path / ".env").is_file()


@pytest.mark.peers
def test_secrets_and_addresses_are_private_whatever_the_umask(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "mailer", "init", str(tmp_path / "news")],
        umask=0,
        check=True,
        capture_output=True,
    )
    root = tmp_path / "news"
    assert mode(root / ".env") == 0o600
    assert mode(root / "subscribers") == 0o700
    for path in contents(root):
        assert not mode(root / path) & stat.S_IWOTH, path
    for folder in (root, root / "issues", root / "templates"):
        assert not mode(folder) & stat.S_IWOTH, folder


def test_every_workspace_has_a_key_of_its_own(tmp_path: Path) -> None:
    keys = set()
    for name in ("one", "two"):
        run("init", tmp_path / name)
        key = load_settings(tmp_path / name, {}).secret_key.get_secret_value()
        assert len(key) >= 40
        keys.add(key)
    assert len(keys) == 2


def test_a_new_environment_is_the_example_but_for_the_key(tmp_path: Path) -> None:
    run("init", tmp_path)
    new = (tmp_path / ".env").read_text().splitlines()
    example = sample("env.example").read_text().splitlines()
    assert [line for line in new if line not in example] == [line for line in new if "SECRET_KEY=" in line]
    assert len(new) == len(example)


def test_an_older_gitignore_that_lets_secrets_through_is_named(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert ".gitignore" in run("init", tmp_path).stderr.splitlines()[0]
    (tmp_path / ".gitignore").write_text("*.log\n.env\n")
    assert ".gitignore" not in run("init", tmp_path).stderr


@pytest.mark.peers
def test_git_ignores_the_secrets_and_the_people(tmp_path: Path) -> None:
    run("init", tmp_path)
    (tmp_path / "subscribers" / "real.csv").write_text("email\n")
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    added = subprocess.run([*git, "ls-files"], check=True, capture_output=True, text=True).stdout.split()
    assert sorted(added) == [
        ".gitignore",
        "issues/2026-11-22-harbour.md",
        "subscribers/README.md",
        "subscribers/example.csv",
        "templates/README.md",
    ]


def test_init_where_a_file_is_in_the_way_says_so(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(UsageError, match="taken") as refusal:
        run("init", tmp_path / "taken")
    assert refusal.value.next_step


TITLES = {
    'He said: "tide" – #1 of Ærø’s Ełk': "he-said-tide-1-of-aeros-elk",
    "It's 5 o’clock": "its-5-oclock",
    "yes": "yes",
    "2026": "2026",
    "- not a list": "not-a-list",
    "{ braces: [brackets] } & *stars* !bang %per @at `tick`": "braces-brackets-stars-bang-per-at-tick",
    "Straße, Łódź, İstanbul, Þórsdóttir": "strasse-lodz-istanbul-thorsdottir",
    "Дневник гавани": "dnevnik-gavani",
    "渡轮": "du-lun",
    "पत्रिका का नया अंक": "ptrika-ka-nya-amk",
    "שעון הקרח": "shvn-hkrh",
    "...": "issue",
    "  spaced  out  ": "spaced-out",
    "../../etc/passwd": "etc-passwd",
    "a" * 100: "a" * 56,
    "🎉 Party 🎉": "party",
    "❤️ x² ½": "x",
}


@pytest.mark.parametrize(("title", "name"), TITLES.items(), ids=range(len(TITLES)))
@pytest.mark.parametrize("flags", [[], ["--txt"]], ids=["md", "txt"])
def test_new_writes_an_issue_whose_title_reads_back(
    tmp_path: Path, title: str, name: str, flags: list[str]
) -> None:
    result = run("-C", tmp_path, "new", *flags, "--", title)
    path = Path(result.stdout.strip())
    assert path.parent == tmp_path / "issues"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d-" + re.escape(name) + (".txt" if flags else ".md"), path.name)
    matter = front_matter(path)
    assert matter["title"] == title.strip()
    # It would beat the list's language: so it is said only where the title runs in the other direction.
    assert matter.get("lang") == ("he" if name == "shvn-hkrh" else None)
    assert str(matter["date"]) == path.name[:10]


def test_new_says_its_path_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run("init")
    result = run("new", "Low tide")
    assert re.fullmatch(r"issues/\d{4}-\d\d-\d\d-low-tide\.md\n", result.stdout)
    assert result.stdout.strip() in result.stderr


def test_new_never_overwrites(tmp_path: Path) -> None:
    path = Path(run("-C", tmp_path, "new", "Low tide").stdout.strip())
    path.write_text("written")
    with pytest.raises(UsageError, match=re.escape(path.name)):
        run("-C", tmp_path, "new", "Low tide!")
    assert path.read_text() == "written"


@pytest.mark.parametrize("title", ["", "   ", "two\nlines", "a\tb", "nul\0", "line\u2028separator"])
def test_new_refuses_a_title_that_is_no_line_of_text(tmp_path: Path, title: str) -> None:
    with pytest.raises(UsageError, match="one line"):
        run("-C", tmp_path, "new", title)
    assert not list(tmp_path.rglob("*.md"))


def test_a_slug_fits_a_file_name_in_any_script() -> None:
    for letter in "a港पत्रि𝔄𠀋":
        assert len(f"2026-11-22-{slug(letter * 200, 'en')}.html".encode()) <= 255


@pytest.mark.parametrize(
    ("title", "lang", "name"),
    [
        ("Über den Fährbetrieb – Größe", "de-AT", "ueber-den-faehrbetrieb-groesse"),
        ("ÜBER DEN FÄHRBETRIEB", "de", "ueber-den-faehrbetrieb"),
        ("U\u0308ber", "de", "ueber"),
        ("Über den Fährbetrieb", "en", "uber-den-fahrbetrieb"),
        ("Smørrebrød på Ærø", "da", "smoerrebroed-paa-aeroe"),
        ("Blåbær på øya", "nb", "blaabaer-paa-oeya"),
        ("Räksmörgås på ön", "sv", "raksmorgas-pa-on"),
        ("Çay, ISI, İzmir, ışık", "tr", "cay-isi-izmir-isik"),
        ("Zażółć gęślą jaźń", "pl", "zazolc-gesla-jazn"),
        ("Þórsdóttir á Ísafirði", "is", "thorsdottir-a-isafirdi"),
        ("Прилив в порту", "ru", "priliv-v-portu"),
        ("Щука й гавань", "uk", "shchuka-y-havan"),
        ("Къща на щъркела", "bg", "kashta-na-shtarkela"),
        ("Το λιμάνι", "el", "to-limani"),
        ("المد في الميناء", "ar", "lmd-fy-lmyn"),
        ("항구 소식", "ko", "hanggu-sosig"),
        ("L’été à l’île", "fr", "lete-a-lile"),
        ("Đà Nẵng", "vi", "da-nang"),
    ],
)
def test_letters_become_what_their_language_writes_for_them(title: str, lang: str, name: str) -> None:
    assert slug(title, lang) == name


def test_an_issue_that_has_no_slug_keeps_that_of_its_file(tmp_path: Path) -> None:
    """What was sent is known by it: with another slug it would go out once more."""
    for name in ("2026-11-22-über-die-fähre.md", "2026-11-22-הגאות-בנמל.md"):
        (tmp_path / name).write_text("# T\n\nText.")
        assert load_issue(tmp_path / name)[0].slug == name[11:-3]


def test_a_long_slug_ends_with_a_whole_word() -> None:
    assert (
        slug("the clock on the ice house " * 5, "en")
        == "the-clock-on-the-ice-house-the-clock-on-the-ice-house"
    )


def test_the_sample_list_holds_addresses_that_mailer_takes() -> None:
    with sample("example.csv").open(encoding="utf-8", newline="") as file:
        people = list(csv.DictReader(file))
    assert len(people) == 12
    assert len({Address.parse(person["email"]).key for person in people}) == 12
    assert {person["paid"] for person in people} == {"yes", "no"}
    assert any("," in person["name"] for person in people)
    assert any(not person["name"].isascii() for person in people)
    assert any(not person["email"].isascii() for person in people)
    hosts = {person["email"].rpartition(".")[2] for person in people}
    assert hosts == {"example", "test"}


def test_what_is_bundled_is_there() -> None:
    assert all(sample(name).stat().st_size for name in SAMPLES)
    assert (templates_folder() / "email" / "newsletter.html").is_file()


def test_two_issues_of_one_title_are_two_issues(tmp_path: Path) -> None:
    (tmp_path / "issues").mkdir()
    (tmp_path / "issues" / "2020-01-02-low-tide.md").write_text("---\ntitle: Low tide\n---\nOld.\n")
    path = Path(run("-C", tmp_path, "new", "Low tide").stdout.strip())
    written(path)
    slugs = {load_issue(each)[0].slug for each in (tmp_path / "issues").iterdir()}
    assert slugs == {"low-tide", path.stem}


@pytest.mark.parametrize("title", TITLES)
def test_a_new_issue_is_one_that_mailer_reads(tmp_path: Path, title: str) -> None:
    path = Path(run("-C", tmp_path, "new", "--", title).stdout.strip())
    written(path)
    issue, notices = load_issue(path)
    assert issue.title == title.strip()
    assert issue.slug == path.stem[11:]
    assert not notices


def test_an_issue_without_a_word_is_not_ready_to_send(tmp_path: Path) -> None:
    path = Path(run("-C", tmp_path, "new", "Low tide").stdout.strip())
    with pytest.raises(IssueError, match="no text"):
        load_issue(path)
