"""The secrets that a machine makes for itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from portal.embedded import local_secrets
from portal.settings.secrets import read_secrets


def test_the_secrets_are_good_enough_for_the_settings(tmp_path: Path) -> None:
    secrets = read_secrets(local_secrets.load(tmp_path))

    assert secrets.key_peppers.keys() == secrets.sealing_keys.keys() == {1}


def test_the_secrets_stay_the_same_once_made(tmp_path: Path) -> None:
    assert local_secrets.load(tmp_path) == local_secrets.load(tmp_path)


def test_two_installations_have_different_secrets(tmp_path: Path) -> None:
    assert local_secrets.load(tmp_path / "one") != local_secrets.load(tmp_path / "two")


def test_processes_that_start_at_once_agree_on_one_set(tmp_path: Path) -> None:
    with ThreadPoolExecutor(32) as threads:
        loaded = list(threads.map(lambda _: local_secrets.load(tmp_path / "new"), range(32)))

    assert all(secrets == loaded[0] for secrets in loaded)


def test_nobody_else_may_read_the_file_and_no_draft_of_it_stays(tmp_path: Path) -> None:
    local_secrets.load(tmp_path)

    assert [(path.name, path.stat().st_mode & 0o777) for path in tmp_path.iterdir()] == [
        ("secrets.env", 0o600)
    ]
