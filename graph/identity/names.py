"""Names of people and of companies, in Latin letters and without what writers leave out: weak identifiers, if any.

Two people may have one name, so that a run looks at names only where the settings say so
(``[detect.channels.name]``, ``[detect.channels.company]``).
"""

from __future__ import annotations

import re

from anyascii import anyascii

from graph.identity.letters import fold_text

_TITLES = (
    "mr mrs ms miss mx dr prof sir herr frau hr fr dipl ing mag m mme mlle monsieur madame sr sra srta don dona sig"
)
_FORMS = (
    "ltd limited plc llp llc lp inc incorporated corp corporation company co gmbh ggmbh mbh ug ag kg ohg kgaa se ek ev"
    " gbr haftungsbeschrankt sa sas sasu sarl eurl sci snc sl slu srl spa bv nv vof ab oy oyj as asa aps sp z oo zoo"
    " spzoo ooo zao oao pao ao ip tov lda sro kft doo bt pty pvt pte bhd kk and und et y e"
)
_TITLE_WORDS, _FORM_WORDS = frozenset(_TITLES.split()), frozenset(_FORMS.split())
_FORMS_IN_CHARACTERS = re.compile(
    r"株式会社|有限会社|合同会社|\(株\)|\(有\)|(?:股份|责任|責任)?有限(?:责任|責任)?公司|股份公司|公司$|주식회사|\(주\)|유한회사|شركة"
)
_CHARACTER = re.compile("([\u3400-\u9fff\uac00-\ud7a3])")
_DOTTED = re.compile(r"(?<=\b[^\W\d])\.\s?(?=[^\W\d](?:\.|\b))")


def canonical_name(text: str) -> str:
    """A person's name: without title, in Latin letters, its words in alphabetical order.

    >>> canonical_name("Dr. Anna Müller"), canonical_name("Müller, Anna"), canonical_name("Анна Мюллер")
    ('anna muller', 'anna muller', 'anna myuller')
    """
    words = _words(fold_text(text))
    named = [word for word in words if word not in _TITLE_WORDS]
    return " ".join(sorted(named or words)) or text


def canonical_company(text: str) -> str:
    """A company's name: without its legal form, in Latin letters.

    >>> canonical_company("Müller & Söhne GmbH & Co. KG"), canonical_company("MULLER SOHNE")
    ('muller sohne', 'muller sohne')
    """
    words = _words(_DOTTED.sub("", _FORMS_IN_CHARACTERS.sub(" ", fold_text(text))))
    named = [word for word in words if word not in _FORM_WORDS]
    return " ".join(named or words) or text


def _words(folded: str) -> list[str]:
    spread = _CHARACTER.sub(r" \1 ", folded)
    return [
        word for each in re.findall(r"[^\W_]+", spread) for word in re.findall(r"[a-z0-9]+", anyascii(each).lower())
    ]
