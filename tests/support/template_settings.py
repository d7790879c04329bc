"""The local settings while our own tables are made in a test template that has third parties' tables already.

At each operation Django renders all models anew that are related to the changed one, and dj-stripe's sixty are, by way
of the customer: that was most of a migration's time. An app without migrations is rendered once, without relations.
"""

from config.settings.local import *  # noqa: F403

THIRD_PARTIES = ("djstripe", "account", "admin", "sessions")
MIGRATION_MODULES = dict.fromkeys(THIRD_PARTIES)  # type: ignore[assignment]
