"""A ROS domain of one's own, so that two runs on one machine do not hear each other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sawyer_cli.errors import CommandError

# Linux keeps 0 to 101 and 215 to 232 clear of ephemeral ports. 0 is everybody's default, people
# and tests like small numbers, and the last one's ports are few: so the high ones first.
HIGH_DOMAINS = range(215, 232)
LOW_DOMAINS = range(1, 102)
MAX_DOMAIN = 232  # the last one whose ports exist (DDSI-RTPS port mapping)


@contextlib.contextmanager
def own_domain(folder: Path | None = None) -> Iterator[str]:
    """Hold a domain that no other sawyer command of this machine holds.

    A domain that the user has set with ``ROS_DOMAIN_ID`` is taken as it is. The claim is a lock on
    a file, which the kernel drops when its holder dies.

    Args:
        folder: where the lock files are, by default the system's folder for temporary files.
    """
    given = os.environ.get("ROS_DOMAIN_ID")
    if given:
        if not (given.isdecimal() and int(given) <= MAX_DOMAIN):
            raise CommandError(f"ROS_DOMAIN_ID={given}: allowed is 0 to {MAX_DOMAIN}")
        yield given
        return
    place = Path(tempfile.gettempdir()) if folder is None else folder
    first = os.getpid() % len(HIGH_DOMAINS)
    for number in (*HIGH_DOMAINS[first:], *HIGH_DOMAINS[:first], *LOW_DOMAINS):
        path = place / f"sawyer-domain-{os.getuid()}-{number}.lock"
        with path.open("a", encoding="utf-8") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield str(number)
            return
    raise CommandError("all ROS domains are taken by other sawyer commands", status=1)
