from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_usage_journal")]
    operations = [sql.run("0004_post")]
