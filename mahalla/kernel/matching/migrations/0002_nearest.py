"""The two halves of the KNN index: those who can be offered work now, and the others."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("matching", "0001_initial")]

    operations = [
        migrations.RunSQL(
            """
            CREATE INDEX spot_at_live ON matching_spot USING gist (at) WHERE live;
            CREATE INDEX spot_at_resting ON matching_spot USING gist (at) WHERE NOT live;
            """,
            "DROP INDEX spot_at_live; DROP INDEX spot_at_resting;",
        )
    ]
