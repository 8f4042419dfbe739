from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("redemption", "0001_initial"), ("ledger", "0004_post")]
    operations = [
        migrations.RunSQL(
            sql=(SQL / "0002_redeem.sql").read_text(),
            reverse_sql=(SQL / "0002_redeem.reverse.sql").read_text(),
        )
    ]
