"""The environment that children of one instance run in: addresses and secrets, nothing else of ours."""

import hashlib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from config.devservices import postgres, valkey
from config.devservices.home import HOST, Home

ROOT: Final = Path(__file__).resolve().parents[2]
DATABASE: Final = "farebox"
CODE: Final = ("config", "accounts", "wallets", "marketplace", "billing", "payouts")


@dataclass(frozen=True)
class Addresses:
    """Where the parts of one instance answer."""

    web: int
    postgres: int
    valkey: int
    stripe: int

    @property
    def site_url(self) -> str:
        """The address to open in a browser."""
        return f"http://{HOST}:{self.web}"

    @property
    def stripe_url(self) -> str:
        """The stand-in's address, API and hosted pages alike."""
        return f"http://{HOST}:{self.stripe}"


def addresses(home: Home) -> Addresses:
    """Choose the ports: PORT for the web, the remembered or free ones for the rest."""
    return Addresses(
        web=int(os.environ.get("PORT") or 8000),
        postgres=home.port("postgres"),
        valkey=home.port("valkey"),
        stripe=home.port("stripe"),
    )


def cluster_passwords(home: Home) -> dict[str, str]:
    """Return each database role's password."""
    return {role: home.secret(role) for role in (postgres.SUPERUSER, postgres.OWNER, postgres.APP)}


def bare() -> dict[str, str]:
    """Return our own environment with this interpreter's programs first, for children that need nothing of ours."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
    }


def application(
    home: Home, cluster: postgres.Cluster, at: Addresses, database: str = DATABASE
) -> dict[str, str]:
    """Return the environment of web, worker, beat and commands."""
    return {
        **bare(),
        "DJANGO_SETTINGS_MODULE": "config.settings.local",
        "FAREBOX_HOME": str(home.path),
        "SECRET_KEY": home.secret("django") + home.secret("django_more"),
        "SITE_URL": at.site_url,
        "DATABASE_URL": cluster.url(postgres.APP, database),
        "MIGRATE_DATABASE_URL": cluster.url(postgres.OWNER, database),
        "CELERY_BROKER_URL": valkey.url(at.valkey, 0),
        "CACHE_URL": valkey.url(at.valkey, 1),
        **stripe(home, at),
    }


def stripe(home: Home, at: Addresses) -> dict[str, str]:
    """Point Stripe's SDK at the stand-in, unless real test keys are in the environment."""
    if os.environ.get("STRIPE_TEST_SECRET_KEY"):
        return {}
    return {
        "STRIPE_API_HOST": at.stripe_url,
        "STRIPE_PAGE_ORIGINS": at.stripe_url,
        "STRIPE_TEST_SECRET_KEY": f"sk_test_{home.secret('stripe')}",
    }


def remember(home: Home, environ: dict[str, str]) -> None:
    """Keep what differs from our own environment, for commands run beside the instance."""
    ours = {
        name: value for name, value in environ.items() if os.environ.get(name) != value and name != "PATH"
    }
    home.keep("environment", ours)


def remembered(home: Home) -> dict[str, str]:
    """Return the environment of the running instance."""
    return {**bare(), **home.kept("environment")}


def shape(cluster: postgres.Cluster, at: Addresses) -> str:
    """Digest what a prepared database depends on: this cluster, the addresses in the demo, and all of our code."""
    made = (cluster.data / "PG_VERSION").stat()
    digest = hashlib.sha256(f"{made.st_ino} {made.st_mtime_ns} {at}".encode())
    for folder in CODE:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in {".py", ".sql", ".txt"}:
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()
