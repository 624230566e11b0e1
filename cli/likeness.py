"""The command ``similar``: the accounts that behave most like one, and in what."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import Workplace, pass_workplace
from cli.options import run_option
from cli.output import Answer, Format, as_rows, format_option, list_columns, parse_id, write_answer
from cli.progress import show_progress

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embeddings.features.accounts import AccountFeatures
    from graph.model import Snapshot
    from graph.queries.answers import LikeAccount, Share
    from graph.stores.protocol import GraphStore

logger = logging.getLogger("ringfence.similar")

MAX_SHARED = 1000
"""What more accounts share is no likeness worth naming."""


@click.command(short_help="List the accounts that behave most like one.")
@click.argument("account_id", metavar="ID", type=parse_id)
@click.option(
    "--limit", "-n", "-k", "most", type=click.IntRange(min=1), default=10, show_default=True, help="How many accounts."
)
@click.option(
    "--encoder",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Compare by this encoder, from `train --encoder`.",
)
@click.option("--keep", is_flag=True, help="Train the encoder and keep its vectors in the store.")
@run_option
@format_option
@pass_workplace
def similar(workplace: Workplace, /, account_id: str, most: int, run_id: str | None, form: Format, **how: Any) -> None:
    """List the accounts that behave most like one, and say in what.

    Uses the vectors that the last run with the encoder stored.  Where there are none, accounts are
    compared by the figures of their own doings.  With --encoder, all accounts are encoded anew, those
    that came after the training too.  Nothing is written, but with --keep: then the encoder is trained
    (about twenty seconds for 20,000 accounts), and its vectors are kept for the next time.
    """
    from graph.queries.ids import check_account

    if how["keep"] and how["encoder"]:
        raise click.UsageError("--keep trains an encoder, and --encoder names one; choose one of them")
    with workplace.open_store() as store:
        check_account(store, account_id)
        market = Compared.of(store.snapshot())
        stored = None if how["encoder"] or how["keep"] else _read_vectors(store, market.snapshot, account_id)
    vectors = stored if stored is not None else _make_vectors(workplace, market, **how)
    with workplace.open_store() as store:
        alike = _find_alike(store, market, vectors, account_id, most=most, run_id=run_id)
    from cli.draw_answers import draw_similar
    from graph.queries.answers import LikeAccount

    write_answer(Answer(alike, list_columns(LikeAccount), as_rows(alike), lambda: draw_similar(alike)), form)


@dataclass(frozen=True)
class Compared:
    """The market whose accounts are compared, and the figures of each."""

    snapshot: Snapshot
    features: AccountFeatures

    @classmethod
    def of(cls, snapshot: Snapshot) -> Compared:
        """Describe the accounts of a snapshot."""
        from embeddings.features.accounts import account_features

        return cls(snapshot, account_features(snapshot))


def _make_vectors(workplace: Workplace, market: Compared, *, encoder: Path | None, keep: bool) -> NDArray[np.float32]:
    """Vectors by an encoder from a file, by one that is trained and kept, or else by the figures alone."""
    if encoder is not None:
        return encode_with(market.snapshot, encoder)
    if keep:
        return _train_and_keep(workplace, market.snapshot)
    from embeddings.features.scaling import point_features

    logger.info("no vectors are stored: compared by figures alone; --keep trains the encoder and keeps its vectors")
    return point_features(market.features)


def _read_vectors(store: GraphStore, snapshot: Snapshot, account_id: str) -> NDArray[np.float32] | None:
    """Stored vectors in the snapshot's row order; zeros for accounts that have none."""
    import numpy as np

    from graph.queries.exports import list_vectors

    stored = {row["account_id"]: row["vector"] for row in list_vectors(store)}
    if account_id not in stored:
        return None
    silent = [0.0] * len(stored[account_id])
    return np.array([stored.get(each, silent) for each in snapshot.account_id], dtype=np.float32)


def _train_and_keep(workplace: Workplace, snapshot: Snapshot) -> NDArray[np.float32]:
    vectors = train_vectors(snapshot, workplace.read_settings().seed)
    with workplace.open_store(mode="write") as store:
        store.write_vectors(snapshot.account_id, vectors)
    return vectors


def train_vectors(snapshot: Snapshot, seed: int) -> NDArray[np.float32]:
    """Train the encoder on a snapshot and encode its accounts: (N, d), of unit length."""
    from embeddings.encoder.model import fit_encoder
    from embeddings.encoder.settings import EncoderSettings

    with show_progress() as progress:
        encoder = fit_encoder(snapshot, EncoderSettings(seed=seed), progress=progress)
        return encoder.encode(snapshot, progress=progress)


def encode_with(snapshot: Snapshot, path: Path) -> NDArray[np.float32]:
    """Encode a snapshot's accounts with an encoder from a file: (N, d), of unit length."""
    from embeddings.encoder.file import read_encoder

    with show_progress() as progress:
        return read_encoder(path).encoder.encode(snapshot, progress=progress)


def _find_alike(
    store: GraphStore,
    market: Compared,
    vectors: NDArray[np.float32],
    account_id: str,
    *,
    most: int,
    run_id: str | None,
) -> list[LikeAccount]:
    import numpy as np

    from embeddings.similar import explain_likeness, find_similar, say_reason
    from graph.queries.answers import LikeAccount
    from graph.queries.paths import find_neighbours
    from graph.queries.verdicts import find_verdicts

    snapshot, features = market.snapshot, market.features
    row = int(np.flatnonzero(snapshot.account_id == account_id)[0])
    near = find_similar(vectors, row, most)
    shares = {each.account_id: each.shares for each in find_neighbours(store, account_id, max_hub=MAX_SHARED)}
    ids = [str(snapshot.account_id[other]) for other in near.row]
    verdicts = find_verdicts(store, ids, run_id=run_id)
    return [
        LikeAccount(
            each,
            round(float(cosine), 6),
            verdicts[each].risk_score,
            verdicts[each].tier,
            (
                *(_say_share(share) for share in shares.get(each, ())),
                *(say_reason(reason) for reason in explain_likeness(features, row, int(other))),
            ),
            verdicts[each].probability,
        )
        for each, other, cosine in zip(ids, near.row, near.cosine, strict=True)
    ]


def _say_share(share: Share) -> str:
    return f"{share.channel} {share.name}"


COMMANDS: dict[str, click.Command] = {"similar": similar}
