"""The `claude` command line, installed from npm outside the project: a real client, used and never kept."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGE = "@anthropic-ai/claude-code"
PROGRAM = Path("node_modules", ".bin", "claude")
INSTALL_SECONDS, ANSWER_SECONDS = 300, 120


def is_available() -> bool:
    """Tell whether npm is here to install it."""
    return shutil.which("npm") is not None


def installed() -> Path:
    """Return the program, installed on first need into a folder that later runs find again."""
    folder = Path(tempfile.gettempdir(), f"purser-clients-{os.geteuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / PROGRAM).exists():
        command = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", PACKAGE]
        subprocess.run(command, cwd=folder, check=True, timeout=INSTALL_SECONDS, capture_output=True)
    return folder / PROGRAM


def ask(prompt: str, *, base_url: str, key: str, model: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run one prompt with nothing but our addresses in its environment, as a new user's shell has it."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_BASE_URL": base_url,
        "ANTHROPIC_AUTH_TOKEN": key,
        "ANTHROPIC_MODEL": model,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    return subprocess.run(
        [installed(), "-p", prompt],
        env=environment, cwd=home, capture_output=True, text=True, timeout=ANSWER_SECONDS, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
