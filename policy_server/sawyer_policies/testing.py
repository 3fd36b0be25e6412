"""Public fakes: bundles with random weights, a server in a thread, for tests and benchmarks."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sawyer_policies.bundles import BundleInfo, save_bundle
from sawyer_policies.observations import ObservationEncoder, preset
from sawyer_policies.serving import PolicyHost
from sawyer_policies.serving.server import PolicyServer, ServerConfig

TINY = {"hidden": (16,), "channels": (4, 8), "features": 8}


def write_bundle(
    folder: str | os.PathLike[str],
    observation: str = "state",
    *,
    seed: int = 0,
    head: str = "gaussian",
    sizes: Mapping[str, Any] | None = None,
    position_reference_m: tuple[float, float, float] = (0.0, 0.0, 0.0),
    **changes: Any,
) -> Path:
    """Write a bundle whose weights are drawn, not learned.

    Args:
        folder: the bundle's folder; its last part is the policy's name unless ``name`` is given.
        observation: a preset of :mod:`sawyer_policies.observations`.
        seed: of the weights.
        head: ``gaussian`` or ``deterministic``.
        sizes: of the network: ``hidden``, ``channels``, ``features``.
        position_reference_m: nominal goal of the task.
        changes: other fields of :class:`BundleInfo`.
    """
    import torch

    from sawyer_policies.learners.policy_net import PolicyNetwork, architecture

    config = preset(observation, position_reference_m)
    spaces = ObservationEncoder(config).spaces
    arch = architecture(spaces, head=head, log_std_bounds=(-5.0, 2.0), **(sizes or TINY))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = PolicyNetwork.from_architecture(arch)
    values: dict[str, Any] = {
        "name": Path(folder).name,
        "observation": config,
        "action_scale_m": 0.001,
        "network": arch,
        "task": {"name": "insertion", "connector": "usb"},
        "sampling": "stochastic" if head == "gaussian" else "deterministic",
        **changes,
    }
    return save_bundle(folder, BundleInfo(**values), network.state_dict())


class BackgroundServer:
    """A policy server in a thread; use as a context manager.

    Args:
        host: the serving core.
        config: settings; by default a free port on this machine.
    """

    def __init__(self, host: PolicyHost, config: ServerConfig | None = None) -> None:
        self._host = host
        self._config = config or ServerConfig(port=0)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="policy-server", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.server: PolicyServer | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Address for a client."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def http(self) -> str:
        """Address of the health and metrics pages."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> BackgroundServer:
        """Start and wait until it listens."""
        self._thread.start()
        if not self._ready.wait(10.0):
            raise TimeoutError("the policy server did not start")
        return self

    def __exit__(self, *exception: object) -> None:
        """Stop it."""
        self.stop()

    def stop(self) -> None:
        """Stop it, if it has not been stopped."""
        if self._thread.is_alive() and self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10.0)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.server = PolicyServer(self._host, self._config)
        await self.server.run(self._stop, self._listening)

    def _listening(self, port: int) -> None:
        self.port = port
        self._ready.set()
