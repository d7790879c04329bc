#!/usr/bin/env python3
"""Django's command line. `migrate` connects as the owner of the tables, every other command as the application."""

import os
import sys

from django.core.management import execute_from_command_line


def main() -> None:
    """Run one management command."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    if sys.argv[1:2] == ["migrate"]:
        os.environ.setdefault("FAREBOX_PROCESS", "migrate")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
