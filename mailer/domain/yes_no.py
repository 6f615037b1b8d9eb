"""Yes and no, true and false, in the languages that people and their spreadsheets keep lists in."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.domain.fold import plain

# By language, yes and no. A column is one of true and false if all of it is of one language.
YES_NO = {
    "English": ("yes y true on", "no n false off"),
    "German": ("ja j wahr", "nein n falsch"),
    "French": ("oui vrai", "non faux"),
    "Spanish": ("sí verdadero", "no falso"),
    "Italian": ("sì vero", "no falso"),
    "Portuguese": ("sim verdadeiro", "não falso"),
    "Dutch": ("ja waar", "nee neen onwaar"),
    "Danish": ("ja sand", "nej falsk"),
    "Norwegian": ("ja sann", "nei usann"),
    "Swedish": ("ja sant", "nej falskt"),
    "Finnish": ("kyllä tosi", "ei epätosi"),
    "Icelandic": ("já satt", "nei ósatt"),
    "Polish": ("tak prawda", "nie fałsz"),
    "Czech": ("ano pravda", "ne nepravda"),
    "Slovak": ("áno pravda", "nie nepravda"),
    "Slovenian": ("da drži", "ne napačno"),
    "Croatian": ("da točno", "ne netočno"),
    "Hungarian": ("igen igaz", "nem hamis"),
    "Romanian": ("da adevărat", "nu fals"),
    "Catalan": ("sí cert", "no fals"),
    "Estonian": ("jah tõene", "ei väär"),
    "Latvian": ("jā patiess", "nē aplams"),
    "Lithuanian": ("taip tiesa", "ne netiesa"),
    "Greek": ("ναι αληθές", "όχι ψευδές"),
    "Turkish": ("evet doğru", "hayır yanlış"),
    "Russian": ("да истина", "нет ложь"),
    "Ukrainian": ("так істина", "ні хибність"),
    "Bulgarian": ("да истина", "не неистина"),
    "Hebrew": ("כן אמת", "לא שקר"),
    "Arabic": ("نعم صحيح", "لا خطأ"),
    "Indonesian": ("ya benar", "tidak salah"),
    "Japanese": ("はい 真", "いいえ 偽"),
    "Chinese": ("是 真", "否 假"),
    "Korean": ("예 네 참", "아니요 아니오 거짓"),
    "Persian": ("بله آری", "خیر نه"),
    "Hindi": ("हाँ हां", "नहीं"),
    "Thai": ("ใช่", "ไม่ ไม่ใช่"),
}


class YesNo:
    """The words for true and false of every language, and of a person's own."""

    def __init__(self, true: Iterable[str] = (), false: Iterable[str] = ()) -> None:
        own = frozenset(map(plain, true)), frozenset(map(plain, false))
        self.languages = (own, *_LANGUAGES) if any(own) else _LANGUAGES
        self._true = frozenset().union(*(yes for yes, _ in self.languages))
        self._false = frozenset().union(*(no for _, no in self.languages))

    def read(self, text: str) -> bool | None:
        """Return what `text` says; None if it is neither yes nor no."""
        word = plain(text)
        return True if word in self._true else False if word in self._false else None


_LANGUAGES = tuple(
    (frozenset(map(plain, yes.split())), frozenset(map(plain, no.split()))) for yes, no in YES_NO.values()
)
WORDS = YesNo()
