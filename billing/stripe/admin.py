"""dj-stripe's tables in the admin: its own pages break on search and show secrets, so they go; the inbox stays."""

import json
from typing import Any

import djstripe.admin  # noqa: F401  (registers its pages, which are then taken away)
from django.apps import apps
from django.contrib import admin
from django.utils.html import format_html
from djstripe.models import Event, WebhookEndpoint, WebhookEventTrigger
from unfold.decorators import display

from wallets.admin.readonly import ReadOnlyAdmin

for model in apps.get_app_config("djstripe").get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@admin.register(WebhookEventTrigger)
class WebhookEventTriggerAdmin(ReadOnlyAdmin):
    """The webhook inbox: every delivery whose signature was proven, and what became of it."""

    list_display = ("id", "created", "event_type", "outcome", "exception", "webhook_endpoint")
    list_select_related = ("event", "webhook_endpoint")
    list_filter = ("processed", "webhook_endpoint")
    search_fields = ("event__id__exact", "event__type", "exception")
    search_help_text = "Event id (evt_…), type or error"
    fields = ("created", "event", "outcome", "exception", "traceback", "payload", "webhook_endpoint")
    readonly_fields = fields
    ordering = ("-id",)
    show_full_result_count = False

    @display(description="type")
    def event_type(self, trigger: WebhookEventTrigger) -> str:
        """Name the event's type; what was not processed has no event."""
        return str(trigger.event.type if trigger.event else trigger.json_body.get("type", ""))

    @display(description="outcome", label={"processed": "success", "failed": "danger", "refused": "warning"})
    def outcome(self, trigger: WebhookEventTrigger) -> str:
        """Say what became of it."""
        if trigger.processed:
            return "processed"
        return "failed" if trigger.valid else "refused"

    @display(description="payload")
    def payload(self, trigger: WebhookEventTrigger) -> str:
        """Show what came, indented."""
        return _pre(trigger.json_body)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Events of Stripe's, each once."""

    list_display = ("id", "type", "created", "livemode")
    list_filter = ("type",)
    search_fields = ("id__exact", "type", "request_id__exact", "idempotency_key__exact")
    search_help_text = "Event id (evt_…), type, request id or idempotency key"
    fields = ("id", "type", "created", "api_version", "livemode", "request_id", "idempotency_key", "payload")
    readonly_fields = fields
    ordering = ("-djstripe_id",)
    show_full_result_count = False

    @display(description="payload")
    def payload(self, event: Event) -> str:
        """Show what it tells, indented."""
        return _pre(event.data)


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(ReadOnlyAdmin):
    """Where Stripe sends events; the secret is never shown."""

    list_display = ("id", "url", "status", "api_version", "livemode")
    fields = ("id", "url", "status", "api_version", "livemode", "enabled_events", "djstripe_uuid", "created")
    readonly_fields = fields


def _pre(data: Any) -> str:
    return format_html("<pre>{}</pre>", json.dumps(data, indent=2, ensure_ascii=False))
