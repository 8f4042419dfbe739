"""`manage.py up`: the whole product on this machine, until Ctrl-C."""

import http.client
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from portal import demo
from portal.processes import claim, leftovers, lineup
from portal.processes.child import ChildFailed
from portal.processes.supervisor import StopRequested, Supervisor

READY_SECONDS = 120
LEFTOVER_SECONDS = 20


class Command(BaseCommand):
    help = "Run everything on this machine: databases, sandbox, site, gateway, worker and beat."
    requires_system_checks = []  # the first step that it runs does them

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with claim.state_dir(settings.VAR_DIR):
                self._run()
        except StopRequested:
            self._say("stopped")
        except (claim.AlreadyTaken, ChildFailed) as failure:
            raise CommandError(str(failure)) from failure

    def _run(self) -> None:
        leftovers.end(leftovers.of_every_child(settings.VAR_DIR), patience_seconds=LEFTOVER_SECONDS)
        claim.require_free(lineup.ports())
        with Supervisor(self._say) as supervisor:
            for server in lineup.servers():
                supervisor.keep(server)
            for step in lineup.steps():
                supervisor.run(step)
            for program in lineup.programs():
                supervisor.keep(program)
            supervisor.wait_until(_is_healthy, seconds=READY_SECONDS)
            self._welcome()
            supervisor.watch()

    def _welcome(self) -> None:
        sandbox = f"http://127.0.0.1:{settings.SANDBOX_PORT}"
        rows = [
            ("Site", settings.PUBLIC_URL),
            ("Base URL", settings.GATEWAY_BASE_URL),
            ("Shop", f"{settings.PUBLIC_URL}/pricing"),
            ("Admin", f"{settings.PUBLIC_URL}/admin/"),
            ("Sandbox", sandbox),
            ("Mailbox", f"{sandbox}/mailbox"),
            *((f"Log in as {login.role}", f"{login.email}  {login.password}") for login in demo.LOGINS),
        ]
        lines = [f"  {name:<24}{value}" for name, value in rows]
        self._say("\n".join(["", "Ready. Ctrl-C stops everything.", "", *lines, ""]))

    def _say(self, sentence: str) -> None:
        try:
            self.stdout.write(sentence)
            self.stdout.flush()
        except OSError:  # the terminal is gone; what is left is to stop in good order
            return


def _is_healthy() -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", settings.PORT, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
