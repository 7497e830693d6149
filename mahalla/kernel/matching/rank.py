"""The ranking: weighted factors, then controls in their fixed order, with an explanation for every candidate."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mahalla.kernel.matching.candidates import Candidates, Factor
from mahalla.kernel.matching.controls import Adjustment, Board, By, Control, Sort, Stage

log = logging.getLogger(__name__)
FALLBACK = "fallback"
DIGITS = 6


class Share(NamedTuple):
    """One factor's part in somebody's score."""

    name: str
    value: float
    weight: float
    contribution: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why somebody stands where they stand. ``place`` is from 1; ``score`` after, ``base`` before the controls."""

    worker_id: int
    place: int
    base: float
    score: float
    factors: tuple[Share, ...]
    adjustments: tuple[Adjustment, ...]
    inputs: Mapping[str, float]

    @property
    def reasons(self) -> tuple[str, ...]:
        return tuple(reason for adjustment in self.adjustments for reason in adjustment.reasons)


@dataclass(frozen=True, slots=True)
class Ranking:
    """Columns by candidate, and the order. ``fallback``: the scorer failed, and this is by distance and rating."""

    version: str
    candidates: Candidates
    weights: Mapping[str, float]
    values: Mapping[str, NDArray[np.float64]]
    base: NDArray[np.float64]
    scores: NDArray[np.float64]
    order: tuple[int, ...]
    notes: Mapping[int, Sequence[Adjustment]]
    fallback: bool = False

    @property
    def worker_ids(self) -> list[int]:
        """The workers, first place first."""
        return [int(self.candidates.ids[i]) for i in self.order]

    def explain(self, worker_id: int) -> Explanation:
        """Raises ``LookupError`` for somebody who was not ranked."""
        for place, i in enumerate(self.order, 1):
            if self.candidates.ids[i] == worker_id:
                return self._explain([(place, i)])[0]
        raise LookupError(worker_id)

    def explanations(self) -> list[Explanation]:
        """Everybody's, first place first."""
        return self._explain(list(enumerate(self.order, 1)))

    def _explain(self, places: list[tuple[int, int]]) -> list[Explanation]:
        shares = [(name, self.weights[name], values.tolist()) for name, values in self.values.items()]
        inputs = [(name, values.tolist()) for name, values in self.candidates.columns.items()]
        base, scores, ids = self.base.tolist(), self.scores.tolist(), self.candidates.ids.tolist()
        return [
            Explanation(
                worker_id=ids[i],
                place=place,
                base=base[i],
                score=scores[i],
                factors=tuple(Share(name, v[i], weight, v[i] * weight) for name, weight, v in shares),
                adjustments=tuple(self.notes.get(i, ())),
                inputs={name: values[i] for name, values in inputs},
            )
            for place, i in places
        ]

    def to_json(self) -> dict[str, Any]:
        """Everything, by columns: what was known, what each factor made of it, what the controls did, the order."""
        return {
            "version": self.version,
            "fallback": self.fallback,
            "ids": self.candidates.ids.tolist(),
            "inputs": {name: _plain(values) for name, values in self.candidates.columns.items()},
            "weights": dict(self.weights),
            "factors": {name: _plain(values) for name, values in self.values.items()},
            "base": _plain(self.base),
            "scores": _plain(self.scores),
            "order": list(self.order),
            "adjustments": {str(i): [note._asdict() for note in notes] for i, notes in self.notes.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Ranking:
        """A stored ranking, explained as on the day it was made."""
        notes = {
            int(i): [Adjustment(**{**note, "reasons": tuple(note["reasons"])}) for note in kept]
            for i, kept in data["adjustments"].items()
        }
        return cls(
            version=data["version"],
            candidates=Candidates.of(data["ids"], **data["inputs"]),
            weights=data["weights"],
            values={name: np.array(values, dtype=np.float64) for name, values in data["factors"].items()},
            base=np.array(data["base"], dtype=np.float64),
            scores=np.array(data["scores"], dtype=np.float64),
            order=tuple(data["order"]),
            notes=notes,
            fallback=data["fallback"],
        )


def rank(
    candidates: Candidates,
    factors: Sequence[Factor],
    controls: Sequence[Control] = (Sort(),),
    *,
    version: str,
) -> Ranking:
    """Score by the factors, then apply the controls.

    Raises ``ValueError`` when the controls are not in the order of ``Stage`` with exactly one sort, or when a factor
    gives something else than one value in 0…1 a candidate.
    """
    stages = [control.stage for control in controls]
    if stages != sorted(stages) or stages.count(Stage.SORT) != 1:
        raise ValueError(f"controls come in the order of Stage, with one sort: {[s.name for s in stages]}")
    values = {factor.name: _value(factor, candidates) for factor in factors}
    base = np.zeros(len(candidates))
    for factor in factors:
        base = base + factor.weight * values[factor.name]
    board = Board(candidates, base)
    for control in controls:
        control.apply(board)
    weights = {factor.name: factor.weight for factor in factors}
    return Ranking(version, candidates, weights, values, base, board.scores, tuple(board.order), board.notes)


def rank_or_fall_back(
    candidates: Candidates,
    factors: Sequence[Factor],
    controls: Sequence[Control] = (Sort(),),
    *,
    version: str,
    distance: str = "distance_m",
    rating: str = "rating",
) -> Ranking:
    """``rank``; where that fails, the same candidates by distance and then rating, marked (KH-OPS-07).

    The failure is logged with its trace and is for the market to put before operations.
    """
    try:
        return rank(candidates, factors, controls, version=version)
    except Exception:
        log.exception("ranking %s failed; falling back to distance and rating", version)
    return fall_back(candidates, version=version, distance=distance, rating=rating)


def fall_back(
    candidates: Candidates, *, version: str, distance: str = "distance_m", rating: str = "rating"
) -> Ranking:
    """By distance and then rating, as far as these are known, without a score, marked ``fallback`` (KH-OPS-07)."""
    keys = [
        By(name, rising) for name, rising in ((distance, True), (rating, False)) if name in candidates.columns
    ]
    board = Board(candidates, np.zeros(len(candidates)))
    Sort(tuple(keys)).apply(board)
    zeros = board.scores
    return Ranking(version, candidates, {}, {}, zeros, zeros, tuple(board.order), {}, fallback=True)


def _value(factor: Factor, candidates: Candidates) -> NDArray[np.float64]:
    values = np.asarray(factor.fn(candidates), dtype=np.float64)
    if values.shape != (len(candidates),) or not np.all((values >= 0) & (values <= 1)):
        raise ValueError(f"factor {factor.name!r} gives one value in 0…1 a candidate")
    return values


def _plain(values: NDArray[Any]) -> list[Any]:
    """JSON numbers; NaN, which JSON has not, is null."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    plain = np.round(values, DIGITS).tolist()
    return [None if value != value else value for value in plain] if np.isnan(values).any() else list(plain)
