"""Words of languages: abbreviations, and words that begin sentences.

Owns what sentencex knows of a word and what it was seen to miss. Must not know where in a text a word stands.
"""

import re
from typing import Final

import sentencex

_NEVER_LAST: Final = {
    "en": "dr mr mrs ms mx prof rev hon gen col capt lt sgt st e.g i.e vs cf viz",
    "de": "dr hr fr fa frl prof dipl ing z.b d.h bzw vgl ca evtl ggf sog inkl zzgl st bspw nr abb mind max",
    "es": "sr sra srta dr dra d dª dña ud uds prof profa p.ej núm pág av fig art st sto sta aprox lic ing",
    "fr": "av bd m mm mme mmes mlle mlles dr pr me mgr st ste p.ex c.-à-d cf n° fig env vol chap art",
}
"""They go on, whatever follows."""

_ONLY_BEFORE_NUMBERS: Final = {
    "en": "no nos art fig figs p pp vol vols ch sec mar ed approx jan feb apr aug sept oct nov dec",
    "de": "s art abs tel max",
    "es": "fig art vol cap pp p",
    "fr": "n° fig art vol chap p pp env",
}
_NUMBERS_ARE_ORDINALS: Final = frozenset(
    {"de", "da", "no", "nb", "nn", "fi", "cs", "sk", "hu", "pl", "hr", "sl"}
)

_UNITS: Final = frozenset({"m", "km", "cm", "mm", "kg", "g", "mg", "l", "ml", "h", "min", "s"})
_STREET: Final = "str"

_ORDINARY: Final = {"en": {"may", "sat", "sun", "in"}}
"""Are in sentencex's lists of abbreviations, and are far more often words."""

_BEGINNINGS: Final = {
    "en": "the this that these those it he she we they you i there here then but and so if when "
    "what who how why where after before later however now yes no my our your his her their "
    "its in on at for as to let can do is are",
    "de": "der die das dies diese dieser es er sie wir ihr ich du man dann danach aber und oder so "
    "wenn wer was wie wo warum später jetzt nun ja nein mein unser sein ihre in im am auf bei "
    "für hier da dort trotzdem außerdem doch",
    "es": "el la los las un una esto este esta eso yo tú él ella nosotros ellos luego después pero "
    "y así si cuando qué quién cómo por ahora sí no mi su en de al para aquí allí también "
    "además entonces",
    "fr": "le la les l un une ce cet cette ces c il elle on nous vous ils elles je j tu puis "
    "ensuite mais et si quand qui que comment pourquoi oui non mon son sa leur en dans pour "
    "ici là aussi alors après",
}

_WITH_INNER_MARKS: Final = re.compile(r"(?:[^\W\d_]{1,2}\.-?)+(?:à-)?[^\W\d_]{1,2}")
_ASKABLE: Final = re.compile(r"[^\W\d_][^\W_.]{0,11}")


class Words:
    """Knows the words of `language`, the part of a BCP 47 tag before the first hyphen."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._never_last = frozenset(_NEVER_LAST.get(language, _NEVER_LAST["en"]).split())
        self._only_before_numbers = frozenset(_ONLY_BEFORE_NUMBERS.get(language, "").split())
        self._beginnings = frozenset(_BEGINNINGS.get(language, "").split())
        self.numbers_are_ordinals = language in _NUMBERS_ARE_ORDINALS
        """Whether a number and a full stop make "third" of "three"."""

    def never_ends(self, word: str) -> bool:
        """Whether something must follow `word` and a full stop: a name, an example."""
        return word.lower() in self._never_last

    def is_before_numbers(self, word: str) -> bool:
        """Whether `word` is an abbreviation only where a number follows."""
        return word.lower() in self._only_before_numbers

    @staticmethod
    def is_unit(word: str) -> bool:
        """Whether `word` measures, and a full stop behind it is no part of it."""
        return word in _UNITS

    def is_abbreviation(self, word: str) -> bool:
        """Whether `word` and a full stop need not end a sentence."""
        if len(word) == 1 and word.isalpha():
            return True
        if word.lower() in _ORDINARY.get(self._language, ()):
            return False
        if self.never_ends(word) or _WITH_INNER_MARKS.fullmatch(word):
            return True
        if self._language == "de" and word.endswith(_STREET):
            return True
        return bool(_ASKABLE.fullmatch(word)) and not self._separates(f"a {word}. Qq")

    def is_name(self, word: str, mark: str) -> bool:
        """Whether `mark` is part of a name, as in that of a search engine."""
        return bool(_ASKABLE.fullmatch(word)) and not self._separates(f"a {word}{mark} Qq")

    def begins_sentences(self, word: str) -> bool:
        """Whether `word`, with its capital, hardly stands inside a sentence."""
        return re.split("['’-]", word.lower())[0] in self._beginnings

    def _separates(self, text: str) -> bool:
        return len(sentencex.segment(self._language, text)) > 1
