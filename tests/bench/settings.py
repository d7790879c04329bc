"""The local settings, with the bare views that the bench compares with."""

from config.settings.local import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
