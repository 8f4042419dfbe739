"""The Chinese catalogue is whole, and the check that says so finds what is wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages import Catalog
from django.core.management import CommandError, call_command

from portal import texts


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work on a copy of the catalogue."""
    for name in ("CATALOGUE", "COMPILED"):
        original: Path = getattr(texts, name)
        copy = tmp_path / original.name
        copy.write_bytes(original.read_bytes())
        monkeypatch.setattr(texts, name, copy)
    return tmp_path / "django.po"


def test_every_text_is_translated_and_compiled() -> None:
    call_command("translations", "--check")


def test_renewing_changes_nothing_that_is_in_order(copied: Path) -> None:
    before = (copied.read_bytes(), copied.with_suffix(".mo").read_bytes())

    call_command("translations")

    assert (copied.read_bytes(), copied.with_suffix(".mo").read_bytes()) == before


def lose_one(catalogue: Catalog) -> None:
    catalogue.delete("Wallet")


def add_one(catalogue: Catalog) -> None:
    catalogue.add("Nobody says this", "没有人这样说")


def empty_one(catalogue: Catalog) -> None:
    catalogue["Wallet"].string = ""


def doubt_one(catalogue: Catalog) -> None:
    catalogue["Wallet"].flags.add("fuzzy")


def misplace_one(catalogue: Catalog) -> None:
    catalogue["%(done)s of %(all)s codes are issued."].string = "已生成 %(made)s 个"


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lose_one, "not in the catalogue: 'Wallet'"),
        (add_one, "no longer in the sources: 'Nobody says this'"),
        (empty_one, "not translated: 'Wallet'"),
        (doubt_one, "fuzzy: 'Wallet'"),
        (misplace_one, "wrong placeholders: '%(done)s of %(all)s codes are issued.'"),
    ],
)
def test_the_check_finds_each_kind_of_fault(
    copied: Path, damage: Callable[[Catalog], None], fault: str
) -> None:
    catalogue = texts.catalogue()
    damage(catalogue)
    texts.write(catalogue)

    assert fault in texts.faults(texts.catalogue())
    with pytest.raises(CommandError, match="need attention"):
        call_command("translations", "--check")


def test_the_check_finds_a_catalogue_that_was_not_compiled(copied: Path) -> None:
    copied.write_text(copied.read_text().replace("钱包", "皮夹"))

    assert texts.faults(texts.catalogue()) == ["the compiled catalogue differs from the written one"]


def test_renewing_keeps_translations_and_drops_what_nobody_says(copied: Path) -> None:
    catalogue = texts.catalogue()
    add_one(catalogue)
    texts.write(catalogue)

    call_command("translations")

    assert texts.faults(texts.catalogue()) == []
    assert "没有人这样说" not in copied.read_text()
