from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("khidma", "0002_feed_seen_at")]
    operations = [
        migrations.AddField(
            model_name="receipt",
            name="key",
            field=models.CharField(default="", max_length=64, unique=True),
            preserve_default=False,
        ),
    ]
