"""What counts as a change."""

from __future__ import annotations

import os
from pathlib import Path

from harbour_issue import HARBOUR, add_people

from mailer.bootstrap import App
from mailer.domain.address import Address
from mailer.preview.cache import LIMIT, PreviewCache, mark
from mailer.proof.sample import Sample


def test_a_mark_changes_with_any_file_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    marks = [mark([tmp_path])]
    for path, text in (("a.md", "x"), ("a.md", "xy"), ("pictures/deep/b.png", ""), ("pictures/c.png", "")):
        (tmp_path / path).write_text(text)
        marks.append(mark([tmp_path]))
    os.utime(tmp_path / "a.md", ns=(1, 1))  # saved again with as many octets
    marks.append(mark([tmp_path]))
    (tmp_path / "a.md").unlink()
    marks.append(mark([tmp_path]))
    assert len(set(marks)) == len(marks)
    (tmp_path / ".git" / "index").write_text("x")
    assert mark([tmp_path]) == marks[-1]


def test_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    before = mark([tmp_path / "a.md"])
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path)
    mark([tmp_path / "dangling"])
    (tmp_path / "a.md").write_text("x")
    assert mark([tmp_path / "a.md"]) != before


def test_a_folder_with_very_much_in_it_is_looked_at_from_the_top(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(LIMIT):
        (tmp_path / "a" / f"{number:05d}").touch()
    before = mark([tmp_path])
    (tmp_path / "issue.md").write_text("x")
    assert mark([tmp_path]) != before


def look(cache: PreviewCache, root: Path, typed: str = "") -> str:
    outcome = cache.look(root / "issues" / "2026-11-22-harbour.md", typed)
    return outcome.made.text if isinstance(outcome.made, Sample) else str(outcome.made)


def test_a_sample_is_made_once_as_long_as_nothing_changes(peopled: App) -> None:
    cache, file = PreviewCache(peopled), peopled.root / "issues" / "2026-11-22-harbour.md"
    first = cache.look(file, "")
    assert cache.look(file, "") is first
    assert cache.mark(file, first.email) == first.mark
    assert cache.look(file, "bruno@quay.example") is not first
    (peopled.root / "issues" / "picture.png").touch()
    assert cache.mark(file, first.email) != first.mark
    assert cache.look(file, "") is not first


def test_each_thing_that_a_mail_comes_from_renews_it(peopled: App) -> None:
    root, cache = peopled.root, PreviewCache(peopled)
    file = root / "issues" / "2026-11-22-harbour.md"
    assert "Good morning, Ada Quint" in look(cache, root)
    file.write_text(HARBOUR.replace("morning", "evening"))
    assert "Good evening, Ada Quint" in look(cache, root)
    (root / ".env").write_text("POSTAL_ADDRESS=2 Mole Street\n")
    assert "2 Mole Street" in look(cache, root)
    (root / "templates" / "email").mkdir(parents=True)
    (root / "templates" / "email" / "newsletter.txt").write_text("Mine: {{ content }}{{ unsubscribe_url }}")
    assert look(cache, root).startswith("Mine: Good evening, Ada Quint")
    add_people(peopled, [{"email": "ada@quay.example", "name": "Ada Reed"}])
    assert "Good evening, Ada Reed" in look(cache, root)


def test_settings_that_are_broken_and_put_right(app: App) -> None:
    cache, env = PreviewCache(app), app.root / ".env"
    was = env.read_text()
    env.write_text("TZ=Port Example\n")
    assert "TZ" in look(cache, app.root)
    env.write_text(was)
    assert "Good morning" in look(cache, app.root)


def test_someone_who_is_not_there_does_not_change_all_the_time(peopled: App) -> None:
    cache, file = PreviewCache(peopled), peopled.root / "issues" / "2026-11-22-harbour.md"
    for typed in ("new@shore.example", "nobody in particular", "no address", ""):
        outcome = cache.look(file, typed)
        assert cache.mark(file, outcome.email) == outcome.mark, typed
    add_people(peopled, [{"email": "new@shore.example", "name": "Nell"}])
    assert Address.parse("new@shore.example").key == "new@shore.example"
    assert "Good morning, Nell" in look(cache, peopled.root, "new@shore.example")


def test_a_list_and_its_people_appear_once_they_are_there(app: App) -> None:
    cache, file = PreviewCache(app), app.root / "issues" / "2026-11-22-harbour.md"
    outcome = cache.look(file, "")
    assert "Good morning, Ada Quint" in look(cache, app.root)
    add_people(app, [{"email": "zora@quay.example", "name": "Zora"}])
    assert cache.mark(file, outcome.email) != outcome.mark
    assert "Good morning, Zora" in look(cache, app.root)


def test_another_readers_sample_comes_from_the_same_compiled_issue(peopled: App) -> None:
    cache, file = PreviewCache(peopled), peopled.root / "issues" / "2026-11-22-harbour.md"
    cache.look(file, "")
    compiled = cache._last_compiled
    cache.look(file, "bruno@quay.example")
    assert cache._last_compiled is compiled
