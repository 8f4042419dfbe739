"""A mix of behaviours is dealt by chance, the same with the same seed."""

from collections import Counter
from typing import Any

import pytest

from sandbox.behaviour import BehaviourSwitch
from tests.sandbox.running import RunningSandbox

THIRDS = [{"share": 1 / 3, "mode": "fail"}, {"share": 1 / 3, "mode": "omit_usage"}]


def dealt(order: dict[str, Any], *, calls: int) -> list[str]:
    switch = BehaviourSwitch()
    switch.turn(order)
    return [switch.take("deepseek-chat").mode for _ in range(calls)]


def test_shares_are_kept_and_the_rest_is_normal() -> None:
    met = Counter(dealt({"mix": THIRDS, "seed": 7}, calls=3000))

    assert met.keys() == {"fail", "omit_usage", "normal"}
    assert all(900 < count < 1100 for count in met.values())


def test_a_seed_deals_the_same_again_and_another_does_not() -> None:
    first, again, other = (dealt({"mix": THIRDS, "seed": seed}, calls=50) for seed in (7, 7, 8))

    assert first == again != other


def test_parts_that_make_up_the_whole_leave_nothing_normal() -> None:
    tenths = [{"share": 0.1, "mode": "fail", "status": 500 + number} for number in range(10)]

    assert set(dealt({"mix": tenths}, calls=500)) == {"fail"}


def test_a_mix_lasts_for_the_calls_it_was_meant_for() -> None:
    order = {"mix": [{"share": 1, "mode": "fail"}], "times": 2}

    assert dealt(order, calls=3) == ["fail", "fail", "normal"]


def test_a_mix_for_one_model_spares_the_others(sandbox: RunningSandbox) -> None:
    sandbox.behave(mix=[{"share": 1, "mode": "fail", "status": 503}], model="sandbox-free")

    statuses = [sandbox.message(model=model).status_code for model in ("glm-4-flash", "sandbox-free")]

    assert statuses == [200, 503]


def test_calls_meet_their_part_in_full(sandbox: RunningSandbox) -> None:
    sandbox.behave(mix=[{"share": 1, "mode": "usage", "usage": "many"}])

    assert sandbox.chat().json()["usage"] == "many"
    assert sandbox.embed("hi").json()["usage"] == "many"


def test_the_mix_in_force_can_be_read(sandbox: RunningSandbox) -> None:
    sandbox.behave(mix=THIRDS, seed=7)

    shown = sandbox.request("GET", "/control/behaviour").json()

    assert shown["seed"] == 7
    assert [(part["mode"], part["share"]) for part in shown["mix"]] == [
        ("fail", 1 / 3),
        ("omit_usage", 1 / 3),
    ]


@pytest.mark.parametrize(
    "order",
    [
        {"mix": []},
        {"mix": "fail"},
        {"mix": 5},
        {"mix": [{"mode": "fail"}]},
        {"mix": [{"share": 0, "mode": "fail"}]},
        {"mix": [{"share": "all", "mode": "fail"}]},
        {"mix": [{"share": 0.6}, {"share": 0.5}]},
        {"mix": [{"share": 0.5, "mode": "explode"}]},
        {"mix": [{"share": 0.5, "times": 3}]},
        {"mix": [{"share": 0.5, "model": "glm-4-flash"}]},
        {"mix": [{"share": 0.5}], "mode": "fail"},
        {"mix": [{"share": 0.5}], "times": 0},
        {"mix": [{"share": 0.5}], "seed": [1]},
    ],
)
def test_a_mix_that_cannot_be_dealt_is_refused_and_changes_nothing(
    sandbox: RunningSandbox, order: dict[str, Any]
) -> None:
    sandbox.behave(mode="fail", status=418)

    answer = sandbox.behave(**order)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert sandbox.request("GET", "/control/behaviour").json()["status"] == 418
