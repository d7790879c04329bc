from django.apps import AppConfig

# Registered by being imported, in every process: the current Celery app, so that jobs find the broker, and the
# system checks (through it).
from config import celery

__all__ = ["WiringConfig", "celery"]


class WiringConfig(AppConfig):
    """Wires config itself in as an app."""

    name = "config"
    label = "config"
