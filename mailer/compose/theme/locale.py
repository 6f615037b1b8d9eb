"""What depends on the language of an issue: the direction it runs in, and what its script does not have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mailer.languages import full_date, runs_rtl

COLUMNS = 78

# These scripts have no italics; slanting the letters only makes them hard to read.
WITHOUT_ITALICS = frozenset(
    "am bn gu hi ja km kn ko lo ml mr my ne pa si ta te th ti zh".split()  # noqa: SIM905 - else twenty lines
)
# Ideographs take two columns of a terminal each, and lines may break between any two.
WIDE = frozenset(["ja", "ko", "zh"])


@dataclass(frozen=True, slots=True)
class PageLocale:
    """How a page in the language `lang` (a BCP 47 tag) is set; templates know it as `page`."""

    lang: str

    @property
    def language(self) -> str:
        """The first subtag in lower case: `pt` of `pt-BR`."""
        return self.lang.lower().partition("-")[0]

    @property
    def rtl(self) -> bool:
        """Whether the text runs from right to left: by the script that the tag names, else the likely one."""
        return runs_rtl(self.lang)

    @property
    def dir(self) -> str:
        """`ltr` or `rtl`, for the attribute of that name."""
        return "rtl" if self.rtl else "ltr"

    @property
    def start(self) -> str:
        """The side on which lines begin: `left` or `right`."""
        return "right" if self.rtl else "left"

    @property
    def end(self) -> str:
        """The side on which lines end."""
        return "left" if self.rtl else "right"

    @property
    def italics(self) -> bool:
        """Whether the script has italics."""
        return not self.rtl and self.language not in WITHOUT_ITALICS

    @property
    def wide(self) -> bool:
        """Whether lines may break anywhere, because words have no spaces between them."""
        return self.language in WIDE

    @property
    def columns(self) -> int:
        """How many characters a line of the text part may have."""
        return COLUMNS // 2 - 1 if self.wide else COLUMNS

    def full_date(self, day: date) -> str:
        """Return `day` in full, as the language writes it."""
        return full_date(day, self.lang)
