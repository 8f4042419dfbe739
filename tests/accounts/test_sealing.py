"""What is sealed opens where it belongs, unchanged, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.errors import SealBroken
from accounts.services import sealing

OLD, NEW = b"o" * 32, b"n" * 32
PLACE = "gateway.channel|primary"


@given(st.binary(max_size=300), st.text(max_size=30))
def test_a_box_gives_back_what_was_sealed(plaintext: bytes, context: str) -> None:
    assert sealing.unseal(sealing.seal(plaintext, context=context), context=context) == plaintext


@given(st.data())
def test_a_box_with_any_bit_changed_stays_shut(data: st.DataObject) -> None:
    sealed = bytearray(sealing.seal(b"secret", context=PLACE))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(SealBroken):
        sealing.unseal(bytes(sealed), context=PLACE)


@pytest.mark.parametrize("length", [0, 1, 2, 13, 14, 20])
def test_a_box_cut_short_stays_shut(length: int) -> None:
    sealed = sealing.seal(b"secret", context=PLACE)

    with pytest.raises(SealBroken):
        sealing.unseal(sealed[:length], context=PLACE)


def test_a_box_moved_to_another_place_stays_shut() -> None:
    sealed = sealing.seal(b"secret", context=PLACE)

    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context="gateway.channel|backup")


def test_no_two_boxes_are_alike() -> None:
    assert sealing.seal(b"secret", context=PLACE) != sealing.seal(b"secret", context=PLACE)


def test_an_old_box_opens_after_the_key_was_rotated(settings: Settings) -> None:
    settings.SEALING_KEYS = {1: OLD}
    sealed = sealing.seal(b"secret", context=PLACE)

    settings.SEALING_KEYS = {2: NEW, 1: OLD}

    assert sealing.unseal(sealed, context=PLACE) == b"secret"
    assert sealing.seal(b"secret", context=PLACE)[:2] == b"\0\2"


def test_a_box_whose_key_is_gone_stays_shut(settings: Settings) -> None:
    settings.SEALING_KEYS = {1: OLD}
    sealed = sealing.seal(b"secret", context=PLACE)

    settings.SEALING_KEYS = {2: NEW}

    with pytest.raises(SealBroken):
        sealing.unseal(sealed, context=PLACE)
