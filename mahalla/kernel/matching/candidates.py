"""Who is ranked, and by what: the columns of facts and the weighted factors made of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Candidates:
    """``ids[i]`` has the facts ``columns[name][i]``. All facts are numbers or booleans."""

    ids: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, ids: ArrayLike, **columns: ArrayLike | Sequence[float | None] | None) -> Candidates:
        """From lists; a scalar stands for everybody, None for "not known". Raises ``ValueError`` on a length."""
        whom = np.asarray(ids, dtype=np.int64)
        made = {}
        for name, values in columns.items():
            given = np.asarray(values)
            if given.dtype == object:
                given = given.astype(np.float64)
            made[name] = np.broadcast_to(given, whom.shape)
        return cls(whom, made)

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def where(self, name: str) -> NDArray[np.bool_]:
        """The column as yes and no; nobody where there is no such column."""
        if name not in self.columns:
            return np.zeros(len(self), dtype=bool)
        return self.columns[name].astype(bool)


Values = Callable[[Candidates], NDArray[Any]]


def flag(name: str) -> Values:
    """The boolean column ``name`` as a function of the candidates."""
    return lambda candidates: candidates.where(name)


@dataclass(frozen=True, slots=True)
class Factor:
    """One named part of the score: ``weight`` times ``fn``'s value in 0…1. ``fn`` may be a trained model."""

    name: str
    weight: float
    fn: Values
