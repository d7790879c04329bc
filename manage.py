#!/usr/bin/env python3
"""Django's command line. `migrate` connects as the owner of the tables, every other command as the application.

Without DATABASE_URL in the environment, a development command works on the instance that FAREBOX_HOME names.
"""

import os
import sys
from importlib import import_module

from django.core.management import execute_from_command_line

DEVELOPMENT = "config.settings.local"


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", DEVELOPMENT)
    if "DATABASE_URL" not in os.environ and os.environ["DJANGO_SETTINGS_MODULE"] == DEVELOPMENT:
        join_instance()
    if sys.argv[1:2] == ["migrate"]:
        os.environ.setdefault("FAREBOX_PROCESS", "migrate")
    execute_from_command_line(sys.argv)


def join_instance() -> None:
    """Take the addresses and keys that `make run` remembers; production has no such packages and never comes here."""
    environment = import_module("config.devservices.environment")
    home = import_module("config.devservices.home")
    os.environ.update(environment.remembered(home.Home.from_environment()))


if __name__ == "__main__":
    main()
