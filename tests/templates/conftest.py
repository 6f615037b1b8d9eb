"""The mails that the tests of the layout look at."""

from __future__ import annotations

import pytest
from browser import browser as browser
from written_mail import DATA, LANGUAGES, SAMPLE_NAMES, Mail, translated, write_mail, write_sample

from mailer.workspace.bundled import sample


@pytest.fixture(scope="session")
def sample_mail() -> Mail:
    """The sample issue."""
    return write_mail(sample("harbour.md"))


@pytest.fixture(scope="session")
def mails(tmp_path_factory: pytest.TempPathFactory, sample_mail: Mail) -> dict[str, Mail]:
    """Mails by name: the sample, all that Markdown has, that in other scripts, a text issue."""
    folder = tmp_path_factory.mktemp("issues")
    return {
        "sample": sample_mail,
        "everything": write_mail(DATA / "everything.md"),
        "text": write_mail(DATA / "gazette.txt"),
        **{language: write_mail(translated(language, folder)) for language in LANGUAGES},
    }


@pytest.fixture(scope="session")
def samples() -> dict[str, Mail]:
    """A full issue in each layout, and one of each from right to left."""
    return {name: write_sample(name) for name in SAMPLE_NAMES}
