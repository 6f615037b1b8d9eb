"""The form at the foot of the archive's pages: the one of the list, as another site's page would have it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from mailer.bootstrap import App
from mailer.services.archive import ArchivedList
from mailer.services.forms import FOLDER, FormError
from mailer.services.signup import desk
from mailer.web.joining import JOIN, snippet
from mailer.web.pages import Pages

log = logging.getLogger(__name__)
FROM_HERE = "archive"  # what the ledger of consent says of where they came from


@dataclass(frozen=True, slots=True)
class SubscribeForms:
    """Writes the forms of public lists, which are answered below BASE_URL."""

    app: App
    pages: Pages

    def stamp(self) -> tuple[tuple[str, int], ...]:
        """Return what is another once a form's file has changed."""
        files = sorted((self.app.root / FOLDER).glob("*.toml"))
        return tuple((each.name, each.stat().st_mtime_ns) for each in files)

    def written(self, lists: Iterable[ArchivedList]) -> Mapping[str, str]:
        """Return the form of each list as HTML, by its name; one that can't be used is left out, and said."""
        forms = dict[str, str]()
        for each in lists:
            name = each.about.name
            address = f"{self.app.settings.base_url}{JOIN}/{name}?ref={FROM_HERE}"
            language = each.about.language or self.app.settings.language
            try:
                found = desk(self.app, name)
            except FormError as error:
                log.warning("no form for %s in the archive: %s", name, error.problem)
                continue
            if found:
                forms[name] = snippet(self.pages, found, address, language)
        return forms
