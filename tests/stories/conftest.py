"""The readers of every story: two languages, two screens, light and dark."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.cluster import Cluster
from tests.stories.browsing import SETTINGS, Setting, a_browser
from tests.stories.desk import DESK, sign_in


@pytest.fixture(params=SETTINGS, ids=lambda setting: f"{setting.language}-{setting.width}-{setting.scheme}")
def setting(request: pytest.FixtureRequest) -> Setting:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def person(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open a browser of its own for one person."""
    yield from a_browser(browser, cluster, setting)


@pytest.fixture
def administrator(browser: Browser, cluster: Cluster, setting: Setting) -> Iterator[Page]:
    """Open another browser for the administrator."""
    yield from a_browser(browser, cluster, setting)


@pytest.fixture
def clerk(browser: Browser, cluster: Cluster) -> Iterator[Page]:
    """Open a browser in which the administrator works, at a desk."""
    for page in a_browser(browser, cluster, DESK):
        sign_in(page)
        yield page
