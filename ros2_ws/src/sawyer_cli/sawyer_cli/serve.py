"""``sawyer serve``: policies for robots elsewhere, without ROS."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from sawyer_cli.choices import require_policy, require_range, resolve_policy
from sawyer_cli.errors import CommandError

WARM_BATCH = 16  # ours: the largest pass that is tried before the first robot comes


@dataclass(frozen=True)
class ServeRequest:
    """What is served where."""

    policies: tuple[str, ...] = ()
    folders: tuple[Path, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8765
    device: str = "cpu"

    def checked(self) -> ServeRequest:
        """Return self, or raise ``CommandError`` with what is allowed."""
        require_range("--port", self.port, 0, 65535)
        for folder in self.folders:
            if not folder.is_dir():
                raise CommandError(f"--policy-path {folder}: there is no such folder")
        return self


def run_serve(request: ServeRequest, threads: int) -> int:
    """Serve until a signal ends it; nothing is served if a policy that was named is refused."""
    from sawyer_policies.bundles import PATH_VARIABLE
    from sawyer_policies.serving.threads import limit_threads

    request.checked()
    require_range("--threads", threads, 1, 256)
    for folder in reversed(request.folders):
        _put_first(PATH_VARIABLE, folder)
    names = [require_policy(resolve_policy(text)) for text in request.policies]
    limit_threads(threads)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")

    from sawyer_policies import PolicyHost, default_registry
    from sawyer_policies.serving.host import HostConfig
    from sawyer_policies.serving.server import PolicyServer, ServerConfig, run_until_signal

    host = PolicyHost(default_registry(device=request.device), HostConfig(max_sessions=256))
    for problem in host.problems():
        print(f"warning: {problem}", flush=True)
    for name in names:
        spec = host.preload(name, WARM_BATCH)
        print(f"loaded {name} {spec.version}".rstrip(), flush=True)

    def ready(port: int) -> None:
        count = len(host.specs())
        print(f"serving {count} policies on ws://{request.host}:{port}", flush=True)
        print(f"http://{request.host}:{port}/healthz and /metrics; Ctrl-C ends it", flush=True)

    async def serve() -> None:
        server = PolicyServer(host, ServerConfig(host=request.host, port=request.port))
        await run_until_signal(server, ready, (signal.SIGINT, signal.SIGTERM))

    asyncio.run(serve())
    return 0


def _put_first(variable: str, folder: Path) -> None:
    others = os.environ.get(variable, "")
    os.environ[variable] = os.pathsep.join(p for p in (str(folder.resolve()), others) if p)
