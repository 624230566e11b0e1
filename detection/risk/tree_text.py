"""LightGBM's text of trees, read strictly: its own reader takes what it is given, and ends the process over some of it.

Only what :func:`detection.risk.trees.grow_trees` writes is let through: binary log-odds, numbers, no categories, no
linear leaves, and each tree really one.  What follows the trees (importances, parameters) is not handed on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from graph.model import Floats, Ints

MOST_TREES, MOST_LEAVES = 10_000, 4_096
_END = "\nend of trees\n"
_HEAD = {
    "version": r"v[34]",
    "num_class": "1",
    "num_tree_per_iteration": "1",
    "label_index": "0",
    "max_feature_idx": r"\d+",
    "objective": r"binary sigmoid:1",
    "feature_names": r"c\d+( c\d+)*",
    "feature_infos": r"(none|\[\S+\])( (none|\[\S+\]))*",
    "tree_sizes": r"\d+( \d+)*",
}
_OF_SPLITS = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_OF_SPLITS_MORE = ("internal_value", "internal_weight", "internal_count")
_OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
_SINGLE = ("num_leaves", "num_cat", "is_linear", "shrinkage")
_CATEGORICAL = 1  # the bit of a decision type


def cut_trees(text: str, n_columns: int) -> str:
    """The part of a model's text that LightGBM needs, checked.

    Parameters
    ----------
    text
        LightGBM's text.
    n_columns
        How many columns it may ask for.

    Raises
    ------
    ValueError
        If it is anything else than what was written; says what.
    """
    body, found, _ = text.partition(_END)
    start = body.find("\n\nTree=0\n") + 2
    if not found or not text.isascii() or start < 2:
        raise ValueError("no trees")
    head = _read_pairs(body[:start], first="tree")
    _check_head(head, n_columns)
    place = start
    sizes = [int(size) for size in head["tree_sizes"].split()]
    if not 0 < len(sizes) <= MOST_TREES:
        raise ValueError("the number of trees")
    for number, size in enumerate(sizes):
        _check_tree(_read_pairs(f"{body}\n"[place : place + size], first=f"Tree={number}"), n_columns)
        place += size
    if place != len(body) + 1:
        raise ValueError("tree_sizes")
    return body + _END


def _read_pairs(text: str, *, first: str) -> dict[str, str]:
    lines = text.rstrip("\n").split("\n")
    pairs = dict(line.split("=", 1) for line in lines[1:] if "=" in line)
    if lines[0] != first or len(pairs) != len(lines) - 1:
        raise ValueError(first)
    return pairs


def _check_head(head: Mapping[str, str], n_columns: int) -> None:
    if head.keys() != _HEAD.keys():
        raise ValueError("the head")
    for name, pattern in _HEAD.items():
        if not re.fullmatch(pattern, head[name]):
            raise ValueError(name)
    names = [f"c{place}" for place in range(n_columns)]
    if head["feature_names"].split() != names or int(head["max_feature_idx"]) != n_columns - 1:
        raise ValueError("feature_names")
    if len(head["feature_infos"].split()) != n_columns:
        raise ValueError("feature_infos")


def _check_tree(tree: Mapping[str, str], n_columns: int) -> None:
    if tree.keys() - {*_OF_SPLITS, *_OF_SPLITS_MORE, *_OF_LEAVES, *_SINGLE}:
        raise ValueError("what a tree says")
    n_leaves = _read_whole(tree, "num_leaves", 1)[0]
    if not 1 <= n_leaves <= MOST_LEAVES or tree["num_cat"] != "0" or tree.get("is_linear", "0") != "0":
        raise ValueError("a tree's kind")
    for name in (*_OF_SPLITS_MORE, "split_gain"):
        _read_figures(tree, name, n_leaves - 1)
    # What is missing is split off at infinity.
    _read_figures(tree, "threshold", n_leaves - 1, finite=False)
    _read_figures(tree, "leaf_value", n_leaves)
    _read_figures(tree, "shrinkage", 1)
    if n_leaves > 1:  # a tree of one leaf says no more of it
        _read_figures(tree, "leaf_weight", n_leaves)
        _read_figures(tree, "leaf_count", n_leaves)
        _check_splits(tree, n_leaves, n_columns)


def _check_splits(tree: Mapping[str, str], n_leaves: int, n_columns: int) -> None:
    names = ("split_feature", "decision_type", "left_child", "right_child")
    feature, kind, left, right = (_read_whole(tree, name, n_leaves - 1) for name in names)
    if feature.min() < 0 or feature.max() >= n_columns:
        raise ValueError("split_feature")
    if kind.min() < 0 or kind.max() > 15 or (kind & _CATEGORICAL).any():
        raise ValueError("decision_type")
    # Every split but the first and every leaf has one parent, which comes before it: then there is no circle.
    children = np.concatenate([left, right])
    parents = np.tile(np.arange(n_leaves - 1), 2)
    if not np.array_equal(np.sort(children), [*range(-n_leaves, 0), *range(1, n_leaves - 1)]):
        raise ValueError("children")
    if (children[children > 0] <= parents[children > 0]).any():
        raise ValueError("children")


def _read_figures(tree: Mapping[str, str], name: str, length: int, *, finite: bool = True) -> Floats:
    figures = np.array(tree[name].split(), dtype=np.float64)
    if len(figures) != length or (finite and not np.isfinite(figures).all()):
        raise ValueError(name)
    return figures


def _read_whole(tree: Mapping[str, str], name: str, length: int) -> Ints:
    whole = np.array(tree[name].split(), dtype=np.int64)
    if len(whole) != length:
        raise ValueError(name)
    return whole
