"""What the site changes about allauth's registration, login and mails."""

import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urljoin, urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.hashers import make_password
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, override

from accounts.errors import MailNotSent
from accounts.models import User
from accounts.services import addresses

logger = logging.getLogger(__name__)

# What allauth calls the links in its mails. It builds them from the request's Host header.
LINKS = ("activate_url", "password_reset_url", "signup_url")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is not typed
    """Registration, login and mails of Purser."""

    def save_user(self, request: HttpRequest, user: User, form: BaseForm, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- allauth's signature
        """Keep the newcomer, with the page's language; whoever loses a race for an address sees the same."""
        user.language = _language_of_page()
        try:
            super().save_user(request, user, form, commit=commit)
        except IntegrityError:
            raise ImmediateHttpResponse(self.respond_email_verification_sent(request, None)) from None
        return user

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """Take the address as proven, unless somebody else registered with it in the meantime."""
        others = User.objects.exclude(pk=email_address.user_id)
        if others.filter(email=email_address.email).exists():
            self.add_message(
                request,
                messages.ERROR,
                "account/messages/email_confirmation_failed.txt",
                {"email": email_address.email},
            )
            return False
        return bool(super().confirm_email(request, email_address))

    def post_login(self, request: HttpRequest, user: User, **about: Any) -> HttpResponse:
        """Remember the language that the person reads us in, for the mails that come later."""
        if user.language != _language_of_page():
            user.language = _language_of_page()
            user.save(update_fields=["language"])
        response: HttpResponse = super().post_login(request, user, **about)
        return response

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Allauth counts per Host header and address: another port in the header would be a fresh limit.
        return str(credentials["email"]).lower()

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the address that limits, sessions and mails name."""
        return addresses.seen(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send a mail in its reader's language, with links to our public address, whatever host was asked."""
        language = User.objects.filter(email=email).values_list("language", flat=True).first()
        links = {name: _at_our_address(context[name]) for name in LINKS if name in context}
        ours = {"site_name": settings.SITE_NAME, "site_url": settings.PUBLIC_URL, "links": links.values()}
        with override(language or _language_of_page()):
            try:
                super().send_mail(template_prefix, email, context | links | ours)
            except OSError as failure:  # the mail server is away, or refuses
                # Not the error's own text: it names the reader.
                logger.error("Mail %s not sent: %s", template_prefix, type(failure).__name__)  # noqa: TRY400
                raise MailNotSent from failure

    def send_account_already_exists_mail(self, email: str) -> None:
        """Tell the owner of an address that somebody tried to register with it again."""
        # A registration hashes its password: without the same wait, the clock would tell who has an account.
        make_password(email)
        super().send_account_already_exists_mail(email)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person what was changed, and where to go if it was somebody else.

        The change is made already, so a mail that cannot be sent must not look like a failure of it.
        """
        context = {**(context or {}), "password_reset_url": reverse("account_reset_password")}
        with suppress(MailNotSent):
            super().send_notification_mail(template_prefix, user, context, email)

    def render_mail(
        self,
        template_prefix: str,
        email: str | list[str],
        context: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> EmailMultiAlternatives:
        """Write the mail as text, and once more as HTML with the very same words."""
        message: EmailMultiAlternatives = super().render_mail(template_prefix, email, context, headers)
        framed = {**context, "subject": message.subject, "paragraphs": str(message.body).split("\n\n")}
        message.attach_alternative(render_to_string("account/email/frame.html", framed), "text/html")
        return message


def _language_of_page() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _at_our_address(url: str) -> str:
    return urljoin(settings.PUBLIC_URL, urlsplit(url).path)
