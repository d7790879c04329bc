"""The web process for ASGI servers; `config.wsgi` is the fast one (every view of ours is synchronous)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("FAREBOX_PROCESS", "web")

from django.core.asgi import get_asgi_application
from django.core.signals import request_started

from config.kit import checks, connections

application = get_asgi_application()
request_started.connect(connections.drop_closed)
checks.refuse_when_unsafe()
