"""The transfer desk: its channels, the order that one is paid through, and what the buyer says was sent."""

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.errors import TooManyAttempts
from accounts.pages import PageRequest
from accounts.services import addresses
from billing import pictures, wordings
from billing.errors import AmountTooSmall, ReferenceUnreadable, ScreenshotRefused
from billing.forms.transfers import SubmissionForm, TransferForm
from billing.forms.words import new_word
from billing.models import Order, TransferChannel, TransferScreenshot
from billing.services import openings, qr_codes, transfers
from billing.views import browsers
from billing.views import order as order_page
from billing.views.pages import acts_on_an_order, of_an_order

UNREADABLE = 422


@login_not_required
@require_safe
def channels(request: PageRequest) -> HttpResponse:
    """Show where money can be sent by hand."""
    return render(
        request,
        "billing/transfers.html",
        {"channels": transfers.channels(), "package": request.GET.get("package", "")},
    )


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def channel(request: PageRequest, slug: str) -> HttpResponse:
    """Ask what is bought through a channel, write the order, and lead to its page."""
    chosen = transfers.find_channel(slug)
    offers = transfers.offers(chosen)
    form = (
        TransferForm(offers, chosen.currency, request.POST)
        if request.method == "POST"
        else TransferForm(offers, chosen.currency, initial=_initial(request))
    )
    response = _answer(request, chosen, form)
    browsers.keep_name(request, response)
    return response


@acts_on_an_order
def submit(request: PageRequest, order: Order) -> HttpResponse:
    """Take what the buyer says of the transfer; whatever is wrong with it is answered by the field."""
    form = SubmissionForm(request.POST, request.FILES)
    if not form.is_valid():
        return order_page.show(request, order, form=form, status=UNREADABLE)
    try:
        transfers.submit(
            order,
            reference=form.cleaned_data["transaction_reference"],
            screenshot=form.cleaned_data["screenshot"],
            address=addresses.of_request(request),
        )
    except (ReferenceUnreadable, ScreenshotRefused, TooManyAttempts) as error:
        told = wordings.told(error)
        field = "screenshot" if isinstance(error, ScreenshotRefused) else "transaction_reference"
        form.add_error(field, told.sentence)
        return told.stamp(order_page.show(request, order, form=form))
    return redirect("order", order.reference)


@of_an_order
def screenshot(request: PageRequest, order: Order, pk: int) -> HttpResponse:
    """Show the holder of an order a picture that was attached to it."""
    found = TransferScreenshot.objects.filter(transfer__order=order, pk=pk).first()
    if found is None:
        raise Http404
    return pictures.shown_in_private(bytes(found.image))


@login_not_required
@require_safe
def qr(request: PageRequest, slug: str) -> HttpResponse:
    """Draw what a channel is paid to, as a QR code."""
    shown = TransferChannel.objects.filter(slug=slug).first()
    if shown is None or not shown.has_qr:
        raise Http404
    if shown.qr_image:
        return pictures.shown(bytes(shown.qr_image))
    return pictures.shown(qr_codes.svg(shown.qr_text).encode(), pictures.DRAWING)


def _initial(request: PageRequest) -> dict[str, str]:
    email = request.user.email if request.user.is_authenticated else ""
    return {"email": email, "word": new_word(), "package": request.GET.get("package", "")}


def _answer(request: PageRequest, chosen: TransferChannel, form: TransferForm) -> HttpResponse:
    if not form.is_valid():
        return _form_page(request, chosen, form, status=UNREADABLE if form.is_bound else 200)
    try:
        order = _place(request, chosen, form)
    except (AmountTooSmall, TooManyAttempts) as error:
        told = wordings.told(error)
        form.add_error("amount" if isinstance(error, AmountTooSmall) else None, told.sentence)
        return told.stamp(_form_page(request, chosen, form))
    return redirect("order", order.reference)


def _form_page(
    request: PageRequest, chosen: TransferChannel, form: TransferForm, *, status: int = 200
) -> HttpResponse:
    context = {"channel": chosen, "form": form, "rate": transfers.shown_rate(chosen)}
    return render(request, "billing/transfer.html", context, status=status)


def _place(request: PageRequest, chosen: TransferChannel, form: TransferForm) -> Order:
    buyer = browsers.buyer(request, email=form.cleaned_data["email"])
    package, browser = form.package_bought, browsers.name_of(request)
    sale = (
        transfers.of_package(chosen, package, buyer)
        if package
        else transfers.of_amount(chosen, form.amount_cents, buyer)
    )
    order = transfers.place_once(
        chosen,
        sale,
        buyer,
        form=f"{browser}:{form.cleaned_data['word']}",
        address=addresses.of_request(request),
    )
    openings.remember_buyer(order, browser)
    return order
