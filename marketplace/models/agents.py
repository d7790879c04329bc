from django.db import models
from django.db.models import Q

from config.kit import ids
from marketplace.defaults import creator_share_bp, premium_share_bp
from marketplace.models.creators import Creator


def new_public_id() -> str:
    """Make an agent's public id."""
    return ids.new(ids.AGENT)


class Agent(models.Model):
    """What is for sale: a listing, priced by the versions of its plan."""

    class Status(models.TextChoices):
        DRAFT = "draft", "Draft: only its creator sees it"
        PUBLISHED = "published", "Published"
        SUSPENDED = "suspended", "Suspended by the platform"

    class OutcomePolicy(models.TextChoices):
        SUCCESS = "success", "Charge only when the run succeeds"
        START = "start", "Charge once the run has started"

    class Category(models.TextChoices):
        ASSISTANT = "assistant", "Assistants"
        CODE = "code", "Code"
        CONTENT = "content", "Writing and media"
        DATA = "data", "Data"
        RESEARCH = "research", "Research"
        INTEGRATION = "integration", "Integrations"
        OTHER = "other", "Other"

    public_id = models.CharField(max_length=30, unique=True, default=new_public_id, editable=False)
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="agents")
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=80)
    summary = models.CharField(max_length=160, blank=True)
    description = models.TextField(max_length=10_000, blank=True)
    category = models.CharField(max_length=20, choices=Category.choices, default=Category.OTHER)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.DRAFT)
    outcome_policy = models.CharField(
        max_length=10, choices=OutcomePolicy.choices, default=OutcomePolicy.SUCCESS
    )
    creator_share_bp = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Basis points of a charge that this agent's creators may have; empty: the default.",
    )
    premium = models.BooleanField(
        default=False,
        help_text="The platform has most of each charge: 70 % unless the line above says otherwise.",
    )
    listed = models.BooleanField(
        default=True, help_text="Off: routers and features use it, the storefront does not show it."
    )
    draft_manifest = models.TextField(blank=True, help_text="The pricing being edited; not in force.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="marketplace_agent_status_known",
                condition=Q(status__in=["draft", "published", "suspended"]),
            ),
            models.CheckConstraint(
                name="marketplace_agent_outcome_policy_known",
                condition=Q(outcome_policy__in=["success", "start"]),
            ),
            models.CheckConstraint(
                name="marketplace_agent_creator_share_in_range",
                condition=Q(creator_share_bp=None) | Q(creator_share_bp__lte=10_000),
            ),
            models.CheckConstraint(
                name="marketplace_agent_slug_is_no_public_id", condition=~Q(slug__startswith=ids.AGENT)
            ),
        ]
        indexes = [models.Index(name="marketplace_agent_listing", fields=["status", "name"])]

    def __str__(self) -> str:
        return self.name

    @property
    def allowed_bp(self) -> int:
        """Give the part of a charge that its creators may have."""
        if self.creator_share_bp is not None:
            return self.creator_share_bp
        return premium_share_bp() if self.premium else creator_share_bp()


class AgentStatusChange(models.Model):
    """One change of an agent's status: who, when and why."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="status_changes")
    old_status = models.CharField(max_length=10, choices=Agent.Status.choices)
    new_status = models.CharField(max_length=10, choices=Agent.Status.choices)
    actor = models.CharField(max_length=100)
    reason = models.CharField(max_length=300, blank=True)
    changed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.old_status} to {self.new_status}"
