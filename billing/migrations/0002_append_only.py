"""What was published and what was decided is never edited: the database refuses."""

from django.db import migrations

TABLES = {
    "published_rate": "billing_publishedrate",
    "transfer_decision": "billing_transferdecision",
}
GUARD = (
    "create trigger {name}_is_append_only before update or delete on {table}"
    " for each row execute function ledger_refuse_change()"
)
UNGUARD = "drop trigger {name}_is_append_only on {table}"


class Migration(migrations.Migration):
    dependencies = [("billing", "0001_initial"), ("ledger", "0002_append_only")]
    operations = [
        migrations.RunSQL(GUARD.format(name=name, table=table), UNGUARD.format(name=name, table=table))
        for name, table in TABLES.items()
    ]
