"""`python -m tests.support.migrate app app`: migrate apps one after the other, or all of them, in one process."""

import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    for app in sys.argv[1:]:
        call_command("migrate", app, interactive=False, verbosity=0)
    if not sys.argv[1:]:
        call_command("migrate", interactive=False, verbosity=0)
