"""Secrets are found again by their hash, and by nothing else."""

import hashlib
import hmac

from pytest_django import Settings

from accounts.services import keyed_hash

OLD, NEW = b"o" * 32, b"n" * 32


def test_a_hash_is_the_hmac_of_purpose_and_text_under_the_newest_pepper(settings: Settings) -> None:
    settings.KEY_PEPPERS = {2: NEW, 1: OLD}

    hashed = keyed_hash.digest(keyed_hash.CODE, "text")

    assert hashed == keyed_hash.KeyedHash(2, hmac.new(NEW, b"code\0text", hashlib.sha256).digest())


def test_what_an_older_pepper_hashed_is_still_found(settings: Settings) -> None:
    settings.KEY_PEPPERS = {1: OLD}
    stored = keyed_hash.digest(keyed_hash.CODE, "text")

    settings.KEY_PEPPERS = {2: NEW, 1: OLD}

    assert [found.version for found in keyed_hash.candidates(keyed_hash.CODE, "text")] == [2, 1]
    assert stored in keyed_hash.candidates(keyed_hash.CODE, "text")


def test_newest_means_named_first_whatever_the_numbers_say(settings: Settings) -> None:
    settings.KEY_PEPPERS = {1: NEW, 7: OLD}

    assert keyed_hash.digest(keyed_hash.CODE, "text").version == 1


def test_the_same_text_hashes_apart_for_each_purpose() -> None:
    purposes = [keyed_hash.API_KEY, keyed_hash.CODE, keyed_hash.ATTEMPT]

    assert len({keyed_hash.digest(purpose, "text").value for purpose in purposes}) == len(purposes)
