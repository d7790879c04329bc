"""The web process. Workers and commands hold one plain connection each; only this process pools them."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("FAREBOX_PROCESS", "web")

from django.core.wsgi import get_wsgi_application

from config.kit import checks
from wallets.checks import refuse_other_credit_value

application = get_wsgi_application()
checks.refuse_when_unsafe()
refuse_other_credit_value()
