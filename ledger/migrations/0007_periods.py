from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0006_debts")]
    operations = [sql.run("0007_periods")]
