"""`manage.py check_templates`: whether every template of the house can be compiled."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.template import TemplateDoesNotExist, TemplateSyntaxError
from django.template.loader import get_template


class Command(BaseCommand):
    help = "Compile every template in templates/ and name those that cannot be."

    def handle(self, *args: Any, **options: Any) -> None:
        root: Path = settings.BASE_DIR / "templates"
        found = sorted(path for path in root.rglob("*") if path.is_file())
        faults = [fault for path in found if (fault := _fault_of(str(path.relative_to(root))))]
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{len(found)} templates compile.")


def _fault_of(name: str) -> str:
    try:
        get_template(name)
    except (TemplateSyntaxError, TemplateDoesNotExist) as error:
        return f"{name}: {error}"
    return ""
