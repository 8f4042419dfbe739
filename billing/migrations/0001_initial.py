import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("redemption", "0002_redeem"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("reference", models.CharField(max_length=32, unique=True, verbose_name="reference")),
                ("number_hash", models.BinaryField(max_length=32, unique=True)),
                ("number_pepper_version", models.PositiveSmallIntegerField(editable=False)),
                ("sealed_number", models.BinaryField()),
                ("email", models.EmailField(max_length=254, verbose_name="e-mail address")),
                ("language", models.CharField(default="en", max_length=12, verbose_name="language")),
                ("was_guest", models.BooleanField(verbose_name="bought as a guest")),
                (
                    "kind",
                    models.CharField(
                        choices=[("package", "package"), ("credit", "credit"), ("agent", "agent top-up")],
                        default="package",
                        max_length=8,
                        verbose_name="kind",
                    ),
                ),
                ("title", models.CharField(max_length=60, verbose_name="sold as")),
                ("title_zh", models.CharField(max_length=60, verbose_name="sold as, in Chinese")),
                ("tokens", models.PositiveBigIntegerField(default=0, verbose_name="tokens advertised")),
                ("credit_nano_usd", models.BigIntegerField(verbose_name="credit")),
                (
                    "delivery",
                    models.CharField(
                        choices=[
                            ("auto", "wallet or key"),
                            ("code", "redemption code"),
                            ("manual", "by hand"),
                        ],
                        max_length=6,
                        verbose_name="delivery",
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("creem", "Creem"),
                            ("nowpayments", "NowPayments"),
                            ("transfer", "transfer"),
                        ],
                        max_length=12,
                        verbose_name="provider",
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("live", "live"), ("test", "test")], max_length=4, verbose_name="mode"
                    ),
                ),
                (
                    "product_id",
                    models.CharField(blank=True, max_length=80, verbose_name="product at the provider"),
                ),
                ("units", models.PositiveSmallIntegerField(default=1, verbose_name="units")),
                ("price_cents", models.PositiveIntegerField(verbose_name="price, in hundredths")),
                ("currency", models.CharField(max_length=12, verbose_name="currency")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("created", "being opened"),
                            ("pending", "waiting for payment"),
                            ("expired", "not paid in time"),
                            ("failed", "could not be opened"),
                            ("paid", "paid"),
                            ("delivering", "being delivered"),
                            ("delivered", "delivered"),
                        ],
                        default="created",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "checkout_id",
                    models.CharField(blank=True, max_length=80, verbose_name="checkout at the provider"),
                ),
                ("checkout_url", models.URLField(blank=True, editable=False, max_length=500)),
                (
                    "provider_order_id",
                    models.CharField(blank=True, max_length=100, verbose_name="order at the provider"),
                ),
                ("ask_at", models.DateTimeField(editable=False, null=True)),
                ("paid_at", models.DateTimeField(blank=True, null=True, verbose_name="paid")),
                ("deliver_at", models.DateTimeField(editable=False, null=True)),
                ("delivery_attempts", models.PositiveSmallIntegerField(default=0, editable=False)),
                (
                    "result",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("key", "API key"),
                            ("code", "redemption code"),
                            ("wallet", "credit in the wallet"),
                            ("manual", "done by hand"),
                        ],
                        max_length=6,
                        verbose_name="delivered as",
                    ),
                ),
                ("delivered_at", models.DateTimeField(blank=True, null=True, verbose_name="delivered")),
                (
                    "foreign_key_id",
                    models.CharField(blank=True, max_length=80, verbose_name="key at the console"),
                ),
                ("foreign_base_url", models.URLField(blank=True, verbose_name="Base URL of the console")),
                ("sealed_secret", models.BinaryField(null=True)),
                ("saved_at", models.DateTimeField(blank=True, null=True, verbose_name="saved")),
                ("claimed_at", models.DateTimeField(blank=True, null=True, verbose_name="claimed")),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="accounts.apikey",
                        verbose_name="API key",
                    ),
                ),
                (
                    "code",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order",
                        to="redemption.code",
                        verbose_name="code",
                    ),
                ),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="accounts.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "permissions": [
                    ("ask_provider", "Can ask the provider about an order, and deliver it again")
                ],
            },
        ),
        migrations.CreateModel(
            name="InboxEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("creem", "Creem"),
                            ("nowpayments", "NowPayments"),
                            ("transfer", "transfer"),
                        ],
                        max_length=12,
                        verbose_name="provider",
                    ),
                ),
                ("event_id", models.CharField(max_length=160, verbose_name="event")),
                ("kind", models.CharField(max_length=80, verbose_name="kind")),
                ("body", models.BinaryField()),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                (
                    "received_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="received"
                    ),
                ),
                ("deliveries", models.PositiveIntegerField(default=1, verbose_name="deliveries")),
                (
                    "handle_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True),
                ),
                ("attempts", models.PositiveIntegerField(default=0, verbose_name="attempts")),
                ("handled_at", models.DateTimeField(blank=True, null=True, verbose_name="handled")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("applied", "applied"),
                            ("nothing_new", "nothing new"),
                            ("review", "sent to review"),
                            ("kept", "kept, nothing to do"),
                        ],
                        max_length=12,
                        verbose_name="outcome",
                    ),
                ),
                ("last_error", models.TextField(blank=True, verbose_name="last error")),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "inbox event",
                "verbose_name_plural": "inbox events",
                "permissions": [("replay_event", "Can handle an inbox event again")],
            },
        ),
        migrations.CreateModel(
            name="OrderBrowser",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("browser_hash", models.BinaryField(max_length=32)),
                (
                    "opened_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="opened"
                    ),
                ),
                ("is_buyers", models.BooleanField(default=False, verbose_name="checked out here")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="browsers",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "browser of an order",
                "verbose_name_plural": "browsers of an order",
            },
        ),
        migrations.CreateModel(
            name="OrderMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="created"
                    ),
                ),
                (
                    "send_at",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("last_error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "order received"),
                            ("delivered", "order delivered"),
                            ("opened", "shown in a new browser"),
                            ("link", "link to the order"),
                        ],
                        max_length=24,
                        verbose_name="kind",
                    ),
                ),
                ("occasion", models.CharField(blank=True, max_length=40, verbose_name="occasion")),
                ("recipient", models.EmailField(max_length=254, verbose_name="to")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mails",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "mail of an order",
                "verbose_name_plural": "mails of an order",
            },
        ),
        migrations.CreateModel(
            name="OrderStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("created", "order created"),
                            ("checkout_opened", "payment page opened"),
                            ("checkout_failed", "payment page could not be opened"),
                            ("checkout_expired", "payment page expired"),
                            ("event", "provider told us"),
                            ("asked", "provider asked"),
                            ("paid", "paid"),
                            ("to_review", "sent to review"),
                            ("key_failed", "no key could be made"),
                            ("delivered", "delivered"),
                            ("mailed", "mail sent"),
                            ("opened", "shown in a new browser"),
                            ("saved", "buyer saved the key"),
                            ("rolled", "key rolled"),
                            ("claimed", "claimed into an account"),
                        ],
                        max_length=24,
                        verbose_name="what",
                    ),
                ),
                (
                    "at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="when"
                    ),
                ),
                ("detail", models.CharField(blank=True, max_length=300, verbose_name="detail")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "step of an order",
                "verbose_name_plural": "steps of an order",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Package",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=40, unique=True, verbose_name="slug")),
                ("name", models.CharField(max_length=60, verbose_name="name in English")),
                ("name_zh", models.CharField(max_length=60, verbose_name="name in Chinese")),
                (
                    "purpose",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="what it is good for, in English"
                    ),
                ),
                (
                    "purpose_zh",
                    models.CharField(
                        blank=True, max_length=120, verbose_name="what it is good for, in Chinese"
                    ),
                ),
                ("badge", models.CharField(blank=True, max_length=30, verbose_name="badge in English")),
                ("badge_zh", models.CharField(blank=True, max_length=30, verbose_name="badge in Chinese")),
                ("list_price_cents", models.PositiveIntegerField(verbose_name="list price, in hundredths")),
                ("list_currency", models.CharField(max_length=3, verbose_name="currency of the list price")),
                ("tokens", models.PositiveBigIntegerField(verbose_name="tokens advertised")),
                ("credit_nano_usd", models.BigIntegerField(verbose_name="credit")),
                (
                    "delivery",
                    models.CharField(
                        choices=[("auto", "wallet or key"), ("code", "redemption code")],
                        default="auto",
                        max_length=4,
                        verbose_name="delivery",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="place on the page")),
                ("is_offered", models.BooleanField(default=True, verbose_name="offered")),
            ],
            options={
                "verbose_name": "package",
                "verbose_name_plural": "packages",
                "ordering": ["position", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("list_price_cents__gt", 0), models.Q(("list_currency", ""), _negated=True)
                        ),
                        name="package_has_a_price",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credit_nano_usd__gt", 0), ("tokens__gt", 0)),
                        name="package_is_worth_something",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("delivery__in", ["auto", "code"])),
                        name="package_delivery_is_known",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="package",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="orders",
                to="billing.package",
                verbose_name="package",
            ),
        ),
        migrations.CreateModel(
            name="PackagePrice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("creem", "Creem"),
                            ("nowpayments", "NowPayments"),
                            ("transfer", "transfer"),
                        ],
                        default="creem",
                        max_length=12,
                        verbose_name="provider",
                    ),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[("USD", "USD"), ("EUR", "EUR")],
                        default="USD",
                        max_length=3,
                        verbose_name="currency",
                    ),
                ),
                ("price_cents", models.PositiveIntegerField(verbose_name="price, in hundredths")),
                ("product_id", models.CharField(max_length=80, verbose_name="product at the provider")),
                (
                    "package",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="prices",
                        to="billing.package",
                        verbose_name="package",
                    ),
                ),
            ],
            options={
                "verbose_name": "price of a package",
                "verbose_name_plural": "prices of a package",
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "provider",
                    models.CharField(
                        choices=[
                            ("creem", "Creem"),
                            ("nowpayments", "NowPayments"),
                            ("transfer", "transfer"),
                        ],
                        max_length=12,
                        verbose_name="provider",
                    ),
                ),
                ("transaction_id", models.CharField(max_length=120, verbose_name="transaction")),
                ("currency", models.CharField(max_length=12, verbose_name="currency")),
                (
                    "amount_cents",
                    models.PositiveIntegerField(verbose_name="amount before tax, in hundredths"),
                ),
                (
                    "tax_cents",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="tax, in hundredths"),
                ),
                (
                    "paid_cents",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="paid with tax, in hundredths"
                    ),
                ),
                (
                    "email",
                    models.EmailField(
                        blank=True, max_length=254, verbose_name="e-mail address at the provider"
                    ),
                ),
                (
                    "customer_id",
                    models.CharField(blank=True, max_length=80, verbose_name="customer at the provider"),
                ),
                ("happened_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="paid")),
                (
                    "recorded_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="recorded"
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payment",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "payment",
                "verbose_name_plural": "payments",
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("unknown_order", "no such order"),
                            ("wrong_provider", "another provider"),
                            ("wrong_mode", "test and live mixed up"),
                            ("wrong_product", "another product"),
                            ("wrong_units", "another number of units"),
                            ("wrong_currency", "another currency"),
                            ("wrong_amount", "another amount"),
                            ("paid_twice", "paid a second time"),
                            ("taken_back", "refunded or disputed at the provider"),
                            ("not_delivered", "paid and not delivered"),
                            ("unreadable", "cannot be understood"),
                        ],
                        max_length=24,
                        verbose_name="reason",
                    ),
                ),
                ("subject", models.CharField(max_length=160, verbose_name="about")),
                ("detail", models.CharField(blank=True, max_length=300, verbose_name="detail")),
                (
                    "opened_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="opened"
                    ),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("note", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "closed_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="closed by",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="billing.inboxevent",
                        verbose_name="event",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
            },
        ),
        migrations.CreateModel(
            name="KeyIntent",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="key_intent",
                        serialize=False,
                        to="billing.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "number",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="rolled"),
                ),
                ("quota", models.BigIntegerField(editable=False, verbose_name="quota")),
                (
                    "asked_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, editable=False, verbose_name="asked"
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("is_given_up", models.BooleanField(default=False, verbose_name="given up")),
                ("go_on_at", models.DateTimeField(editable=False, null=True)),
                ("last_error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
            ],
            options={
                "verbose_name": "key asked for",
                "verbose_name_plural": "keys asked for",
                "indexes": [
                    models.Index(
                        condition=models.Q(("go_on_at__isnull", False)),
                        fields=["go_on_at"],
                        name="key_intents_to_go_on_with",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_given_up", False), ("ended_at__isnull", False), _connector="OR"
                        ),
                        name="key_intent_given_up_has_ended",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("quota__gt", 0)), name="key_intent_asks_for_something"
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="inboxevent",
            index=models.Index(
                condition=models.Q(("handle_at__isnull", False)),
                fields=["handle_at"],
                name="events_that_wait",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider__in", ["creem", "nowpayments", "transfer"])),
                name="inbox_event_provider_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxevent",
            constraint=models.UniqueConstraint(
                fields=("provider", "event_id"), name="one_row_per_provider_and_event"
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("handled_at__isnull", True), ("outcome", "")),
                    models.Q(("handled_at__isnull", False), models.Q(("outcome", ""), _negated=True)),
                    _connector="OR",
                ),
                name="inbox_event_handled_has_an_outcome",
            ),
        ),
        migrations.AddConstraint(
            model_name="inboxevent",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("handled_at__isnull", False), ("handle_at__isnull", False), _connector="OR"
                ),
                name="inbox_event_waits_until_it_is_handled",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderbrowser",
            constraint=models.UniqueConstraint(
                fields=("order", "browser_hash"), name="one_row_per_order_and_browser"
            ),
        ),
        migrations.AddIndex(
            model_name="ordermail",
            index=models.Index(
                condition=models.Q(("send_at__isnull", False)), fields=["send_at"], name="mails_to_send"
            ),
        ),
        migrations.AddConstraint(
            model_name="ordermail",
            constraint=models.UniqueConstraint(
                fields=("order", "kind", "occasion"), name="one_mail_per_order_kind_and_occasion"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["customer", "-id"], name="orders_of_a_customer"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["email", "-id"], name="orders_of_an_email"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["provider_order_id"], name="orders_by_provider_order"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["checkout_id"], name="orders_by_checkout"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("ask_at__isnull", False)), fields=["ask_at"], name="orders_to_ask_about"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("deliver_at__isnull", False)),
                fields=["deliver_at"],
                name="orders_to_deliver",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider__in", ["creem", "nowpayments", "transfer"])),
                name="order_provider_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("checkout_id", ""), _negated=True),
                fields=("provider", "checkout_id"),
                name="one_order_per_checkout",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["created", "pending", "expired", "failed", "paid", "delivering", "delivered"],
                    )
                ),
                name="order_state_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("price_cents__gt", 0),
                    ("units__gt", 0),
                    models.Q(
                        models.Q(("credit_nano_usd", 0), ("kind", "agent")),
                        models.Q(models.Q(("kind", "agent"), _negated=True), ("credit_nano_usd__gt", 0)),
                        _connector="OR",
                    ),
                ),
                name="order_is_sold_for_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "package"), ("package__isnull", False), ("tokens__gt", 0)),
                    models.Q(("kind__in", ["credit", "agent"]), ("package__isnull", True), ("tokens", 0)),
                    _connector="OR",
                ),
                name="order_of_a_package_names_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("delivery", "manual"), ("kind", "agent")),
                    models.Q(
                        models.Q(("kind", "agent"), _negated=True),
                        models.Q(("delivery", "manual"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="order_by_hand_is_of_an_agent",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["paid", "delivering", "delivered"]), _negated=True),
                    ("paid_at__isnull", False),
                    _connector="OR",
                ),
                name="order_is_paid_before_it_is_delivered",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("delivered_at__isnull", False),
                        ("result__in", ["key", "code", "wallet", "manual"]),
                        ("state", "delivered"),
                    ),
                    models.Q(
                        models.Q(("state", "delivered"), _negated=True),
                        ("delivered_at__isnull", True),
                        ("result", ""),
                    ),
                    _connector="OR",
                ),
                name="order_delivered_is_delivered_as_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("code__isnull", False), ("result", "code")),
                    models.Q(models.Q(("result", "code"), _negated=True), ("code__isnull", True)),
                    _connector="OR",
                ),
                name="order_delivered_as_a_code_has_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("result", "key"), _negated=True),
                    ("api_key__isnull", False),
                    models.Q(("foreign_key_id", ""), _negated=True),
                    _connector="OR",
                ),
                name="order_delivered_as_a_key_has_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("result", "key"), _negated=True),
                    ("sealed_secret__isnull", True),
                    models.Q(
                        ("saved_at__isnull", True),
                        models.Q(("claimed_at__isnull", True), ("api_key__isnull", True), _connector="OR"),
                    ),
                    _connector="OR",
                ),
                name="order_shows_no_key_that_was_saved_or_claimed",
            ),
        ),
        migrations.AddConstraint(
            model_name="packageprice",
            constraint=models.UniqueConstraint(
                fields=("package", "provider", "currency"), name="one_price_per_provider_and_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="packageprice",
            constraint=models.CheckConstraint(
                condition=models.Q(("price_cents__gte", 100)), name="package_price_is_one_that_providers_take"
            ),
        ),
        migrations.AddConstraint(
            model_name="packageprice",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__in", ["USD", "EUR"])), name="package_price_currency_is_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="packageprice",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider__in", ["creem", "nowpayments", "transfer"])),
                name="package_price_provider_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("provider__in", ["creem", "nowpayments", "transfer"])),
                name="payment_provider_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.UniqueConstraint(
                fields=("provider", "transaction_id"), name="one_payment_per_transaction"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_cents__gt", 0)), name="payment_is_of_something"
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", True)), fields=["-id"], name="reviews_that_wait"
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.UniqueConstraint(
                fields=("reason", "subject"), name="one_review_per_reason_and_subject"
            ),
        ),
    ]
