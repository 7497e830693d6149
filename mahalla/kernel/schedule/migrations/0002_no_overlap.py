"""No worker's time is spent twice: exclusion constraints, without btree_gist (an int8 is a range of one).

The third element lets blocks lie over each other and nothing else: work has the range of everything, which meets
every range; a block has the range of its own id, which meets only that of work and its own.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("schedule", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            ALTER TABLE schedule_busy
                ADD CONSTRAINT busy_has_a_length CHECK (
                    NOT isempty(during) AND NOT lower_inf(during) AND NOT upper_inf(during)
                    AND lower_inc(during) AND NOT upper_inc(during)),
                ADD CONSTRAINT busy_never_overlaps EXCLUDE USING gist (
                    int8range(worker_id, worker_id, '[]') WITH &&,
                    during WITH &&,
                    int8range(block_id, block_id, '[]') WITH &&);
            CREATE INDEX busy_by_worker_and_end ON schedule_busy (worker_id, upper(during));
            """,
            """
            DROP INDEX busy_by_worker_and_end;
            ALTER TABLE schedule_busy
                DROP CONSTRAINT busy_never_overlaps,
                DROP CONSTRAINT busy_has_a_length;
            """,
        ),
        migrations.RunSQL(
            """
            ALTER TABLE schedule_weeklyhours ADD CONSTRAINT weekly_hours_never_overlap EXCLUDE USING gist (
                int8range(worker_id, worker_id, '[]') WITH &&,
                int4range(weekday * 1440 + start_min, weekday * 1440 + end_min) WITH &&);
            """,
            "ALTER TABLE schedule_weeklyhours DROP CONSTRAINT weekly_hours_never_overlap;",
        ),
    ]
