from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]
    operations = [sql.run("0002_append_only")]
