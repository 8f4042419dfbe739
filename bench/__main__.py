"""All benchmarks one after another, or those that are named: ``python -m bench codes_issue``."""

import shutil
import subprocess
import sys

from django.conf import settings

ALL = [
    "codes_issue",
    "codes_redeem",
    "ledger_pairs",
    "ledger_keys",
    "ledger_plans",
    "plans_turn",
    "shop_lookup",
    "shop_webhooks",
    "shop_delivery",
    "shop_backlog",
    "gateway",
    "gateway.http_clients",
    "gateway.streams_memory",
]


def main(names: list[str]) -> int:
    """Run each in a process and on a database of its own; return how many were too slow."""
    shutil.rmtree(settings.VAR_DIR)  # they make their own
    return sum(run(name) != 0 for name in names)


def run(name: str) -> int:
    """Run one benchmark and return its exit code. When we are stopped, so is it, and is waited for."""
    print(f"\n{name}", flush=True)
    with subprocess.Popen([sys.executable, "-m", f"bench.{name}"]) as running:
        try:
            return running.wait()
        finally:
            running.terminate()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ALL))
