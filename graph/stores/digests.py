"""Checksums of columns: equal values in equal places give equal ones, in whatever pieces they lie in memory."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from graph.arrow import Cells


def digest_column(values: pa.ChunkedArray[Any]) -> bytes:
    """The SHA-256 of a column's values."""
    digest = hashlib.sha256()
    _feed(digest, pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type))
    return digest.digest()


def _feed(digest: hashlib._Hash, values: Cells) -> None:
    """Hash what is known and where; what lies under a null is anything, and no part of it."""
    digest.update(len(values).to_bytes(8, "little"))
    if values.null_count:
        digest.update(np.flatnonzero(values.is_null().to_numpy(zero_copy_only=False)).tobytes())
        values = values.drop_null()
    kind = values.type
    if pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind):
        digest.update(pc.list_value_length(values).to_numpy(zero_copy_only=False).tobytes())
        _feed(digest, pc.list_flatten(values))
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
        _feed_texts(digest, values.cast(pa.large_string()))
    elif pa.types.is_timestamp(kind):
        digest.update(values.cast(pa.int64()).to_numpy(zero_copy_only=False).tobytes())
    else:
        digest.update(values.to_numpy(zero_copy_only=False).tobytes())


def _feed_texts(digest: hashlib._Hash, texts: Cells) -> None:
    _, ends, letters = texts.buffers()
    if not len(texts) or ends is None:
        return
    places = np.frombuffer(memoryview(ends), np.int64)[texts.offset : texts.offset + len(texts) + 1]
    digest.update(np.diff(places).tobytes())
    if letters is not None:
        digest.update(memoryview(letters)[places[0] : places[-1]])
