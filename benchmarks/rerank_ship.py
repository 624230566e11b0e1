"""Whether the judge of rings that is shipped is what the lists teach that `rerank.py` keeps of the three worlds.

.venv/bin/python benchmarks/rerank_ship.py --keep FOLDER --write
"""

from __future__ import annotations

import argparse
from pathlib import Path

from rerank import KEEP, gather_lists, gather_taught

from detection.evaluation.worlds import WORLDS
from detection.order.learn import learn_order
from detection.order.model import SHIPPED, write_order_model
from detection.order.rank import PERSONAL, PLACE, PRAISES, TRADES

NEEDS = (PERSONAL, PLACE, TRADES, PRAISES)
"""What every market of the worlds has."""
PLACE_OF_IT = Path(__file__).parents[1] / "detection" / "order" / SHIPPED


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--keep", type=Path, default=KEEP)
    parser.add_argument("--write", action="store_true", help="replace the one that is shipped")
    asked = parser.parse_args()
    lists = gather_lists(range(1, asked.seeds + 1), asked.accounts, 1, asked.keep)
    taught = gather_taught([each for each in lists if each.generator in WORLDS])
    learnt = write_order_model(learn_order(taught, NEEDS))
    print("the same" if PLACE_OF_IT.read_bytes() == learnt else "another one")
    if asked.write:
        PLACE_OF_IT.write_bytes(learnt)


if __name__ == "__main__":
    main()
