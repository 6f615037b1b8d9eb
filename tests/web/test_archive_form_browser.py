"""The form at the foot of the archive, on pages that are served and in a static site."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from browser import WIDEST
from harbour import serving
from playwright.sync_api import Browser, expect
from sqlalchemy import select

from mailer.bootstrap import App
from mailer.services.archive_import import import_issues
from mailer.store.schema import signups
from mailer.web.archive.building import build
from mailer.web.archive.workspace import archive_site
from mailer.web.rooms import pages_of

BASE_URL = "http://127.0.0.1:8000"
FORM = '[[field]]\nname = "name"\nlabel = "Your name"\n'


@pytest.fixture
def app(tmp_path: Path) -> App:
    settings = {
        "SECRET_KEY": "a key of the harbour",
        "BASE_URL": BASE_URL,
        "SIGNUP_SECONDS": "0",
    }
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms/weekly.toml").write_text(FORM)
    (tmp_path / "2021-03-01-herring.md").write_text("---\ntitle: Herring\n---\nAt the quay.\n")
    app = App(tmp_path, settings)
    for name, title in (("weekly", "Harbour Gazette"), ("tides", "جدول المد")):
        said = {"is_public": True, "language": "ar" if name == "tides" else "en"}
        app.lists.create(name, app.now(), title, said=said)
        import_issues(app, [tmp_path / "2021-03-01-herring.md"], name)
    return app


def test_whoever_reads_the_archive_signs_up_at_its_foot(browser: Browser, app: App) -> None:
    size = {"width": 320, "height": 640}
    with (
        serving(app.root, app.root / "serve.log") as url,
        browser.new_context(bypass_csp=True, viewport=size) as context,  # type: ignore[arg-type]  # for axe alone
    ):
        page = context.new_page()
        # The form leads to BASE_URL: here that is the server on another port.
        page.route(
            f"{BASE_URL}/**",
            lambda route: route.continue_(url=url + route.request.url.removeprefix(BASE_URL)),
        )
        for path in ("weekly/", "tides/", "weekly/2021/herring/"):
            page.goto(f"{url}/archive/{path}")
            assert page.evaluate(WIDEST) <= 320
            page.evaluate(Path(AXE_FILE_PATH).read_text(encoding="utf-8"))
            found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
            assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == [], path
        page.get_by_label("Your e-mail address").fill("ada@inbox.example")
        page.get_by_label("Your name").fill("Ada")
        page.get_by_role("button", name="Sign up").click()
        expect(page.get_by_role("heading")).to_have_text("Look into your mailbox")
    with app.database.connect() as connection:
        (row,) = connection.execute(select(signups)).all()
    assert (row.email, row.answers, row.note) == ("ada@inbox.example", {"name": "Ada"}, "archive")
    app.let_go()


def test_it_is_there_in_a_static_site_and_is_another_once_its_file_is(app: App, tmp_path: Path) -> None:
    site = archive_site(app, "https://quay.example/old/", pages_of(app), searchable=False).renewed()
    build(site, tmp_path / "site")
    for path in ("weekly/index.html", "weekly/2021/herring/index.html"):
        page = (tmp_path / "site" / path).read_text(encoding="utf-8")
        assert 'action="http://127.0.0.1:8000/join/weekly?ref=archive"' in page
        assert 'name="answer.name"' in page
    assert site.renewed() is site
    (tmp_path / "forms/weekly.toml").write_text(FORM.replace("Your name", "What are you called?"))
    assert b"What are you called?" in site.renewed().page("weekly/").content
    (tmp_path / "forms/weekly.toml").write_text("[[field]]\nnam = 1\n")
    page = site.renewed().page("weekly/").content.decode()
    assert '<a href="http://127.0.0.1:8000/join/weekly">Get Harbour Gazette by mail</a>' in page
    app.let_go()
