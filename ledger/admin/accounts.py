"""Accounts in the admin: what each has, what happened to it, and the acts that support needs."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ledger.admin import amounts
from ledger.admin.amounts import AmountColumn
from ledger.admin.forms import ForgiveForm, GrantForm
from ledger.admin.pages import BookAdmin
from ledger.errors import ReferenceReused
from ledger.models import Account, AccountAllowance, Entry
from ledger.services import accounts, credits, debts, entries, statements  # noqa: A004 - the word of the house

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    StackedInline = admin.StackedInline[AccountAllowance, Account]
else:  # takes no parameters while it runs
    StackedInline = admin.StackedInline

LATEST = 10


class AllowanceInline(StackedInline):
    """The limits of an account: the one thing about it that is edited."""

    model = AccountAllowance
    template = "admin/ledger/inlines/fields.html"
    fields = ["open_calls"]  # the other limits follow when calls are held to them
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: every account is opened with an allowance."""
        return False


@admin.register(Account)
class AccountAdmin(BookAdmin):
    """Balances are only read. Credit is granted, and spending is frozen, by acts with rights of their own."""

    list_display = ["id", "owner", "main", "backup", "wallet", "held", "owed", "open_holds", "frozen_at"]
    list_filter = ["frozen_at"]
    list_select_related = ["customer__user"]
    search_fields = ["id", "customer", "customer__user__email"]
    search_help_text = _("The number of an account or of a customer, or a whole e-mail address.")
    fields = [
        "customer", "owner", "opened_at", "frozen_at", "main", "main_held", "backup", "backup_held", "wallet",
        "wallet_held", "owed", "open_holds",
    ]  # fmt: skip
    inlines = [AllowanceInline]

    main = AmountColumn(_("main pool"), lambda account: account.main_balance_nano_usd)
    main_held = AmountColumn(_("held in the main pool"), lambda account: account.main_held_nano_usd)
    backup = AmountColumn(_("backup pool"), lambda account: account.backup_balance_nano_usd)
    backup_held = AmountColumn(_("held in the backup pool"), lambda account: account.backup_held_nano_usd)
    wallet = AmountColumn(_("wallet"), lambda account: account.wallet_balance_nano_usd)
    wallet_held = AmountColumn(_("held in the wallet"), lambda account: account.wallet_held_nano_usd)
    owed = AmountColumn(_("owed"), lambda account: account.debt_nano_usd)
    held = AmountColumn(_("held"), lambda account: account.held_nano_usd)

    def get_urls(self) -> list[URLPattern]:
        """Add the acts to the admin's own pages."""
        acts = {
            "grant": self.grant,
            "freeze": self.freeze,
            "unfreeze": self.unfreeze,
            "forgive": self.forgive,
        }
        return [
            path(f"<int:account_id>/{name}/", self.admin_site.admin_view(view), name=f"ledger_account_{name}")
            for name, view in acts.items()
        ] + super().get_urls()

    def grant(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask how much and why, then grant it: once, however often the same form arrives.

        The entry itself keeps who granted what, when and why.
        """
        account = self._account(request, account_id, right="ledger.grant_credit")
        form = GrantForm(request.POST or None)
        if not (form.is_valid() and _granted(request, account, form)):
            return self.ask(request, account, form, act="grant", title=_("Grant credit"))
        said = _("%s granted.") % amounts.written(form.cleaned_data["amount"])
        return self._back(request, account, said)

    def freeze(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask once, then stop all spending of the account."""
        account = self._account(request, account_id, right="ledger.freeze_account")
        if request.method != "POST":
            return self.ask(request, account, Form(), act="freeze", title=_("Freeze"))
        accounts.freeze(account)
        self.log_change(request, account, gettext("Froze the account."))
        return self._back(
            request, account, _("The account keeps its credit and spends nothing until it is unfrozen.")
        )

    def unfreeze(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask once, then let the account spend again."""
        account = self._account(request, account_id, right="ledger.freeze_account")
        if request.method != "POST":
            return self.ask(request, account, Form(), act="unfreeze", title=_("Unfreeze"))
        accounts.unfreeze(account)
        self.log_change(request, account, gettext("Unfroze the account."))
        return self._back(request, account, _("The account may spend again."))

    def forgive(self, request: HttpRequest, account_id: int) -> HttpResponse:
        """Ask why, then let the account owe nothing any more. The entry keeps who, when and why."""
        account = self._account(request, account_id, right="ledger.forgive_debt")
        form = ForgiveForm(request.POST or None)
        if not form.is_valid():
            return self.ask(request, account, form, act="forgive", title=_("Forgive the debt"))
        reason = form.cleaned_data["reason"]
        forgiven = debts.forgive(account, made_by=cast("User", request.user), note=reason)
        self.log_change(request, account, gettext("Forgave the debt."))
        return self._back(request, account, _("%s forgiven.") % amounts.written(forgiven))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Account], search_term: str
    ) -> tuple[QuerySet[Account], bool]:
        """Find an address however its case was typed."""
        return super().get_search_results(request, queryset, search_term.lower())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow whoever may change limits: nothing else of an account is edited."""
        return request.user.has_perm("ledger.change_accountallowance")

    def save_model(self, request: HttpRequest, obj: Account, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Leave the row alone: to write back what was read would undo what calls have spent since."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show the latest of the account below its limits."""
        context["latest"] = _latest(context["original"])
        return super().render_change_form(request, context, *args, **options)

    @admin.display(description=_("owner"))
    def owner(self, account: Account) -> str:
        """Return who may spend the account: a person, or a guest's number."""
        return str(account.customer.user or account.customer)

    def _account(self, request: HttpRequest, account_id: int, *, right: str) -> Account:
        """Return the account if this person has the right to act on it."""
        if not request.user.has_perm(right):
            raise PermissionDenied
        return get_object_or_404(Account.objects.select_related("customer__user"), pk=account_id)

    def _back(self, request: HttpRequest, account: Account, said: "str | StrPromise") -> HttpResponse:
        self.message_user(request, said, messages.SUCCESS)
        return redirect("admin:ledger_account_change", account.pk)


def _granted(request: HttpRequest, account: Account, form: GrantForm) -> bool:
    """Grant what the form says; a form that has granted something else already is told so."""
    try:
        credits.grant(
            account,
            form.cleaned_data["amount"],
            source=entries.PROMOTION,
            reference=form.reference,
            kind=Entry.Kind.GRANT,
            note=form.cleaned_data["reason"],
            made_by=cast("User", request.user),  # nobody else comes past the admin's door
        )
    except ReferenceReused:
        form.add_error(None, _("This form has granted another amount already. Open this page anew."))
    return form.is_valid()


def _latest(account: Account) -> dict[str, Any]:
    """Return what happened last to the account: its keys, its entries, its calls."""
    moved = account.postings_in.values("entry").union(account.postings_out.values("entry"))
    return {
        "keys": account.key_allowances.select_related("api_key").order_by("-pk")[:LATEST],
        "entries": Entry.objects.filter(pk__in=moved).order_by("-pk")[:LATEST],
        "calls": statements.recent_usage(account, LATEST),
    }
