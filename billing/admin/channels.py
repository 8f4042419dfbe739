"""Channels of the transfer desk in the admin: where buyers may send money, in both languages."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from billing.admin.forms import SMALLEST_LIST_PRICE, currencies
from billing.admin.pages import ShopAdmin
from billing.admin.prices import CentsField, Price, shown
from billing.errors import ScreenshotRefused
from billing.models import TransferChannel
from billing.services import screenshots

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[TransferChannel]
else:  # takes no parameters while it runs
    ModelForm = forms.ModelForm


class ChannelForm(ModelForm):
    """A channel, in both languages."""

    currency = forms.ChoiceField(
        label=_("Currency"), choices=currencies, help_text=_("Those with a published rate.")
    )
    minimum_cents = CentsField(label=_("Smallest amount"), min_value=SMALLEST_LIST_PRICE)
    picture = forms.FileField(
        label=_("Picture of the QR code"),
        required=False,
        help_text=_("PNG, JPEG or WebP. It takes the place of a code that is drawn from the text."),
    )

    class Meta:
        model = TransferChannel
        fields = [
            "slug", "name", "name_zh", "currency", "account", "instructions", "instructions_zh", "qr_text",
            "minimum_cents", "position", "is_open",
        ]  # fmt: skip

    def clean_picture(self) -> bytes | None:
        """Encode the picture anew."""
        file = self.cleaned_data.get("picture")
        if file is None:
            return None
        try:
            return screenshots.encoded_anew(file)
        except ScreenshotRefused:
            raise ValidationError(_("This file is no picture that can be read.")) from None


@admin.register(TransferChannel)
class TransferChannelAdmin(ShopAdmin):
    """One that was used is closed, not deleted."""

    form = ChannelForm
    list_display = ["name", "name_zh", "currency", "smallest", "is_open", "position"]
    ordering = ["position", "pk"]
    search_fields = ["slug"]
    search_help_text = _("A whole slug.")
    fields = [*ChannelForm.Meta.fields[:8], "picture", *ChannelForm.Meta.fields[8:]]
    editable_fields = [*ChannelForm.Meta.fields, "picture"]

    @admin.display(description=_("smallest amount"))
    def smallest(self, channel: TransferChannel) -> SafeString:
        """Return the smallest amount that the channel takes."""
        return shown(Price(channel.minimum_cents, channel.currency))

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Allow whoever may add channels."""
        return request.user.has_perm("billing.add_transferchannel")

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: Any) -> None:
        """Keep the picture that was put up, if one was."""
        assert isinstance(obj, TransferChannel)  # noqa: S101 - the page is of channels
        obj.qr_image = form.cleaned_data["picture"] or obj.qr_image
        obj.save()
