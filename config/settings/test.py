"""The test process itself. Its servers start when a test needs them (tests/conftest.py), at the ports chosen here;
processes that tests start (web, worker) run with the local settings, like `make run`.
"""

import os

from config.devservices.home import HOST, free_port

# Chosen in every process anew: parallel workers must not share a broker or a stand-in.
STRIPE_STANDIN_PORT = free_port()
VALKEY_PORT = free_port()
os.environ.update(
    DATABASE_URL=f"postgresql://farebox_app@{HOST}:1/filled_in_by_conftest",
    CELERY_BROKER_URL=f"redis://{HOST}:{VALKEY_PORT}/0",
    STRIPE_API_HOST=f"http://{HOST}:{STRIPE_STANDIN_PORT}",
    STRIPE_PAGE_ORIGINS=f"http://{HOST}:{STRIPE_STANDIN_PORT}",
    STRIPE_TEST_SECRET_KEY="sk_test_" + "4" * 32,
)

from config.settings.base import *

SECRET_KEY = "tests-only-never-in-production-00000000000000000000000000"  # noqa: S105
CLOCK_MOVABLE = True
# Hashing slowly is for attackers, not for fixtures.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
