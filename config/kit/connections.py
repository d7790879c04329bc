"""The web process's database connections: one for each thread, kept open, and looked at before each request.

Django's own check asks the server at every request, which costs a round trip: a third of a reserve. A server that
went away has closed its end, and that shows on our side without asking.
"""

import select
from typing import Any

from django.db import connections


def drop_closed(**_: Any) -> None:
    """Close this thread's connections whose server has hung up (signal `request_started`)."""
    for connection in connections.all(initialized_only=True):
        link = connection.connection
        if link is not None and not connection.in_atomic_block and (link.closed or _has_news(link.fileno())):
            connection.close()


def _has_news(descriptor: int) -> bool:
    # Nobody is being asked anything: what there is to read is the end, or a server's last words.
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLRDHUP)
    return bool(poll.poll(0))
