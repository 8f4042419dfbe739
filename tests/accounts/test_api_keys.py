"""API keys: recognised when mistyped, owned by one customer, deleted for ever."""

import string
import traceback
import zlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.errors import KeyNotFound, MalformedKey
from accounts.models import ApiKey
from accounts.services import api_keys, keyed_hash
from tests.factories.accounts import CustomerFactory

SYMBOLS = string.digits + string.ascii_uppercase + string.ascii_lowercase
KEY_LENGTH = 53

Spoil = Callable[[str], str]
Act = Callable[[ApiKey], object]


def rename(api_key: ApiKey) -> None:
    api_keys.describe(api_key, name="another", expires_at=None)


def with_checksum(body: str) -> str:
    """Finish a key as the architecture says, apart from the product's own code."""
    number = zlib.crc32(body.encode())
    return body + "".join(SYMBOLS[number // 62**place % 62] for place in range(5, -1, -1))


bodies = st.text(SYMBOLS, min_size=44, max_size=44)
keys = bodies.map(lambda body: with_checksum(f"sk-{body}"))


@pytest.mark.django_db
def test_a_new_key_has_the_form_that_the_architecture_names() -> None:
    issued = api_keys.create(CustomerFactory.create(), name="laptop")

    text = issued.secret_text
    assert len(text) == KEY_LENGTH
    assert with_checksum(text[:-6]) == text
    assert text.startswith(f"sk-{issued.api_key.key_id}")


@pytest.mark.django_db
def test_of_a_key_the_table_keeps_its_hash_and_what_may_be_shown() -> None:
    expiry = timezone.now() + timedelta(days=1)

    issued = api_keys.create(CustomerFactory.create(), name="laptop", expires_at=expiry)

    kept = ApiKey.objects.get()
    hashed = keyed_hash.digest(keyed_hash.API_KEY, issued.secret_text[15:47])
    assert (bytes(kept.secret_hash), kept.pepper_version) == (hashed.value, hashed.version)
    assert (kept.name, kept.expires_at, kept.state) == ("laptop", expiry, ApiKey.State.ACTIVE)
    assert kept.shown == f"{issued.secret_text[:7]}…{issued.secret_text[-4:]}"
    assert not [value for value in ApiKey.objects.values_list()[0] if issued.secret_text[15:47] in str(value)]


@pytest.mark.django_db
def test_a_key_is_taken_apart_without_a_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    issued = api_keys.create(CustomerFactory.create(), name="laptop")

    with django_assert_num_queries(0):
        parsed = api_keys.parse(issued.secret_text)

    assert (parsed.key_id, parsed.secret) == (issued.api_key.key_id, issued.secret_text[15:47])


@given(keys)
def test_every_key_with_a_right_checksum_is_taken_apart(text: str) -> None:
    parsed = api_keys.parse(text)

    assert f"sk-{parsed.key_id}{parsed.secret}" == text[:-6]


@given(keys, st.integers(0, KEY_LENGTH - 1), st.characters(codec="utf-8"))
def test_a_key_with_one_mistyped_character_is_refused(text: str, place: int, typed: str) -> None:
    mistyped = text[:place] + typed + text[place + 1 :]

    assert mistyped == text or is_refused(mistyped)


@given(keys, st.integers(0, KEY_LENGTH - 2))
def test_a_key_with_two_swapped_neighbours_is_refused(text: str, place: int) -> None:
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    assert swapped == text or is_refused(swapped)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: text[:-1],
        lambda text: text + "0",
        lambda text: text + "\n",
        lambda text: text.upper(),
        lambda text: "pk" + text[2:],
        lambda text: with_checksum(text[:-7]),
        lambda text: with_checksum("sk-" + "é" * 44),
        lambda text: text * 10_000,
    ],
)
def test_a_text_of_another_shape_is_no_key(spoil: Spoil) -> None:
    assert is_refused(spoil(with_checksum("sk-" + "aZ09" * 11)))


