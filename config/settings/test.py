"""The test suite. tests/conftest.py puts the addresses of its own servers into the environment."""

from config.settings.base import *  # noqa: F403

SECRET_KEY = "tests-only-never-in-production-00000000000000000000000000"  # noqa: S105
CLOCK_MOVABLE = True
# Hashing slowly is for attackers, not for fixtures.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
