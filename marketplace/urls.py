from django.urls import path

from marketplace.views import agent_editor, collaborators, creator, storefront

app_name = "marketplace"

urlpatterns = [
    path("", storefront.home, name="home"),
    path("agents/", storefront.agents, name="agents"),
    path("agents/<slug:slug>/", storefront.agent, name="agent"),
    path("creator/start/", creator.become_creator, name="become_creator"),
    path("creator/agents/", creator.agents, name="creator_agents"),
    path("creator/agents/new/", agent_editor.agent_new, name="creator_agent_new"),
    path("creator/agents/<slug:slug>/", agent_editor.agent_edit, name="creator_agent_edit"),
    path(
        "creator/agents/<slug:slug>/collaborators/",
        collaborators.collaborator_invite,
        name="collaborator_invite",
    ),
    path(
        "creator/agents/<slug:slug>/collaboration/",
        collaborators.collaboration_answer,
        name="collaboration_answer",
    ),
]
