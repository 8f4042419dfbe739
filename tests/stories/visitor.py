"""A person at a browser without scripts: forms, cookies and links over HTTP, and nothing of our code."""

import re
import time
from dataclasses import dataclass
from html import unescape

import requests

KEY_SHAPE = re.compile(r"sk-[0-9A-Za-z]{50}")
LINK_SHAPE = re.compile(r"https?://[^\s\"<>]+")
CODE_SHAPE = re.compile(r"(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}")
HIDDEN_SHAPE = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
REFERENCE_SHAPE = re.compile(r"/orders/(ord_\w+)")
PATIENCE_SECONDS = 60


@dataclass
class Mailbox:
    """The sandbox's mailbox, read as a mail program would."""

    sandbox_url: str

    def newest_link(self, address: str, *, to: str = "") -> str:
        """Wait for a mail to ``address`` whose first link leads ``to``; return that of the newest one."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            links = [link for link in self._first_links(address) if to in link]
            if links:
                return links[0]
        raise AssertionError(f"no mail to {address} leads to {to!r}")

    def _first_links(self, address: str) -> list[str]:
        mails = requests.get(
            f"{self.sandbox_url}/mailbox.json", params={"to": address, "wait": "30"}, timeout=PATIENCE_SECONDS
        ).json()
        return [str(LINK_SHAPE.findall(mail["text"])[0]) for mail in mails if LINK_SHAPE.search(mail["text"])]


class Visitor:
    """Somebody with a cookie jar."""

    def __init__(self, site_url: str, language: str = "en") -> None:
        self.site_url = site_url
        self.session = requests.Session()
        self.session.headers["Accept-Language"] = language
        self.session.headers["Connection"] = "close"  # nobody says goodbye for a forgotten visitor

    def get(self, path: str) -> requests.Response:
        url = path if path.startswith("http") else self.site_url + path
        return self.session.get(url, timeout=PATIENCE_SECONDS)

    def post(self, path: str, **fields: str) -> requests.Response:
        """Open the page of ``path`` for its form's token, as a browser has, then send the form."""
        url = path if path.startswith("http") else self.site_url + path
        if "csrftoken" not in self.session.cookies:
            self.session.get(self.site_url + "/login", timeout=PATIENCE_SECONDS)
        fields["csrfmiddlewaretoken"] = self.session.cookies["csrftoken"]
        return self.session.post(url, data=fields, headers={"Referer": url}, timeout=PATIENCE_SECONDS)

    def log_in(self, email: str, password: str) -> None:
        answer = self.post("/login", login=email, password=password)
        assert "sessionid" in self.session.cookies, answer.status_code

    def register(self, email: str, password: str, mailbox: Mailbox) -> None:
        """Register, follow the mailed link, press its button, and be logged in."""
        self.post("/register", email=email, password1=password, password2=password)
        self.post(mailbox.newest_link(email, to="/confirm-email/"))
        self.log_in(email, password)

    def redeem(self, typed_code: str) -> requests.Response:
        return self.post("/wallet/redeem", code=typed_code)

    def create_key(self, name: str) -> str:
        """Create a key and return its text from the one page that shows it."""
        page = self.post("/tokens/create", name=name)
        found = KEY_SHAPE.search(unescape(page.text))
        assert found, f"no key on the page ({page.status_code})"
        return found.group()

    def order_codes(self, name: str, count: int, value_usd: str) -> int:
        """Order a batch in the admin and return its number."""
        self.post("/admin/redemption/batch/add/", name=name, count=str(count), value_nano_usd=value_usd)
        page = self.get("/admin/redemption/batch/")
        numbers = re.findall(r"/admin/redemption/batch/(\d+)/", page.text)
        return max(int(number) for number in numbers)

    def download_codes(self, batch: int) -> list[str]:
        """Download a batch as text, which can be done once."""
        answer = self.post(f"/admin/redemption/batch/{batch}/download/", format="txt")
        return CODE_SHAPE.findall(answer.text)

    def order(self, slug: str, email: str, *, way: str = "creem-usd") -> str:
        """Order a package as a guest and return the reference; a payment page for cards is open then."""
        page = self.get(f"/checkout/{slug}")
        fields = dict(HIDDEN_SHAPE.findall(page.text))
        fields.pop("csrfmiddlewaretoken", None)
        answer = self.post(f"/checkout/{slug}", email=email, way=way, **fields)
        return str(REFERENCE_SHAPE.findall(answer.url)[0])
