"""Languages by their tags (BCP 47), as CLDR knows them: names, scripts, and dates written out.

Babel is imported where it is needed, for most commands never ask.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

DEFAULT = "en"

# ISO 15924 scripts that run from right to left.
RIGHT_TO_LEFT_SCRIPTS = frozenset(
    ["Adlm", "Arab", "Armi", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"]
)

_TEMPLATE_TAG = re.compile(r"\{[{%][^{}\n]*[%}]\}")
_TAG = re.compile(r"([A-Za-z]{2,3})((?:-[A-Za-z0-9]{1,8})*)")
# Whose own names for themselves are understood, beside the English name of any.
_SPEAKERS = "ar cs da de el es fa fi fr he hu it ja ko nb nl pl pt ro ru sv tr uk zh".split()  # noqa: SIM905


def read_language(text: str) -> str:
    """Return a language tag as it is usually written (`pt-BR` for `pt_br`).

    ValueError, with what to write, for what is none and for a language that CLDR has never heard of.
    """
    found = _TAG.fullmatch(text.replace("_", "-"))
    if found is None or not _is_known(found.group(1).lower()):
        meant = _named(text)
        raise ValueError(
            f"is not a language tag; write it like de or pt-BR (BCP 47){f', here: {meant}' if meant else ''}"
        )
    return "-".join([found.group(1).lower(), *map(_subtag, found.group(2).split("-")[1:])])


def _subtag(text: str) -> str:
    # RFC 5646 2.1.1: a script is written `Latn`, a region `BR`.
    return {2: text.upper(), 4: text.title()}.get(len(text), text.lower())


def _is_known(language: str) -> bool:
    if language == DEFAULT:
        return True
    from babel.core import get_global

    return any(
        language in table
        for table in (get_global("likely_subtags"), get_global("language_aliases"), _english_names())
    )


def _english_names() -> dict[str, str]:
    from babel import Locale

    return dict(Locale("en").languages)


def _named(text: str) -> str:
    """Return the tag of the language whose name is `text`, in English or its own, or nothing."""
    from babel import Locale

    name = text.casefold().strip()
    own = {str(Locale(each).get_language_name(each)).casefold(): each for each in _SPEAKERS}
    english = {said.casefold(): each.replace("_", "-") for each, said in _english_names().items()}
    return own.get(name) or english.get(name, "")


@cache
def script_of(lang: str) -> str:
    """Return the script (ISO 15924) that a language is written in: the tag's own, else the likely one."""
    from babel.core import get_global

    language, *others = lang.replace("_", "-").split("-")
    if script := next((each.title() for each in others if len(each) == 4 and each.isalpha()), ""):
        return script
    aliases, likely = get_global("language_aliases"), get_global("likely_subtags")
    language = aliases.get(language.lower(), language.lower())
    region = next((each.upper() for each in others if len(each) == 2), "")
    found = likely.get(f"{language}_{region}") or likely.get(language.partition("_")[0]) or ""
    return next((each for each in found.split("_") if len(each) == 4), "")


def runs_rtl(lang: str) -> bool:
    """Whether text in a language runs from right to left, by its script."""
    return script_of(lang) in RIGHT_TO_LEFT_SCRIPTS


def text_rtl(text: str) -> bool | None:
    """Whether most letters of `text` run from right to left (Unicode Standard Annex 9); None without any.

    Addresses and tags of templates don't count.
    """
    counted = Counter(map(unicodedata.bidirectional, _prose(text)))
    right, left = counted["R"] + counted["AL"], counted["L"]
    return None if right == left else right > left


def _prose(text: str) -> str:
    words = _TEMPLATE_TAG.sub(" ", text).split()
    return "".join(word for word in words if "://" not in word and "@" not in word)


def language_of(text: str, language: str) -> str:
    """Return the language of a `text` that does not say its own: `language`, if it runs in that direction.

    Else the one that CLDR holds the likeliest for the script of most letters.
    """
    rtl = text_rtl(text)
    return language if rtl in (None, runs_rtl(language)) else likely_language(text)


def likely_language(text: str) -> str:
    """Return the language that CLDR holds the likeliest for the script of most letters of `text`."""
    from babel.core import get_global

    scripts = Counter(_script(char) for char in _prose(text) if char.isalpha())
    script = scripts.most_common(1)[0][0] if scripts else ""
    found: str = get_global("likely_subtags").get(f"und_{script}", DEFAULT)
    return found.partition("_")[0]


# The first word of a letter's name in Unicode is its script; these of them run from right to left.
_NAMED_SCRIPTS = {
    "ADLAM": "Adlm",
    "ARABIC": "Arab",
    "HEBREW": "Hebr",
    "MANDAIC": "Mand",
    "NKO": "Nkoo",
    "HANIFI": "Rohg",
    "SAMARITAN": "Samr",
    "SYRIAC": "Syrc",
    "THAANA": "Thaa",
}


def _script(letter: str) -> str:
    return _NAMED_SCRIPTS.get(unicodedata.name(letter, "").partition(" ")[0], "Latn")


def full_date(day: date, lang: str) -> str:
    """Return `day` with its weekday, as a language writes it; as 2026-11-22 where CLDR doesn't say how."""
    from babel.dates import format_date

    locale = _locale(lang)
    return format_date(day, "full", locale) if locale else f"{day:%Y-%m-%d}"


def span_in_words(span: timedelta, lang: str) -> str:
    """Return how long that is in whole hours or days, as a language says it: "7 days"."""
    from babel.dates import format_timedelta

    return format_timedelta(span, granularity="hour", threshold=2, locale=_locale(lang) or DEFAULT)


def joined(names: list[str], lang: str) -> str:
    """Return names as a language lists them: "one, two and three"."""
    from babel.lists import format_list

    return format_list(names, locale=_locale(lang) or DEFAULT)


def _locale(lang: str) -> Locale | None:
    from babel import Locale, UnknownLocaleError

    for tag in (lang, lang.partition("-")[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


def own_name(lang: str) -> str:
    """Return what those who speak a language call it; its tag where CLDR doesn't say."""
    locale = _locale(lang)
    return str(locale.get_display_name(locale) or lang) if locale else lang
