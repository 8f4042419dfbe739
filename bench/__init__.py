"""Benchmarks. Each is one command, and each measures the machine's own limit in the same run.

Importing this package sets Django up on a state directory of its own. `DATABASE_URL` names another server
than the embedded one.
"""

import os
import signal
import sys
import tempfile

import django

os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="purser-bench-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
django.setup()

# Whoever stops a benchmark stops its servers too. By default the first signal would leave them behind, and
# the second would not be heard by what a shell runs in the background.
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, _frame: sys.exit(128 + number))
