"""The admin of the upstream channels. A key goes in and never comes out."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gateway.models import Channel, ChannelModel
from gateway.services import channels

if TYPE_CHECKING:
    _ChannelForm = forms.ModelForm[Channel]
    _ChannelModelInline = admin.TabularInline[ChannelModel, Channel]
    _ChannelAdmin = admin.ModelAdmin[Channel]
else:  # these classes take no parameters while they run
    _ChannelForm = forms.ModelForm
    _ChannelModelInline = admin.TabularInline
    _ChannelAdmin = admin.ModelAdmin


class ChannelForm(_ChannelForm):
    """A channel with its key, which may only be written."""

    key = forms.CharField(
        label=_("API key"),
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Never shown again. Empty keeps the key; a new Base URL needs it anew."),
    )

    class Meta:
        model = Channel
        fields = (
            "name", "base_url", "protocol", "key", "is_enabled", "priority", "output_limit_field",
            "open_calls_limit", "first_byte_seconds", "silence_seconds", "cool_down_seconds",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Ask for the key whenever the Base URL is new: an old key opens for its own address only."""
        cleaned = super().clean() or self.cleaned_data
        if "base_url" in self.changed_data and not cleaned.get("key"):
            self.add_error("key", _("Enter the API key for this Base URL."))
        return cleaned


class ChannelModelInline(_ChannelModelInline):
    """The models that the channel serves."""

    model = ChannelModel
    extra = 1


@admin.register(Channel)
class ChannelAdmin(_ChannelAdmin):
    """Channels by the order in which they are asked."""

    form = ChannelForm
    inlines = (ChannelModelInline,)
    list_display = ("name", "base_url", "protocol", "shown_key", "priority", "is_enabled")
    ordering = ("priority", "pk")
    readonly_fields = ("shown_key", "created_at")

    def save_model(self, request: HttpRequest, obj: Channel, form: ChannelForm, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Seal the key that was entered, then save."""
        if key := form.cleaned_data["key"]:
            channels.seal_key(obj, key)
        super().save_model(request, obj, form, change)

    @admin.display(description=_("API key"))
    def shown_key(self, channel: Channel) -> str:
        """Return the end of the key, by which people tell keys apart."""
        return f"…{channel.key_last_four}" if channel.pk else "-"
