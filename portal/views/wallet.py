"""The wallet: what the reader holds, how it came to be, and the field that turns a code into more."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.errors import TooManyAttempts
from accounts.pages import render_part
from accounts.services import addresses, customers
from billing.errors import PlanInTheWay, PlanOfCodeGone
from billing.services import vouchers
from billing.services.vouchers import RedeemedPlan
from portal import overviews, refusals
from portal.forms import RedeemForm
from portal.pages import MemberRequest
from portal.views.acts import acts_by_post
from redemption.errors import CodeMistyped, CodeUnusable, OrderNumberTyped
from redemption.services.wallets import Redeemed


@never_cache
@require_safe
def wallet(request: MemberRequest) -> HttpResponse:
    """Show the balance, its history, and the field for a code."""
    return _page(request, RedeemForm())


@never_cache
@acts_by_post("wallet")
def redeem(request: MemberRequest) -> HttpResponse:
    """Turn the typed code into credit or a plan; a code that does not work is answered by the field."""
    form = RedeemForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=refusals.UNREADABLE)
    try:
        redeemed = vouchers.redeem(
            typed_code=form.cleaned_data["code"],
            customer=customers.of_user(request.user),
            address=addresses.of_request(request),
        )
    except (CodeMistyped, CodeUnusable, PlanInTheWay, PlanOfCodeGone, TooManyAttempts) as error:
        refusal = refusals.worded(error)
        form.add_error("code", refusal.sentence)
        is_order_number = isinstance(error, OrderNumberTyped)
        return refusals.stamp(_page(request, form, is_order_number=is_order_number), refusal)
    return _page(request, RedeemForm(), redeemed=redeemed)


def _page(
    request: MemberRequest,
    form: RedeemForm,
    *,
    redeemed: Redeemed | RedeemedPlan | None = None,
    is_order_number: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "wallet": overviews.wallet(request.user),
        "form": form,
        "redeemed": redeemed,
        "is_order_number": is_order_number,
    }
    return render_part(request, "portal/wallet.html", "wallet", context, status=status)
