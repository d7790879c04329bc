"""The web process."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("FAREBOX_PROCESS", "web")

from django.core.signals import request_started
from django.core.wsgi import get_wsgi_application

from config.kit import checks, connections
from wallets.checks import refuse_other_credit_value

application = get_wsgi_application()
request_started.connect(connections.drop_closed)
checks.refuse_when_unsafe()
refuse_other_credit_value()
