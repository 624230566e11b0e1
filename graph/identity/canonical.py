"""One form for the several spellings of one address, e-mail, phone, card or network address.

In two steps.  :func:`canonical_values` brings each value to its form, by itself: what no reader would tell apart is
equal then, and the form is stored beside the value.  :func:`graph.identity.match.match_values` looks at all forms of
a market and joins those that only their company shows to be one: a slip of the pen, a missing flat, a number without
its country.  Flat 14A and 14C, or flat 2 of number 1 and flat 1 of number 2, are never joined.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.compute as pc

from graph.arrow import find_distinct, is_true, read_texts, replace_where
from graph.identity.spellings import RARELY_SPELLED, RULES

if TYPE_CHECKING:
    from graph.arrow import Cells, Chunks, Values


def canonical_values(kind: str, values: Values) -> Cells:
    """Bring identifiers of one kind to the form that joins their spellings.

    Parameters
    ----------
    kind
        ``address``, ``email``, ``phone``, ``payment``, ``ip``, ``name`` and ``company`` have several spellings, and so
        have those that are only :data:`called otherwise <graph.identity.spellings.ALSO_CALLED>`, as ``iban``; any other
        kind (``device``, ``address_id``, ...) is exact but for Unicode's compatible forms and white space around.
    values
        (N,) pyarrow string array, chunked or not; nulls stay null.

    Returns
    -------
    pyarrow.StringArray
        (N,) canonical forms.  Applying the function again changes nothing.

    Examples
    --------
    >>> canonical_values("address", pa.array(["Flat 14A, 1 High St.", "1 HIGH STREET  apt #14-a"])).to_pylist()
    ['1 high st unit14a', '1 high st unit14a']
    >>> canonical_values("email", pa.array(["Ann.Lee+shop@GoogleMail.com"])).to_pylist()
    ['annlee@gmail.com']
    """
    texts = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    rule = RULES.get(kind)
    if rule is None:
        return _exact_values(texts)
    if kind in RARELY_SPELLED:
        return _canonical_few(texts, rule, RARELY_SPELLED[kind])
    encoded = cast("pa.DictionaryArray[Any, Any]", pc.dictionary_encode(texts))
    distinct = encoded.dictionary
    canonical = (
        _canonical_addresses(distinct) if kind == "address" else pa.array(map(rule, read_texts(distinct)), pa.string())
    )
    return canonical.take(encoded.indices)


def _canonical_addresses(texts: Cells) -> Cells:
    from graph.identity.addresses.shared_reading import read_addresses

    return pa.array(read_addresses(read_texts(texts), _may_have_phrases(texts)), pa.string())


def _may_have_phrases(texts: Cells) -> list[bool]:
    """Phrases are looked for in those addresses (N,) alone that have a sign of one, which Arrow finds."""
    from graph.identity.addresses.phrases import SIGNS

    signs = pc.match_substring_regex(texts, SIGNS, ignore_case=True)
    found: list[bool] = is_true(pc.or_(signs, pc.invert(pc.string_is_ascii(texts)))).tolist()
    return found


class AddressesAhead:
    """The forms of addresses that another process reads while something else is done.

    Parameters
    ----------
    texts
        (N,) distinct addresses, of which none is null.
    """

    def __init__(self, texts: Cells) -> None:
        from graph.identity.addresses.shared_reading import SharedReading

        self._texts = texts
        self._reading = SharedReading(read_texts(texts), _may_have_phrases(texts))

    def __enter__(self) -> AddressesAhead:
        return self

    def __exit__(self, *_: object) -> None:
        self._reading.close()

    def find_forms(self, values: Cells) -> Cells:
        """What :func:`canonical_values` makes of addresses (K,), most of which are among these."""
        forms = pa.array(self._reading.finish(), pa.string())
        found: Cells = forms.take(pc.index_in(values, value_set=self._texts))
        others = is_true(pc.is_null(found))
        if not others.any():
            return found
        return replace_where(others, found, canonical_values("address", values.filter(pa.array(others))))


def read_ahead(texts: Chunks) -> AbstractContextManager[AddressesAhead | None]:
    """Begin to read addresses (N,) where there are so many that it pays."""
    if not len(texts):
        return nullcontext()
    from graph.identity.addresses.shared_reading import is_worth_sharing

    if not is_worth_sharing(len(texts)):
        return nullcontext()
    return AddressesAhead(find_distinct(texts).drop_null())


def _exact_values(texts: Cells) -> Cells:
    exact: Cells = pc.utf8_trim_whitespace(pc.utf8_normalize(texts, "NFKC"))  # type: ignore[attr-defined]  # not in the stubs
    return exact


def _canonical_few(texts: Cells, rule: Callable[[str], str], pattern: str) -> Cells:
    """Exact forms, and by rule those that match a pattern, which are few."""
    exact = _exact_values(texts).cast(pa.string())
    matches = is_true(pc.match_substring_regex(exact, pattern))
    ruled = pa.array(map(rule, read_texts(exact.filter(matches))), pa.string())
    return replace_where(matches, exact, ruled)
