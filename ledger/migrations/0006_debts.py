from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_holds")]
    operations = [sql.run("0006_debts")]
