"""Every text that people see: found in the sources, and held beside its Chinese translation.

Stands on Babel, which is installed for development only: the site itself reads the compiled catalogue.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
CATALOGUE = settings.BASE_DIR / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
COMPILED = CATALOGUE.with_suffix(".mo")
ROOMS = ("portal", "storage", "gateway", "billing", "redemption", "ledger", "accounts")
KEYWORDS = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "gettext_noop": None,
}
INDENTATION = re.compile(r"^[ \t]+", re.MULTILINE)
LINE_WIDTH = 100
# A catalogue that says when and by what it was made would differ at every run.
NO_DATE = datetime(2000, 1, 1, tzinfo=UTC)
HEADER = rb"""# Texts of Purser in Simplified Chinese. Renewed by `manage.py translations`.
msgid ""
msgstr ""
"Language: zh_Hans\n"
"Plural-Forms: nplurals=1; plural=0;\n"
"Content-Type: text/plain; charset=utf-8\n"

"""


def catalogue() -> Catalog:
    """Return the catalogue as it is written down."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=LOCALE)


def renewed(old: Catalog) -> Catalog:
    """Return a catalogue of every text in the sources, each with the translation that ``old`` has for it."""
    new = Catalog(locale=LOCALE, creation_date=NO_DATE, revision_date=NO_DATE, fuzzy=False)
    for text, context in _texts():
        known = old.get(text, context)
        new.add(text, known.string if known else None, flags=known.flags if known else (), context=context)
    return new


def write(new: Catalog) -> None:
    """Write the catalogue down and compile it."""
    with CATALOGUE.open("wb") as file:
        file.write(HEADER)
        write_po(file, new, width=LINE_WIDTH, omit_header=True, no_location=True, sort_output=True)
    with COMPILED.open("wb") as file:
        write_mo(file, new)


def faults(written: Catalog) -> list[str]:
    """Return what is wrong with the written catalogue, a line each; nothing when it is whole."""
    wanted = renewed(written)
    return [
        *(f"not in the catalogue: {m.id!r}" for m in _texts_of(wanted) if _find(m, written) is None),
        *(f"no longer in the sources: {m.id!r}" for m in _texts_of(written) if _find(m, wanted) is None),
        *(f"not translated: {m.id!r}" for m in _texts_of(written) if not all(_strings(m))),
        *(f"fuzzy: {m.id!r}" for m in _texts_of(written) if m.fuzzy),
        *(f"wrong placeholders: {m.id!r}" for m in _texts_of(written) if m.check(written)),
        *_faults_of_compiled(written),
    ]


def _find(message: Message, one: Catalog) -> Message | None:
    return one.get(message.id, message.context)


def _faults_of_compiled(written: Catalog) -> list[str]:
    with COMPILED.open("rb") as file:
        compiled = read_mo(file)
    is_same = _translated(written) == _translated(compiled)
    return [] if is_same else ["the compiled catalogue differs from the written one"]


def _translated(one: Catalog) -> dict[tuple[str, str | None], tuple[str, ...]]:
    return {
        (m.id if isinstance(m.id, str) else m.id[0], _context(m)): _strings(m)
        for m in _texts_of(one)
        if all(_strings(m))
    }


def _context(message: Message) -> str | None:
    # Babel reads contexts of compiled catalogues as bytes.
    context: str | bytes | None = message.context
    return context.decode() if isinstance(context, bytes) else context


def _texts_of(one: Catalog) -> Iterator[Message]:
    return (message for message in one if message.id)  # the message without an id is the header


def _strings(message: Message) -> tuple[str, ...]:
    translated = message.string or ""
    return (translated,) if isinstance(translated, str) else tuple(translated)


def _texts() -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    for source in _sources():
        for _, text, _, context in extract("python", BytesIO(source.encode()), keywords=KEYWORDS):
            yield text, context


def _sources() -> Iterator[str]:
    root: Path = settings.BASE_DIR
    for room in ROOMS:
        for path in sorted((root / room).rglob("*.py")):
            yield path.read_text()
    for path in sorted((root / "templates").rglob("*.*")):
        # What is no tag becomes letters that mean nothing, indented in ways that Python would refuse.
        yield INDENTATION.sub("", templatize(path.read_text(), origin=str(path)))
