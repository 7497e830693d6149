"""How long a client waits for the ranked list of Khidma when there are many Taskers.

    python -m benchmarks.khidma_list --workers 100000

Loads Taskers as they really are (accounts, checks, profiles, rates, payout methods, counters, weekly hours, taken time,
skills, past offers, reviews and spots) over one city into a database of its own on the server of ``DATABASE_URL``
(dropped at the end, unless ``--keep``), then times, for tasks at random doors:

- ``bare``: the one SQL query that finds the nearest, rows fetched;
- ``filters``: ``ranking.pool``: everybody who passes every hard filter, with start and price;
- ``list``: ``ranking.run``: filters, facts, six factors, controls, and the stored run that explains each place.

One Tasker is made through the operations and copied by the row, so that the copies are what the code expects.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import numpy as np

from benchmarks.match import CENTRE, SIDE_M, own_database

CATEGORIES = 20


def copies(model: Any, template: Any, count: str = "people p", **columns: str) -> None:
    """A copy of the template's row for each person; ``columns`` are SQL expressions over ``p`` and the row ``t``."""
    from django.db import connection

    key = model._meta.pk
    own = [f.column for f in model._meta.concrete_fields if f is not key or f.column in columns]
    values = ", ".join(columns.get(column, f't."{column}"') for column in own)
    names = ", ".join(f'"{column}"' for column in own)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {model._meta.db_table} ({names}) SELECT {values} "
            f"FROM {model._meta.db_table} t, {count} WHERE t.{key.column} = %s",
            [template.pk],
        )


def people(workers: int, categories: list[int]) -> None:
    """Half spread evenly over the box, half around forty quarters; one kind of work each."""
    from django.db import connection

    from mahalla.kernel.places import geo

    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.7)")
        cursor.execute(
            """
            CREATE TABLE people AS
            WITH quarters AS MATERIALIZED (
                SELECT q, random() - 0.5 AS x, random() - 0.5 AS y FROM generate_series(0, 39) q),
            spread AS (
                SELECT n, random() AS a, random() AS b, random() AS c, random() AS d, random() < 0.5 AS crowd,
                       (random() * 39)::int AS q
                FROM generate_series(1, %(n)s) n)
            SELECT n + 1000000 AS id, n, a, b, c, d, (%(categories)s::bigint[])[1 + n %% %(kinds)s] AS category,
                   %(lat)s + (CASE WHEN crowd THEN y * %(side)s + (a - 0.5) * 4000 ELSE (b - 0.5) * %(side)s END)
                       / %(degree)s AS lat,
                   %(lng)s + (CASE WHEN crowd THEN x * %(side)s + (c - 0.5) * 4000 ELSE (d - 0.5) * %(side)s END)
                       / (%(degree)s * cos(radians(%(lat)s))) AS lng
            FROM spread JOIN quarters USING (q)
            """,
            {
                "n": workers,
                "categories": categories,
                "kinds": len(categories),
                "lat": CENTRE[0],
                "lng": CENTRE[1],
                "side": SIDE_M,
                "degree": geo.DEGREE_M,
            },
        )


def load(workers: int) -> tuple[Any, list[Any]]:
    """Everything a list reads. Returns a posted request and the categories."""
    from django.db import connection, transaction

    from mahalla.kernel.identity.models import User
    from mahalla.kernel.matching.models import Spot
    from mahalla.kernel.matching.spots import CATEGORY_SHIFT_M
    from mahalla.kernel.payments.models import PayoutMethod
    from mahalla.kernel.places import geo
    from mahalla.kernel.reviews.models import Review
    from mahalla.kernel.schedule.models import Busy, WeeklyHours, WorkerCalendar
    from mahalla.kernel.trust.models import Verification
    from mahalla.kernel.work.models import Offer
    from mahalla.markets.khidma.models import Rate, TaskerProfile, TaskerSkill, TaskerStats
    from tests.khidma import builders as b

    categories = [b.category(f"work_{n}") for n in range(CATEGORIES)]
    client = b.client()
    sara = b.tasker("Sara", skills=("ironing",), category_=categories[0], km=3)
    with transaction.atomic():
        job = b.completed(client, sara, category=categories[0])
        b.step(job, "review", b.client_of(client), b.at(2, "18:00"), stars=5)
    people(workers, [category.pk for category in categories])
    x = f"{geo.EARTH_M} * radians(p.lng) + p.category * {CATEGORY_SHIFT_M}"
    y = f"{geo.EARTH_M} * ln(tan(pi() / 4 + radians(p.lat) / 2))"
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    worker = {"worker_id": "p.id"}
    copies(User, sara, id="p.id", phone="'+9667' || lpad(p.n::text, 8, '0')", name="'Tasker ' || p.n")
    profile = TaskerProfile.objects.get(user=sara)
    copies(
        TaskerProfile,
        profile,
        id="p.id",
        user_id="p.id",
        lat="p.lat",
        lng="p.lng",
        radius_km="5 + mod(p.n, 15)",
    )
    copies(TaskerSkill, profile.skills.get(), profile_id="p.id")
    for check in Verification.objects.filter(user=sara):
        copies(Verification, check, user_id="p.id")
    rate = "1500 + (p.a * 4000)::int"
    copies(Rate, sara.rates.get(), **worker, category_id="p.category", hourly_minor=rate)
    copies(PayoutMethod, PayoutMethod.objects.get(user=sara), user_id="p.id")
    counts = {"accepted": "(p.a * 100)::int", "declined": "(p.b * 40)::int", "completed": "(p.a * 90)::int"}
    copies(TaskerStats, sara.tasker_stats, **worker, **counts)
    copies(WorkerCalendar, WorkerCalendar.objects.get(worker=sara), worker_id="p.id")
    first = WeeklyHours.objects.filter(worker=sara).first()
    copies(WeeklyHours, first, "people p, generate_series(0, 6) AS day", **worker, weekday="day")
    some = "(SELECT * FROM people WHERE mod(n, 3) = 0) p"
    copies(Busy, Busy.objects.get(worker=sara), some, **worker, reference="'offer:' || p.id")
    for number in range(3):
        copies(Offer, Offer.objects.get(worker=sara), **worker, state="'declined'", phase="'closed'")
        copies(Review, Review.objects.get(subject=sara), subject_id="p.id", job_id=f"p.id * 10 + {number}")
    spot = Spot.objects.get(worker=sara)
    copies(Spot, spot, **worker, category_id="p.category", lat="p.lat", lng="p.lng", at=f"point({x}, {y})",
           radius_m="5000 + mod(p.n, 15) * 1000", live="mod(p.n, 5) > 0")  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return b.posted(b.client("Lina"), category=categories[0]), categories


