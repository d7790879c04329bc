"""The terms of a run: which version of an agent's plan is in force, and what it says.

Which version is in force is always asked of the database, in one query; what it says comes from `versions`,
which remembers.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection

from config.kit.errors import ConflictError, DomainError, NotFoundError
from marketplace.models import Agent
from marketplace.queries import versions
from marketplace.queries.versions import Row
from marketplace.terms import Terms, VersionTerms

COLUMNS: Final = """
    v.id, v.public_id, v.number, v.pricing_model, v.effective_from,
    v.default_hold, v.minimum, v.quantum, v.platform_share_bp,
    a.id, a.public_id, a.slug, a.name, a.status, a.outcome_policy, c.id, c.public_id, c.customer_id
"""
IN_FORCE: Final = "SELECT * FROM marketplace_in_force(%s, %s)"
BY_VERSION: Final = f"""
    SELECT v.id, {COLUMNS}
    FROM marketplace_planversion v
    JOIN marketplace_plan p ON p.id = v.plan_id
    JOIN marketplace_agent a ON a.id = p.agent_id
    JOIN marketplace_creator c ON c.id = a.creator_id
    WHERE v.id = ANY(%s) OR v.public_id = ANY(%s)
"""  # noqa: S608


class AgentNotFoundError(NotFoundError):
    """No such agent is for sale, or it had no price at that time."""

    code = "agent_not_found"
    title = "No such agent"


class AgentSuspendedError(ConflictError):
    """The platform has suspended this agent: it takes no new runs."""

    code = "agent_suspended"
    title = "The agent is suspended"


def terms(*, agent: str, at: dt.datetime) -> Terms:
    """Give the terms of an agent (slug or public id) at a time.

    Raises AgentNotFoundError (unknown, not published, or no version then) and AgentSuspendedError.
    """
    found = terms_many(wanted=[(agent, at)])[agent, at]
    if isinstance(found, DomainError):
        raise found
    return found


def terms_many(
    *, wanted: Iterable[tuple[str, dt.datetime]]
) -> dict[tuple[str, dt.datetime], Terms | DomainError]:
    """Give the terms, or the refusal, of many agents at their times, in one query."""
    asked = list(dict.fromkeys(wanted))
    askable = [(agent, at) for agent, at in asked if "\x00" not in agent]
    rows = _rows(IN_FORCE, [[agent for agent, _ in askable], [at for _, at in askable]]) if askable else []
    found = {askable[row.key - 1]: each for row, each in zip(rows, _terms(rows), strict=True)}
    return {key: _sellable(key[0], found.get(key)) for key in asked}


def in_force(*, agents: Iterable[str], at: dt.datetime) -> dict[str, Terms]:
    """Give the terms of agents by slug, drafts and suspended ones too; not those without a version."""
    slugs = list(agents)
    rows = _rows(IN_FORCE, [slugs, [at] * len(slugs)]) if slugs else []
    return {each.agent_slug: each for each in _terms(rows)}


def terms_by_version(*, version_ids: Iterable[int]) -> dict[int, Terms]:
    """Give the terms of versions by their keys, whatever has become of their agents, in one query."""
    rows = _rows(BY_VERSION, [list(version_ids), []])
    return {row.version_id: each for row, each in zip(rows, _terms(rows), strict=True)}


def version_terms(*, version: str) -> VersionTerms:
    """Give what a version (by public id) says; no query once this process has read it."""
    known = versions.known(version=version)
    if known is not None:
        return known
    rows = _rows(BY_VERSION, [[], [version]])
    if not rows:
        raise NotFoundError(f"There is no price version {version}.")
    return versions.said(rows=rows)[version]


def _sellable(agent: str, found: Terms | None) -> Terms | DomainError:
    if found is None or found.status == Agent.Status.DRAFT:
        return AgentNotFoundError(f"There is no agent {agent!r} for sale at that time.")
    if found.status == Agent.Status.SUSPENDED:
        return AgentSuspendedError(f"The agent {agent!r} is suspended by the platform.")
    return found


def _rows(sql: str, params: Sequence[Any]) -> list[Row]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [Row(*row) for row in cursor.fetchall()]


def _terms(rows: Sequence[Row]) -> list[Terms]:
    said = versions.said(rows=rows)
    return [_join(said[row.version], row) for row in rows]


def _join(version: VersionTerms, row: Row) -> Terms:
    facts = {name: getattr(version, name) for name in VersionTerms.__slots__}
    return Terms(
        **facts,
        agent_slug=row.agent_slug,
        agent_name=row.agent_name,
        status=row.status,
        outcome_policy=row.outcome_policy,
    )
