"""The web process. Workers and commands hold one plain connection each; only this process pools them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("FAREBOX_PROCESS", "web")

from django.core.wsgi import get_wsgi_application  # noqa: E402  (the settings read the two names above)

from config.kit import checks  # noqa: E402
from wallets.checks import refuse_other_credit_value  # noqa: E402

application = get_wsgi_application()
checks.refuse_when_unsafe()
refuse_other_credit_value()
