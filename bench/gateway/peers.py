"""The other gateways: installed into folders of their own, and started as their makers would.

Neither charges anything here. The folders stay in the temporary directory: the next run begins sooner.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from bench import servers
from bench.gateway.load import Target
from bench.gateway.sides import Side
from tests.cluster import free_ports

FOLDER = Path(tempfile.gettempdir()) / "purser-bench-peers"
KEY = "sk-bench"

LITELLM_VERSION = "1.108.7"
LITELLM_CONFIG = """
model_list:
  - model_name: bench
    litellm_params:
      model: openai/bench
      api_base: http://127.0.0.1:{port}/v1
      api_key: sk-upstream
"""
# What its makers advise for production, and no look at the internet for prices.
LITELLM_ENVIRONMENT = {
    "LITELLM_MASTER_KEY": KEY,
    "LITELLM_MODE": "PRODUCTION",
    "LITELLM_LOG": "ERROR",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}

PORTKEY_VERSION = "1.15.2"
# Its package allows every version of its server; with those from 1.14 on it answers every stream with 500.
PORTKEY_PACKAGE = {
    "private": True,
    "dependencies": {"@portkey-ai/gateway": PORTKEY_VERSION},
    "overrides": {"@hono/node-server": "~1.13.8"},
}


@contextmanager
def litellm(upstream_port: int) -> Iterator[Side]:
    """Run LiteLLM's proxy: one worker, a master key, no database."""
    folder = FOLDER / f"litellm-{LITELLM_VERSION}"
    install(folder, virtualenv(f"litellm[proxy]=={LITELLM_VERSION}"))
    (folder / "config.yaml").write_text(LITELLM_CONFIG.format(port=upstream_port))
    [port] = free_ports(1)
    options = f"--config config.yaml --host 127.0.0.1 --port {port} --num_workers 1 --telemetry False"
    command = [str(folder / "bin/litellm"), *options.split()]
    health = "/health/liveliness"
    with servers.running(command, port=port, folder=folder, health=health, **LITELLM_ENVIRONMENT) as server:
        yield Side(Target("LiteLLM", port, [{"Authorization": f"Bearer {KEY}"}]), server)


@contextmanager
def portkey(upstream_port: int) -> Iterator[Side]:
    """Run Portkey's gateway."""
    folder = FOLDER / f"portkey-{PORTKEY_VERSION}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_bytes(orjson.dumps(PORTKEY_PACKAGE))
    install(folder, [["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent"]])
    [port] = free_ports(1)
    program = "node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ["node", program, "--headless", f"--port={port}"]
    with servers.running(command, port=port, folder=folder, health="/", NODE_ENV="production") as server:
        headers = {
            "Authorization": "Bearer sk-upstream",
            "x-portkey-provider": "openai",
            "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}/v1",
        }
        yield Side(Target("Portkey", port, [headers]), server)


def can_run_portkey() -> bool:
    """Tell whether there is an npm, and say so loudly when there is none."""
    if shutil.which("npm"):
        return True
    print("!!! There is no npm on the PATH: Portkey is left out, and no goal that names it is tried.")
    return False


def virtualenv(*packages: str) -> list[list[str]]:
    """Return the steps that make a folder a virtual environment with ``packages``."""
    return [[sys.executable, "-m", "venv", "."], ["bin/python", "-m", "pip", "install", "-qq", *packages]]


def install(folder: Path, steps: list[list[str]]) -> None:
    """Take ``steps`` in ``folder``, unless an earlier run did."""
    done = folder / "installed"
    if done.exists():
        return
    print(f"Installing {folder.name} into {folder.parent} (once, a minute or two) ...", flush=True)
    folder.mkdir(parents=True, exist_ok=True)
    for step in steps:
        subprocess.run(step, cwd=folder, check=True)
    done.touch()
