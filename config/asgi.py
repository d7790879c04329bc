"""The web process for ASGI servers; `config.wsgi` is the fast one (every view of ours is synchronous)."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
os.environ.setdefault("FAREBOX_PROCESS", "web")

from django.core.asgi import get_asgi_application

from config.kit import checks

application = get_asgi_application()
checks.refuse_when_unsafe()
