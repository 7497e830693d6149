"""How long it takes to find and rank workers when there are many.

    python -m benchmarks.match --workers 100000

Loads synthetic workers over one city into a database of its own on the server of ``DATABASE_URL`` (dropped at the
end, unless ``--keep``), then times, from random doors in the city:

- ``bare``: the one SQL query of ``matching.retrieve``, rows fetched;
- ``retrieve``: ``nearest`` with its exact distances;
- ``rank``: ``nearest``, six factors, all controls, every candidate's explanation, and the JSON that is stored.

Before that it compares some answers with those of trying everybody, and stops if one differs.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psycopg

CENTRE, SIDE_M, CATEGORIES, LIVE, LIMIT = (24.7136, 46.6753), 40_000.0, 20, 0.8, 100
RADIUS_M = 10_000


@contextmanager
def own_database(url: str, *, keep: bool) -> Iterator[str]:
    """An empty database beside the configured one."""
    name = f"mahalla_bench_{os.getpid()}"
    base, mark, query = url.partition("?")
    mine = f"{base.rsplit('/', 1)[0]}/{name}{mark}{query}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield mine
        finally:
            if keep:
                print(f"kept: {mine}")
            else:
                from django.db import connections

                connections.close_all()
                server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def city(workers: int, skills: int, dice: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
    """Half spread evenly over the box, half around forty quarters; each with some of the skills."""
    from mahalla.kernel.places import geo

    quarters = dice.uniform(-0.5, 0.5, (40, 2)) * SIDE_M
    crowd = quarters[dice.integers(0, 40, workers)] + dice.normal(0, 900, (workers, 2))
    spread = dice.uniform(-0.5, 0.5, (workers, 2)) * SIDE_M
    at = np.where(dice.random((workers, 1)) < 0.5, crowd, spread)
    lat = CENTRE[0] + at[:, 1] / geo.DEGREE_M
    lng = CENTRE[1] + at[:, 0] / geo.DEGREE_M / np.cos(np.radians(CENTRE[0]))
    worker = np.repeat(np.arange(1, workers + 1), skills)
    first = np.repeat(dice.integers(0, CATEGORIES, workers), skills)
    category = (first + np.tile(np.arange(skills), workers)) % CATEGORIES + 1
    return {
        "worker": worker,
        "category": category,
        "lat": np.repeat(lat, skills),
        "lng": np.repeat(lng, skills),
        "radius": np.repeat(dice.integers(5_000, 20_000, workers), skills),
        "live": np.repeat(dice.random(workers) < LIVE, skills),
    }


def load(people: dict[str, np.ndarray[Any, Any]]) -> None:
    from django.db import connection

    from mahalla.kernel.matching.spots import CATEGORY_SHIFT_M
    from mahalla.kernel.places import geo

    x, y = geo.mercator(people["lat"], people["lng"])
    x = x + people["category"] * CATEGORY_SHIFT_M
    columns = [people[name].tolist() for name in ("worker", "category", "lat", "lng", "radius", "live")]
    with connection.cursor() as cursor:
        # the workers themselves are not needed: the foreign keys are left unchecked for this load
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE indexname IN ('spot_at_live', 'spot_at_resting')"
        )
        indexes = [row[0] for row in cursor.fetchall()]
        cursor.execute("DROP INDEX spot_at_live, spot_at_resting")
        with cursor.copy(
            "COPY matching_spot (worker_id, category_id, lat, lng, radius_m, live, at) FROM STDIN"
        ) as copy:
            for *row, px, py in zip(*columns, x.tolist(), y.tolist(), strict=True):
                copy.write_row((*row, f"({px!r},{py!r})"))
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("ANALYZE matching_spot")


def doors(count: int, dice: np.random.Generator) -> list[tuple[int, float, float]]:
    from mahalla.kernel.places import geo

    off = dice.uniform(-0.45, 0.45, (count, 2)) * SIDE_M / geo.DEGREE_M
    return [
        (int(dice.integers(1, CATEGORIES + 1)), CENTRE[0] + float(north), CENTRE[1] + float(east))
        for north, east in off
    ]


def check(people: dict[str, np.ndarray[Any, Any]], asked: list[tuple[int, float, float]]) -> None:
    from mahalla.kernel.matching.retrieve import nearest
    from mahalla.kernel.places import geo

    for category, lat, lng in asked:
        mine = np.flatnonzero((people["category"] == category) & people["live"])
        distance = geo.distance_m(lat, lng, people["lat"][mine], people["lng"][mine])
        inside = distance <= np.minimum(people["radius"][mine], RADIUS_M)
        wanted = people["worker"][mine][inside][np.argsort(distance[inside], kind="stable")][:LIMIT]
        found = [near.worker_id for near in nearest(category, lat, lng, limit=LIMIT, radius_m=RADIUS_M)]
        if found != wanted.tolist():
            sys.exit(f"the index and trying everybody differ at {lat}, {lng} in category {category}")
    print(f"recall: {len(asked)} answers of {LIMIT} equal those of trying everybody")


def timed(
    name: str, asked: list[tuple[int, float, float]], do: Callable[[int, float, float], Any]
) -> tuple[float, float]:
    """p50 and p95 in milliseconds, after a warm-up over the first questions."""
    for question in asked[: len(asked) // 10]:
        do(*question)
    took = []
    for question in asked:
        start = time.perf_counter()
        do(*question)
        took.append((time.perf_counter() - start) * 1_000)
    p50, p95 = (float(value) for value in np.percentile(took, [50, 95]))
    print(f"{name:<9} p50 {p50:7.3f} ms   p95 {p95:7.3f} ms")
    return p50, p95


def bare(category: int, lat: float, lng: float) -> None:
    from django.db import connection

    from mahalla.kernel.matching.retrieve import SQL
    from mahalla.kernel.matching.spots import point

    x, y = point(category, lat, lng)
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(half="live"), (x, y, x, y, LIMIT + LIMIT // 8 + 16))
        cursor.fetchall()


def ranker(workers: int, dice: np.random.Generator) -> Callable[[int, float, float], Any]:
    """Retrieval, ranking and explanation; the facts of each worker stand ready in columns."""
    from mahalla.kernel.matching import controls, factors
    from mahalla.kernel.matching.candidates import Candidates, Factor, flag
    from mahalla.kernel.matching.rank import rank
    from mahalla.kernel.matching.retrieve import nearest

    facts = {
        "answered": (answered := dice.integers(0, 200, workers + 1)),
        "accepted": (answered * dice.random(workers + 1)).astype(int),
        "completed": (completed := dice.integers(0, 100, workers + 1)),
        "taken": completed + dice.integers(0, 10, workers + 1),
        "reputation": dice.uniform(3, 5, workers + 1),
        "price_minor": dice.integers(1_500, 6_000, workers + 1),
        "idle_days": dice.uniform(0, 30, workers + 1),
        "new": completed < 5,
        "favourite": dice.random(workers + 1) < 0.01,
    }
    parts = [
        Factor("distance", 0.20, lambda c: factors.distance_decay(c["distance_m"], scale_m=5_000)),
        Factor(
            "accept",
            0.20,
            lambda c: factors.smoothed_rate(c["accepted"], c["answered"], prior=0.5, strength=5),
        ),
        Factor(
            "complete",
            0.20,
            lambda c: factors.smoothed_rate(c["completed"], c["taken"], prior=0.9, strength=5),
        ),
        Factor("rating", 0.25, lambda c: factors.rating_factor(c["reputation"])),
        Factor("price", 0.10, lambda c: factors.price_competitiveness(c["price_minor"], 3_000)),
        Factor("activity", 0.05, lambda c: factors.recency(c["idle_days"], days=14)),
    ]
    steps = (
        controls.Boost(
            "newcomer", lambda c: factors.newcomer_boost(c["completed"], c["new"], boost=0.1, tasks=5)
        ),
        controls.Damp("derank", 0.7, {"low_reputation": lambda c: c["reputation"] < 3.2}),
        controls.Sort(),
        controls.Diversity(5, [controls.Rule("new", flag("new"))]),
        controls.Favourites(),
    )

    def whole(category: int, lat: float, lng: float) -> None:
        near = nearest(category, lat, lng, limit=LIMIT, radius_m=RADIUS_M)
        ids = np.array([found.worker_id for found in near])
        columns = {name: values[ids] for name, values in facts.items()}
        candidates = Candidates.of(ids, distance_m=[found.distance_m for found in near], **columns)
        ranking = rank(candidates, parts, steps, version="bench")
        ranking.explanations()
        ranking.to_json()

    return whole


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--workers", type=int, default=10_000, help="10,000 to 1,000,000")
    options.add_argument("--skills", type=int, default=1, help="categories of each worker")
    options.add_argument("--questions", type=int, default=1_000)
    options.add_argument("--keep", action="store_true", help="leave the database")
    given = options.parse_args()
    dice = np.random.default_rng(7)
    with own_database(os.environ["DATABASE_URL"], keep=given.keep) as mine:
        os.environ["DATABASE_URL"] = mine
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mahalla.project.settings")
        import django

        django.setup()
        from django.core.management import call_command
        from django.db import connection

        from mahalla.kernel.matching.retrieve import nearest

        call_command("migrate", verbosity=0)
        people = city(given.workers, given.skills, dice)
        start = time.perf_counter()
        load(people)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_total_relation_size('matching_spot') / 1e6")
            size = cursor.fetchone()[0]
        print(f"{len(people['worker']):,} spots of {given.workers:,} workers, {size:.0f} MB,"
              f" loaded in {time.perf_counter() - start:.0f} s")  # fmt: skip
        asked = doors(given.questions, dice)
        check(people, asked[:20])
        query, _ = timed("bare", asked, bare)
        timed("retrieve", asked, lambda c, lat, lng: nearest(c, lat, lng, limit=LIMIT, radius_m=RADIUS_M))
        whole, _ = timed("rank", asked, ranker(given.workers, dice))
        print(f"rank ÷ bare: {whole / query:.1f}")


if __name__ == "__main__":
    main()
