"""The local settings, with the bare views that the bench compares with, and no movable clock, as in production."""

from config.settings.local import *  # noqa: F403

ROOT_URLCONF = "tests.bench.urls"
CLOCK_MOVABLE = False
