from django.db import models
from django.db.models import Q

from marketplace.models.agents import Agent
from marketplace.models.creators import Creator


class Collaboration(models.Model):
    """A creator's consent to have a part of another creator's agent; prices name those who agreed."""

    class State(models.TextChoices):
        INVITED = "invited", "Invited"
        AGREED = "agreed", "Agreed"
        DECLINED = "declined", "Declined"

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="collaborations")
    creator = models.ForeignKey(Creator, on_delete=models.PROTECT, related_name="collaborations")
    state = models.CharField(max_length=8, choices=State.choices, default=State.INVITED)
    invited_by = models.CharField(max_length=100, help_text="The actor, such as user:usr_….")
    invited_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the invitation was mailed.")
    answered_by = models.CharField(max_length=100, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="marketplace_collaboration_once", fields=["agent", "creator"]),
            models.CheckConstraint(
                name="marketplace_collaboration_answer_has_its_time",
                condition=Q(state="invited", answered_at=None)
                | Q(state__in=["agreed", "declined"], answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"creator {self.creator_id} of agent {self.agent_id}: {self.state}"
