"""Texts of allauth and Django that our own Chinese catalogue words anew, so that all pages speak alike.

Nothing imports this module: the command `translations` finds the texts here, and a project's own catalogue
goes before an app's.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

TEXTS = (
    _("Add Email"),
    _("Add Email Address"),
    _("Already have an account? Then please %(link)ssign in%(end_link)s."),
    _("Bad Token"),
    _("Change Email"),
    _("Confirm Email Address"),
    _("Current email"),
    _("Do you really want to remove the selected email address?"),
    _("Email"),
    _("Email Address"),
    _("Email Addresses"),
    _("If you have not created an account yet, then please %(link)ssign up%(end_link)s first."),
    _("Passkey"),
    _(
        'Please confirm that <a href="mailto:%(email)s">%(email)s</a>'
        " is an email address for user %(user_display)s."
    ),
    _("Primary"),
    _("Primary email address set."),
    _("Re-send Verification"),
    _("Removed email address %(email)s."),
    _("The following email addresses are associated with your account:"),
    _("The password reset token was invalid."),
    _("Two-Factor Authentication"),
    _("This key does not indicate whether it is a passkey."),
    _("Use authenticator app or code"),
    _("Verify Your Email Address"),
    _("You cannot activate two-factor authentication until you have verified your email address."),
    _("You cannot remove your primary email address (%(email)s)."),
    _("You have confirmed %(email)s."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
    _("Your password can’t be too similar to your other personal information."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        "min_length",
    ),
)