@pytest.mark.django_db
def test_a_mistyped_key_costs_no_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    text = with_checksum("sk-" + "aZ09" * 11)

    with django_assert_num_queries(0), pytest.raises(MalformedKey):
        api_keys.parse(text.replace("Z", "Y", 1))


@pytest.mark.django_db
def test_a_key_is_found_by_its_owner_alone() -> None:
    owner, stranger = CustomerFactory.create_batch(2)
    api_key = api_keys.create(owner, name="laptop").api_key

    assert api_keys.find(owner, api_key.pk) == api_key
    with pytest.raises(KeyNotFound):
        api_keys.find(stranger, api_key.pk)


@pytest.mark.django_db
def test_a_rotated_key_is_the_same_key_with_another_secret() -> None:
    first = api_keys.create(CustomerFactory.create(), name="laptop", expires_at=timezone.now())

    second = api_keys.rotate(first.api_key)

    kept = ApiKey.objects.get()
    hashed = keyed_hash.digest(keyed_hash.API_KEY, api_keys.parse(second.secret_text).secret)
    assert second.secret_text != first.secret_text
    assert api_keys.parse(second.secret_text).key_id == kept.key_id == first.api_key.key_id
    assert bytes(kept.secret_hash) == hashed.value
    assert (kept.name, kept.expires_at) == ("laptop", first.api_key.expires_at)
    assert kept.shown == second.api_key.shown == f"{second.secret_text[:7]}…{second.secret_text[-4:]}"


@pytest.mark.django_db
def test_a_rotated_key_rests_if_it_did() -> None:
    api_key = api_keys.create(CustomerFactory.create(), name="laptop").api_key
    api_keys.disable(api_key)

    api_keys.rotate(api_key)

    assert ApiKey.objects.get().state == ApiKey.State.DISABLED


@pytest.mark.django_db
def test_a_key_is_described_anew() -> None:
    api_key = api_keys.create(CustomerFactory.create(), name="laptop", expires_at=timezone.now()).api_key

    api_keys.describe(api_key, name="phone", expires_at=None)

    kept = ApiKey.objects.get()
    assert (kept.name, kept.expires_at) == (api_key.name, api_key.expires_at) == ("phone", None)


@pytest.mark.django_db
def test_a_key_rests_while_it_is_disabled() -> None:
    api_key = api_keys.create(CustomerFactory.create(), name="laptop").api_key

    api_keys.disable(api_key)
    assert ApiKey.objects.get().state == api_key.state == ApiKey.State.DISABLED

    api_keys.enable(api_key)
    assert ApiKey.objects.get().state == api_key.state == ApiKey.State.ACTIVE


@pytest.mark.django_db
@pytest.mark.parametrize(
    "bring_back", [api_keys.enable, api_keys.disable, api_keys.rotate, rename, api_keys.revoke]
)
def test_a_deleted_key_never_comes_back(bring_back: Act) -> None:
    api_key = api_keys.create(CustomerFactory.create(), name="laptop").api_key
    stale = ApiKey.objects.get()

    api_keys.revoke(api_key)

    with pytest.raises(KeyNotFound):
        bring_back(stale)
    with pytest.raises(KeyNotFound):
        api_keys.find(api_key.customer, api_key.pk)
    assert ApiKey.objects.get().state == ApiKey.State.REVOKED


@pytest.mark.django_db
def test_no_secret_is_in_what_a_log_or_a_traceback_would_print() -> None:
    issued = api_keys.create(CustomerFactory.create(), name="laptop")
    parsed = api_keys.parse(issued.secret_text)
    with pytest.raises(MalformedKey) as refusal:
        api_keys.parse(issued.secret_text + "x")

    printed = f"{issued!r} {issued} {parsed!r} {parsed} {issued.api_key!r} {issued.api_key}"
    printed += "".join(traceback.format_exception(refusal.value))
    assert parsed.secret not in printed


def is_refused(text: str) -> bool:
    try:
        api_keys.parse(text)
    except MalformedKey:
        return True
    return False
