"""Every address of the site but the gateway's, which `portal/asgi.py` sends elsewhere."""

from allauth.account import views as allauth_views
from django.contrib import admin
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from portal.views import dashboard, guide, health, home, preferences, receipts, tokens, wallet

urlpatterns = [
    path("", home.home, name="home"),
    path("models", home.models, name="models"),
    # What a browser gets where programs call; `portal/asgi.py` sends programs to the gateway.
    re_path(r"^(?:v1|anthropic|openai)(?:/.*)?$", home.base_url, name="base_url"),
    path("guide", guide.guide, name="guide"),
    path("", include("billing.urls")),
    path("dashboard", dashboard.dashboard, name="dashboard"),
    path("dashboard/meters", dashboard.meters, name="dashboard_meters"),
    path("dashboard/wallet", dashboard.wallet_switch, name="dashboard_wallet"),
    path("receipts/<uuid:request_id>", receipts.receipt, name="receipt"),
    path("wallet", wallet.wallet, name="wallet"),
    path("wallet/redeem", wallet.redeem, name="wallet_redeem"),
    path("tokens", tokens.tokens, name="tokens"),
    path("tokens/create", tokens.create, name="token_create"),
    path("tokens/<int:key_pk>/edit", tokens.edit, name="token_edit"),
    path("tokens/<int:key_pk>/rotate", tokens.rotate, name="token_rotate"),
    path("tokens/<int:key_pk>/disable", tokens.disable, name="token_disable"),
    path("tokens/<int:key_pk>/enable", tokens.enable, name="token_enable"),
    path("tokens/<int:key_pk>/delete", tokens.delete, name="token_delete"),
    # The names by which other shops' guides know these pages.
    path("topup", RedirectView.as_view(pattern_name="wallet", query_string=True)),
    path("token", RedirectView.as_view(pattern_name="tokens", query_string=True)),
    path("theme", preferences.theme, name="theme"),
    path("accent-<int:hue>.css", preferences.accent, name="accent"),
    path("i18n/setlang/", preferences.language, name="set_language"),
    path("healthz", health.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("account/", include("allauth.urls")),
    # After allauth's own, so that these are the addresses that links get.
    path("register", allauth_views.signup, name="account_signup"),
    path("login", allauth_views.login, name="account_login"),
    path("logout", allauth_views.logout, name="account_logout"),
]