def tasks(template: Any, categories: list[Any], count: int, dice: np.random.Generator) -> list[Any]:
    """Posted tasks at random doors, half of them for an hour in which a third of all Taskers is at work."""
    from copy import copy

    from mahalla.kernel.places import geo
    from mahalla.kernel.work.models import Request

    made = []
    for number in range(count):
        one = copy(template)
        one.pk, one._state = None, copy(template._state)
        one._state.adding = True
        north, east = dice.uniform(-0.45, 0.45, 2) * SIDE_M / geo.DEGREE_M
        one.lat, one.lng = CENTRE[0] + float(north), CENTRE[1] + float(east)
        one.category = categories[int(dice.integers(len(categories)))]
        one.window_start += timedelta(days=number % 2)
        one.window_end += timedelta(days=number % 2)
        made.append(one)
    Request.objects.bulk_create(made, batch_size=500)
    return made


def timed(name: str, asked: list[Any], do: Callable[[Any], Any]) -> float:
    """p50 and p95 in milliseconds, after a warm-up over the first questions; and this process's own part."""
    for question in asked[: len(asked) // 10]:
        do(question)
    took, own = [], []
    for question in asked:
        start, spent = time.perf_counter(), time.process_time()
        do(question)
        took.append((time.perf_counter() - start) * 1_000)
        own.append((time.process_time() - spent) * 1_000)
    p50, p95 = (float(value) for value in np.percentile(took, [50, 95]))
    print(f"{name:<9} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   of which Python {np.median(own):6.2f} ms")
    return p50


def bare(request: Any) -> None:
    from django.db import connection

    from mahalla.kernel.matching.retrieve import SQL
    from mahalla.kernel.matching.spots import point
    from mahalla.markets.khidma.candidates import WIDTHS

    x, y = point(request.category_id, request.lat, request.lng)
    with connection.cursor() as cursor:
        cursor.execute(SQL.format(half="live"), (x, y, x, y, WIDTHS[0] + WIDTHS[0] // 8 + 16))
        cursor.fetchall()


def measure(given: argparse.Namespace) -> None:
    from django.core.management import call_command
    from django.db import connection, transaction
    from django.test.utils import CaptureQueriesContext

    from mahalla.markets.khidma import ranking
    from tests.khidma import builders as b

    call_command("migrate", verbosity=0)
    start = time.perf_counter()
    template, categories = load(given.workers)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()) / 1e6")
        size = cursor.fetchone()[0]
    print(f"{given.workers:,} Taskers, {size:,.0f} MB, loaded in {time.perf_counter() - start:.0f} s")
    asked = tasks(template, categories, given.questions, np.random.default_rng(7))

    def whole(request: Any) -> Any:
        with transaction.atomic():
            return ranking.run(request, now=b.EVENING, shown=True)

    query = timed("bare", asked, bare)
    timed("filters", asked, lambda request: ranking.pool(request, now=b.EVENING))
    complete = timed("list", asked, whole)
    sizes = [len(ranking.pool(request, now=b.EVENING).ids) for request in asked[:50]]
    with CaptureQueriesContext(connection) as seen:
        whole(asked[0])
    words = [q["sql"] for q in seen.captured_queries]
    spoken = [sql for sql in words if not sql.startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))]
    print(f"{len(spoken)} queries a list of {min(sizes)} to {max(sizes)} (median {int(np.median(sizes))}) Taskers;"
          f" list ÷ bare: {complete / query:.1f}")  # fmt: skip
    if given.verbose:
        for q in seen.captured_queries:
            print(f"  {float(q['time']) * 1000:6.1f} ms  {' '.join(q['sql'].split())[:140]}")
    if given.profile:
        import cProfile
        import pstats

        profile = cProfile.Profile()
        profile.enable()
        for request in asked[:50]:
            whole(request)
        profile.disable()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--workers", type=int, default=10_000, help="10,000 to 1,000,000")
    options.add_argument("--questions", type=int, default=300)
    options.add_argument("--keep", action="store_true", help="leave the database")
    options.add_argument("--verbose", action="store_true", help="say each query of one list")
    options.add_argument("--profile", action="store_true", help="where the time of fifty lists goes")
    given = options.parse_args()
    with own_database(os.environ["DATABASE_URL"], keep=given.keep) as mine:
        os.environ["DATABASE_URL"] = mine
        os.environ["MAHALLA_MARKET"] = "khidma"
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mahalla.project.settings")
        import django

        django.setup()
        measure(given)


if __name__ == "__main__":
    main()
