"""`make run`: everything on this machine. config.devservices puts the addresses and keys into the environment."""

from config import env
from config.settings.base import *

# Off unless asked for: with DEBUG, dj-stripe lets a header replace the webhook secret, and errors show no page.
DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.secret("SECRET_KEY", "local-development-only-never-in-production-0000000000000")
CLOCK_MOVABLE = True
# The demo's catalogue sells it: 100 executions a month (F1).
DEFAULT_PLAN = env.text("DEFAULT_PLAN", "free")
# Static files straight from the source folders, without a collectstatic in between.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
# "STRIPE_API_HOST is set": here it is meant.
SILENCED_SYSTEM_CHECKS = ["djstripe.W002"]
