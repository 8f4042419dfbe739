"""Reads a page as its reader does: the words that can be seen or heard, without the markup."""

import re
from html.parser import HTMLParser

# Text that is the same in every language: programs, names and keys.
UNTRANSLATED_PLACES = {"code", "pre", "script", "style", "template", "textarea"}
SPOKEN_ATTRIBUTES = {"aria-label", "alt", "placeholder", "data-label", "data-copied", "title"}
VOID = {"input", "meta", "link", "br", "hr", "img", "path", "rect"}
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’]{2,}")
SAME_IN_CHINESE = {
    "API", "Anthropic", "Base", "CNY", "CSV", "Creem", "EUR", "English", "JavaScript", "OpenAI", "Purser",
    "Python", "TOTP", "URL", "USD", "UTC", "XXXX", "cookie", "curl", "token",
}  # fmt: skip

# Programs, what stands on their buttons, and headers: whole, so that none of their words excuses another.
NAMES_OF_OTHERS = [
    "Settings 、 Models 、 API Keys", "Override OpenAI Base URL", "OpenAI Compatible", "OpenAI API Key",
    "~/.claude/settings.json", "Cline、Roo Code、Continue 和 Zed", "Token、Secret", "Retry-After",
    "Content-Encoding", "Cherry Studio、LobeChat、NextChat、Open WebUI", "Chatbox", "Claude Code", "Cursor",
    "SDK", "Windows", "macOS, Linux", "Pay2Go",
]  # fmt: skip


class Reader(HTMLParser):
    """Collects what a page says."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        if self.silent or tag in UNTRANSLATED_PLACES or "mono" in (about.get("class") or "").split():
            self.silent += [] if tag in VOID else [tag]
            return
        self.said += [value for name, value in attrs if name in SPOKEN_ATTRIBUTES and value]

    def handle_endtag(self, tag: str) -> None:
        if self.silent:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.said.append(data)


def words(html: str) -> str:
    """Return all that ``html`` says, with single spaces."""
    reader = Reader()
    reader.feed(html)
    return " ".join(" ".join(reader.said).split())


def english_left(html: str, *names: str) -> set[str]:
    """Return the English words of a Chinese page; ``names`` are texts that people typed, e-mails, models."""
    said = words(html)
    for name in [*names, *NAMES_OF_OTHERS]:
        said = said.replace(name, " ")
    return set(LATIN_WORD.findall(said)) - SAME_IN_CHINESE
