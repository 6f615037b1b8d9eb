"""The page about feeds is followed, command by command, with a feed on loopback in the place of its own."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from harbour_workspace import Workspace
from test_moving_pages import ROOT, steps
from web_site import LOOPBACK, Page, web_site

PAGE = ROOT / "docs" / "how-to" / "feeds.md"
ON_PAGE = "https://www.harbour.example/feed.xml"
FEED = """<rss version="2.0"><channel><title>Harbour log</title>
<item><title>The late ferry is back</title><link>/ferry</link>
<description>At eleven at night.</description></item>
<item><title>Herring, by the bucket</title><link>/herring</link><description>From eight.</description></item>
</channel></rss>"""


@pytest.mark.peers
def test_the_page_about_feeds_can_be_followed(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    (template,) = re.findall(r"^```html\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (greeting,) = re.findall(r"\{% raw %\}.*?\{% endraw %\}", page)
    (tmp_path / "issues").mkdir()
    (tmp_path / "templates" / "feeds").mkdir(parents=True)
    (tmp_path / "templates" / "feeds" / "own.html").write_text(
        f"<p>{greeting}</p>\n{template}", encoding="utf-8"
    )
    with web_site() as site:
        site.pages["/feed.xml"] = Page(FEED.encode())
        settings = {"DATABASE_URL": "sqlite:///mailer.db", "FEED_NETWORKS": LOOPBACK}
        workspace = Workspace(tmp_path, settings)
        workspace.run("lists", "create", "weekly")
        workspace.run("subscribers", "add", "ada@quay.example", "--list", "weekly", "--field", "name=Ada")
        (preview, _), (add, _) = steps("feeds.md")
        shown = workspace.run(*shlex.split(preview.replace(ON_PAGE, site.at("/feed.xml")))[1:]).stdout
        assert "The late ferry is back" in shown
        done = workspace.run(*shlex.split(add.replace(ON_PAGE, site.at("/feed.xml")))[1:])
        assert done.stdout.startswith(f"Schedule 1: a digest of {site.at('/feed.xml')} to list weekly")
        for command in re.findall(r"mailer (preview --feed \S+)", done.stdout):
            assert "The late ferry is back" in workspace.run(*shlex.split(command)).stdout
        workspace.run("schedule", "remove", "1")
        how = ["--cron", "@daily", "--list", "weekly", "--template", "own", "--full-text", "--at-most", "1"]
        workspace.run("schedule", "add", "--feed", site.at("/feed.xml"), *how)
        own = workspace.run("preview", "--feed", site.at("/feed.xml")).stdout
        assert "Good morning, Ada." in own
        assert "Herring" not in own
        (told,) = (each for each in workspace.data("schedule", "list") if each["state"] == "recurring")
        assert told["feeds"] == [site.at("/feed.xml")]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--feed", "http://quay.example/feed", "--cron", "@daily", "--list", "weekly"], "is http"),
        (["--feed", "https://quay.example/feed", "--list", "weekly"], "--feed needs --cron"),
        (["--feed", "https://quay.example/feed", "--cron", "@daily"], "to which list"),
        (
            ["--feed", "https://quay.example/feed", "--folder", "issues", "--cron", "@daily"],
            "either an issue",
        ),
        (["--feed", "https://quay.example/feed", "--local", "--cron", "@daily"], "--local is for an issue"),
    ],
)
@pytest.mark.peers
def test_what_makes_no_digest_is_refused(tmp_path: Path, arguments: list[str], words: str) -> None:
    workspace = Workspace(tmp_path, {"DATABASE_URL": "sqlite:///mailer.db"})
    workspace.run("lists", "create", "weekly")
    assert words in workspace.run("schedule", "add", *arguments, expect=2).stderr
