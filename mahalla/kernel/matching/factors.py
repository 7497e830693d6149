"""Standard factors: columns of numbers in, 0…1 out. A market names them, weighs them and may bring its own.

All work on numpy columns of one value a candidate. A value that is not known is NaN; each says what it makes of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def column(values: ArrayLike) -> Floats:
    return np.asarray(values, dtype=np.float64)


def distance_decay(distance_m: ArrayLike, *, scale_m: float) -> Floats:
    """exp(-distance / scale): 1 at the door, 0.3679 at the scale (KH-MATCH-04). Unknown distance (remote) is 1."""
    return np.exp(-np.nan_to_num(column(distance_m), nan=0.0) / scale_m)


def smoothed_rate(hits: ArrayLike, tries: ArrayLike, *, prior: float, strength: float) -> Floats:
    """(hits + strength·prior) ÷ (tries + strength): a rate that few tries move little (KH-MATCH-05)."""
    return (column(hits) + strength * prior) / (column(tries) + strength)


def reputation(weighted_stars: ArrayLike, weights: ArrayLike, *, prior: float, strength: float) -> Floats:
    """Bayesian mean of stars, from the sum of weight·stars and the sum of weights (KH-MATCH-06)."""
    return smoothed_rate(weighted_stars, weights, prior=prior, strength=strength)


def rating_factor(stars: ArrayLike, *, low: float = 1.0, high: float = 5.0) -> Floats:
    """Stars on 0…1 (KH-MATCH-06)."""
    return np.clip((column(stars) - low) / (high - low), 0.0, 1.0)


def price_competitiveness(price_minor: ArrayLike, median_minor: ArrayLike) -> Floats:
    """clamp(1.5 - price ÷ median, 0, 1) (KH-MATCH-07); without a median everybody stands at it, 0.5.

    The prices are read, never computed with: what comes out is a place in a list.
    """
    price, median = column(price_minor), column(median_minor)
    known = np.isfinite(median) & (median > 0)
    share = np.divide(price, median, out=np.ones(np.broadcast_shapes(price.shape, median.shape)), where=known)
    return np.clip(1.5 - share, 0.0, 1.0)


def recency(days_since: ArrayLike, *, days: float) -> Floats:
    """1 for today down to 0 after ``days`` (KH-MATCH-08); never active (NaN) is 0."""
    return np.nan_to_num(np.clip(1.0 - column(days_since) / days, 0.0, 1.0), nan=0.0)


def stepped(values: ArrayLike, steps: Sequence[tuple[float, float]], *, beyond: float = 0.0) -> Floats:
    """The factor of the first step ``(up_to, factor)`` that holds the value, ``up_to`` included."""
    given = column(values)
    return np.select([given <= up_to for up_to, _ in steps], [factor for _, factor in steps], beyond)


def newcomer_boost(completed: ArrayLike, is_new: ArrayLike, *, boost: float, tasks: int) -> Floats:
    """boost × (1 - completed ÷ tasks) for who is new, 0 for others (KH-MATCH-10)."""
    fading = boost * np.clip(1.0 - column(completed) / tasks, 0.0, 1.0)
    return np.where(np.asarray(is_new, dtype=bool), fading, 0.0)
