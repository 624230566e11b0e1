"""Values that stand for nothing: whoever has them in common has nothing in common."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from graph.arrow import is_true

_WORDS = (
    "unknown|none|null|nil|nan|undefined|missing|empty|default|test|dummy|anonymous|unspecified|tbd"
    "|n[./]?a[.]?|not[ _-](provided|set|available|given|specified|applicable|known)"
    "|no[ _-](phone|e-?mail|address|device)"
    "|unbekannt|keine[ _-]angabe|k[.]? ?a[.]?|nicht[ _-](angegeben|bekannt|vorhanden)"
    "|inconnue?|non[ _-](renseigné|fourni|communiqué)e?|desconocid[oa]|sin[ _-]datos?|sconosciut[oa]|não[ _-]informado"
    "|bilinmiyor|brak|onbekend|неизвестн(о|ый|ая)|не[ _-]указан[оа]?|нет"
    "|未知|未填写?|无|無|暂无|不明|なし|未設定|없음|미상|غير[ _-]معروف|لا[ _-]يوجد"
)
_MEANS = (
    "pay ?pal|cash|cash on delivery|c[.]?o[.]?d[.]?|invoice|visa|master ?card|amex|american express|klarna|sepa|alipay"
    "|(bank|wire|money)[ _-]?transfer|(credit|debit|gift|prepaid)[ _-]?card|(apple|google|wechat|amazon)[ _-]?pay"
    "|voucher|rechnung|nachnahme|(bank)?überweisung|barzahlung|vorkasse|lastschrift|kreditkarte|sofortüberweisung|gutschein"
    "|contre[ -]remboursement|virement|carte[ _-](bancaire|bleue)|contrassegno|contanti|bonifico|efectivo"
    "|contrareembolso|支付宝|微信支付|货到付款|代金引換|代引き|銀行振込|무통장입금"
)
"""Ways of paying, where the means itself should stand."""
_COLLECTED = (
    "(in[ -]?store )?pick[ -]?up( (in|at)( the)? (store|shop))?|click (and |& ?)?collect|(self|store)[ -]collection"
    "|selbstabhol(ung|er)( im (laden|geschäft|markt))?|retrait en magasin|recogida en tienda|ritiro in negozio"
    # As addresses are compared: the words of a part in order.
    "|((at|in) )?pick (store )?(the )?up|im laden selbstabholung|en magasin retrait|en recogida tienda"
)
"""Ways of handing over, where an address should stand."""
_SAME = "|".join(f"{digit}{{8,}}" for digit in "23456789abcdef")
_NUMBERS = (
    r"[+(]*0[0 ()/.-]*0[0 ()/.-]*0[ )]*|\+?1{6,}|\+?9{6,}|\+?[19]{3}-[19]{3}-[19]{4}|0?1234567890?|123[ -]456[ -]7890"
    r"|0\.0\.0\.0|255\.255\.255\.255|::1?|0{8}-0{4}-0{4}-0{4}-0{12}|f{8}-f{4}-f{4}-f{4}-f{12}"
    rf"|\+[1-9][0-9]{{0,2}}0{{6,}}|{_SAME}"  # a country's code and no number; one digit again and again
    r"|(00:){5}00|(ff:){5}ff|02:00:00:00:00:00|9774d56d682e549c"  # the last two are what every phone of a kind says
)
_MAILBOXES = r"no[_-]?reply@.*|(none|null|unknown|nobody|no[_-]?e?-?mail)@.*|test@test\..*"
PLACEHOLDER = rf"(?i)^\s*({_WORDS}|{_MEANS}|{_COLLECTED}|{_NUMBERS}|{_MAILBOXES}|-+|\.+|\?+|x{{3,}})\s*$"
"""What exports write where nothing is known, in any case."""
EVERYWHERE = r"^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-fA-F]{2}:|fe80:)"
"""IP addresses that every network and every machine has (RFC 1918, 4193, 3927)."""
INSIDE = rf"{EVERYWHERE}|^(100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|192\.0\.2\.|198\.51\.100\.|203\.0\.113\.|2001:db8:)"
"""The same, and addresses inside of a carrier's network (RFC 6598) or of documents (RFC 5737, 3849)."""


def find_placeholders(values: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Which values (V,) are placeholders, or addresses that every network has.

    >>> find_placeholders(np.array(["Unknown", "+000000", "10.0.0.7", "D-1", "100.1.2.3"], dtype=object)).tolist()
    [True, True, True, False, False]
    """
    texts = pa.chunked_array([pa.array(values, pa.string())])
    stands_for_nothing = pc.match_substring_regex(texts, PLACEHOLDER)
    return is_true(stands_for_nothing) | is_true(pc.match_substring_regex(texts, EVERYWHERE))
