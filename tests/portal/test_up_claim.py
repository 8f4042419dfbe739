"""What one run of the product has for itself alone."""

import socket
from pathlib import Path

import pytest

from portal.processes import claim
from portal.processes.claim import AlreadyTaken


def test_a_state_directory_has_one_holder(tmp_path: Path) -> None:
    with claim.state_dir(tmp_path), pytest.raises(AlreadyTaken, match="VAR_DIR"), claim.state_dir(tmp_path):
        pytest.fail("held twice")


def test_a_state_directory_is_free_again_afterwards(tmp_path: Path) -> None:
    with claim.state_dir(tmp_path):
        pass

    with claim.state_dir(tmp_path):
        assert (tmp_path / "up.lock").exists()


def test_others_may_pass_through_a_new_state_directory_but_not_look_around(tmp_path: Path) -> None:
    with claim.state_dir(tmp_path / "new"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o711


def test_a_port_in_use_is_refused_by_the_name_of_its_setting() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(AlreadyTaken, match="Set SANDBOX_PORT"),
    ):
        claim.require_free([("SANDBOX_PORT", server.getsockname()[1])])


def test_a_free_port_is_accepted() -> None:
    claim.require_free([("PORT", 0)])
