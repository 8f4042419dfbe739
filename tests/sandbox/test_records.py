"""What a stand-in keeps outlives it, and half a line is no line."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from sandbox.records import Record, Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Cat(Record):
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dog(Record):
    name: str


def records(path: Path) -> Records:
    return Records(path, kinds=[Cat, Dog])


def test_records_are_remembered_as_they_last_were(tmp_path: Path) -> None:
    kept = records(tmp_path / "pets")
    tom, rex = Cat(id="1", name="Tom"), Dog(id="1", name="Rex")
    kept.keep(tom, rex)
    kept.keep(replace(tom, name="Thomas"))
    kept.close()

    remembered = records(tmp_path / "pets")

    assert remembered.all(Cat) == [Cat(id="1", name="Thomas")]
    assert remembered.get(Dog, "1") == rex
    assert remembered.find(Dog, "2") is None
    assert remembered.find(Dog, None) is None
    remembered.close()


@pytest.mark.parametrize("lost_bytes", [1, 20])
def test_a_line_that_was_cut_short_never_happened_as_a_whole(tmp_path: Path, lost_bytes: int) -> None:
    path = tmp_path / "pets"
    kept = records(path)
    kept.keep(Cat(id="1", name="Tom"))
    kept.keep(Cat(id="2", name="Kit"), Dog(id="1", name="Rex"))
    kept.close()
    path.write_bytes(path.read_bytes()[:-lost_bytes])

    first = records(path)
    first.keep(Cat(id="3", name="Mia"))
    first.close()

    again = records(path)
    assert [cat.name for cat in again.all(Cat)] == ["Tom", "Mia"]
    assert again.all(Dog) == []
    again.close()
