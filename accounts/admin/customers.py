"""Customers in the admin: the thread from a person to keys and money."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from accounts.admin.lists import FastListAdmin
from accounts.models import Customer


@admin.register(Customer)
class CustomerAdmin(FastListAdmin):
    """To be looked up, never edited."""

    list_display = ["id", "user", "created_at"]
    list_select_related = ["user"]
    search_fields = ["id", "user__email"]
    search_help_text = _("A customer's number, or the whole e-mail address of the person.")
