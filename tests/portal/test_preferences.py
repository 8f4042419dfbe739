"""Language and colours, chosen without a script."""

import pytest
from django.test import Client, override_settings

from accounts.models import Customer

DARK_ALWAYS = 'id="dark-styles" media="all"'
DARK_BY_SYSTEM = 'id="dark-styles" media="(prefers-color-scheme: dark)"'
DARK_NEVER = 'id="dark-styles" media="not all"'


@pytest.mark.django_db
def test_the_system_decides_about_colours_first() -> None:
    assert DARK_BY_SYSTEM in Client().get("/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("theme", "media"),
    [("dark", DARK_ALWAYS), ("light", DARK_NEVER), ("system", DARK_BY_SYSTEM), ("pink", DARK_BY_SYSTEM)],
)
def test_a_choice_of_colours_lasts(theme: str, media: str) -> None:
    client = Client()

    answer = client.post("/theme", {"theme": theme, "next": "/models"})

    assert answer.headers["Location"] == "/models"
    assert media in client.get("/").content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", ""])
def test_a_choice_of_colours_leads_nowhere_else(elsewhere: str) -> None:
    answer = Client().post("/theme", {"theme": "dark", "next": elsewhere})

    assert answer.headers["Location"] == "/"


@pytest.mark.django_db
@override_settings(SITE_ACCENT_HUE=27)
def test_the_shop_chooses_the_one_colour() -> None:
    client = Client()

    assert '<link rel="stylesheet" href="/accent-27.css">' in client.get("/").content.decode()
    assert client.get("/accent-27.css").content == b":root { --accent-hue: 27; }\n"


@pytest.mark.django_db
def test_a_choice_of_language_lasts() -> None:
    client = Client()

    answer = client.post("/i18n/setlang/", {"language": "zh-hans", "next": "/models"})

    assert answer.headers["Location"] == "/models"
    assert '<html lang="zh-hans">' in client.get("/models").content.decode()


def test_mails_follow_the_language_that_a_person_chose(member: Client, customer: Customer) -> None:
    member.post("/i18n/setlang/", {"language": "zh-hans", "next": "/"})

    assert customer.user is not None
    customer.user.refresh_from_db()
    assert customer.user.language == "zh-hans"


def test_a_language_that_we_do_not_speak_changes_nothing(member: Client, customer: Customer) -> None:
    member.post("/i18n/setlang/", {"language": "tlh", "next": "/"})

    assert customer.user is not None
    customer.user.refresh_from_db()
    assert customer.user.language == "en"


@pytest.mark.django_db
def test_a_browser_that_asks_for_chinese_gets_it() -> None:
    page = Client().get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()

    assert '<html lang="zh-hans">' in page
