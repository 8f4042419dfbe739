from django.db import migrations

from ledger.migrations import sql


class Migration(migrations.Migration):
    dependencies = [("ledger", "0004_post")]
    operations = [sql.run("0005_holds")]
