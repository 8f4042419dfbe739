"""Benchmarks. Each is one command, and each measures the machine's own limit in the same run.

Importing this package sets Django up on a state directory of its own. `DATABASE_URL` names another server
than the embedded one.
"""

import os
import tempfile

import django

os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="purser-bench-")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
django.setup()
