"""What is done to a ranking after its score, each control a small thing, always in the order of ``Stage``.

A control gets the ``Board`` and changes scores (before the sort) or the order (after it). Whatever it does to
somebody it writes down there with a reason, so that every place can be explained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from mahalla.kernel.matching.candidates import Candidates, Values, flag

FAVOURITE, FEATURED = flag("favourite"), flag("featured")


class Stage(IntEnum):
    """The fixed order (KH-MATCH-21)."""

    BOOST = 1
    EXPOSURE = 2
    DERANK = 3
    SORT = 4
    DIVERSITY = 5
    FAVOURITES = 6
    FEATURED = 7


class Adjustment(NamedTuple):
    """``before`` and ``after`` are scores up to the sort, places (from 1) after it."""

    stage: str
    control: str
    before: float
    after: float
    reasons: tuple[str, ...] = ()


@dataclass(slots=True)
class Board:
    """A ranking being made. ``order`` holds indexes into the candidates, first place first."""

    candidates: Candidates
    scores: NDArray[np.float64]
    order: list[int] = field(default_factory=list)
    by_score: list[int] = field(default_factory=list)
    notes: dict[int, list[Adjustment]] = field(default_factory=dict)

    def note(self, i: int, control: Control, before: float, after: float, *reasons: str) -> None:
        self.notes.setdefault(i, []).append(
            Adjustment(control.stage.name.lower(), control.name, float(before), float(after), reasons)
        )

    def rescore(
        self, control: Control, scores: NDArray[np.float64], reasons: Mapping[str, NDArray[Any]]
    ) -> None:
        """New scores, noted for whom they differ or a reason holds."""
        told = np.any([scores != self.scores, *reasons.values()], axis=0)
        for i in np.flatnonzero(told):
            why = [reason for reason, holds in reasons.items() if holds[i]]
            self.note(int(i), control, self.scores[i], scores[i], *why)
        self.scores = scores

    def reorder(self, control: Control, order: list[int], chosen: Mapping[int, str]) -> None:
        """A new order, noted for those who were ``chosen`` (with the reason) and moved or marked."""
        before = {i: place for place, i in enumerate(self.order, 1)}
        for place, i in enumerate(order, 1):
            if i in chosen:
                self.note(i, control, before[i], place, chosen[i])
        self.order = order


class Control(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def stage(self) -> Stage: ...
    def apply(self, board: Board) -> None: ...


@dataclass(frozen=True, slots=True)
class Boost:
    """Adds ``fn``'s value to the score (KH-MATCH-10)."""

    name: str
    fn: Values
    stage: ClassVar[Stage] = Stage.BOOST

    def apply(self, board: Board) -> None:
        board.rescore(self, board.scores + self.fn(board.candidates), {})


@dataclass(frozen=True, slots=True)
class Damp:
    """Multiplies the score by ``factor``, once, for whom any condition holds; the conditions' names are the reasons.

    ``stage`` is ``EXPOSURE`` (KH-MATCH-09) or ``DERANK`` (KH-MATCH-14).
    """

    name: str
    factor: float
    conditions: Mapping[str, Values]
    stage: Stage = Stage.DERANK

    def apply(self, board: Board) -> None:
        holds = {reason: np.asarray(fn(board.candidates), bool) for reason, fn in self.conditions.items()}
        anyone = np.any([np.zeros(len(board.candidates), bool), *holds.values()], axis=0)
        board.rescore(self, np.where(anyone, board.scores * self.factor, board.scores), holds)


@dataclass(frozen=True, slots=True)
class By:
    """One key of a sort: a column's name, or ``score``. Unknown values (NaN) come first in ``rising``, else last."""

    column: str
    rising: bool = False

    def key(self, board: Board) -> NDArray[Any]:
        if self.column == "score":
            # equal but for the last bits of a float is equal: else the ties below would never be asked
            return -np.round(board.scores, 9)
        values = board.candidates[self.column].astype(np.float64)
        return np.nan_to_num(values if self.rising else -values, nan=-np.inf if self.rising else np.inf)


@dataclass(frozen=True, slots=True)
class Sort:
    """By these keys in turn, then by id. ``Sort()`` is by score alone; a strict order of criteria is more keys."""

    keys: tuple[By, ...] = (By("score"),)
    name: str = "sort"
    stage: ClassVar[Stage] = Stage.SORT

    def apply(self, board: Board) -> None:
        keys = [board.candidates.ids, *(by.key(board) for by in reversed(self.keys))]
        board.order = [int(i) for i in np.lexsort(keys)]
        board.by_score = list(board.order)


@dataclass(frozen=True, slots=True)
class Rule:
    """The first places hold at least ``minimum`` of whom ``fn`` says yes to, where there are such."""

    name: str
    fn: Values
    minimum: int = 1


@dataclass(frozen=True, slots=True)
class Diversity:
    """Brings the best of a missing kind up to the last of the first ``top_n`` places (KH-MATCH-11).

    Who makes room is the lowest whom no rule needs there, and comes right after the first ``top_n``.
    """

    top_n: int
    rules: Sequence[Rule]
    name: str = "diversity"
    stage: ClassVar[Stage] = Stage.DIVERSITY

    def apply(self, board: Board) -> None:
        top, rest = board.order[: self.top_n], board.order[self.top_n :]
        kinds = {rule: np.asarray(rule.fn(board.candidates), bool) for rule in self.rules}
        chosen: dict[int, str] = {}
        for rule, kind in kinds.items():
            while sum(kind[i] for i in top) < rule.minimum:
                comer = next((i for i in rest if kind[i]), None)
                goer = next((i for i in reversed(top) if self._spare(i, top, kinds)), None)
                if comer is None or goer is None:
                    break
                top.remove(goer)
                rest.remove(comer)
                top.append(comer)
                rest.insert(0, goer)
                chosen[comer] = rule.name
        board.reorder(self, top + rest, chosen)

    @staticmethod
    def _spare(i: int, top: list[int], kinds: Mapping[Rule, NDArray[Any]]) -> bool:
        return all(not kind[i] or sum(kind[j] for j in top) > rule.minimum for rule, kind in kinds.items())


@dataclass(frozen=True, slots=True)
class Favourites:
    """Those whom ``fn`` says yes to come first, in the order of the sort (KH-MATCH-13)."""

    fn: Values = FAVOURITE
    name: str = "favourites"
    stage: ClassVar[Stage] = Stage.FAVOURITES

    def apply(self, board: Board) -> None:
        liked = np.asarray(self.fn(board.candidates), bool)
        first = [i for i in board.by_score if liked[i]]
        board.reorder(self, first + [i for i in board.order if not liked[i]], dict.fromkeys(first, self.name))


@dataclass(frozen=True, slots=True)
class Featured:
    """Paid places, for shown lists only: the best ``slots`` of ``fn`` stand from place ``place`` on, marked.

    Who stands higher on merit stays there, with the mark.
    """

    fn: Values = FEATURED
    place: int = 3
    slots: int = 1
    name: str = "featured"
    stage: ClassVar[Stage] = Stage.FEATURED

    def apply(self, board: Board) -> None:
        paid = np.asarray(self.fn(board.candidates), bool)
        order = list(board.order)
        chosen = [i for i in order if paid[i]][: self.slots]
        for offset, i in enumerate(chosen):
            target = self.place - 1 + offset
            if order.index(i) > target:
                order.remove(i)
                order.insert(target, i)
        board.reorder(self, order, dict.fromkeys(chosen, self.name))
