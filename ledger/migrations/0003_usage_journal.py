from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_append_only")]
    operations = [sql.run("0003_usage_journal")]
