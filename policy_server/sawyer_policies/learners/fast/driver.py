"""Runs fused steps over blocks of updates: one by one on the CPU, as CUDA graphs on a GPU."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from sawyer_policies.learners.base import LearnerConfig, Metrics, OffPolicyLearner
from sawyer_policies.learners.batch import Batch, concatenate, pack, split
from sawyer_policies.learners.errors import NonFiniteLossError
from sawyer_policies.learners.fast.flat import FlatAdam, FlatParameters
from sawyer_policies.learners.replay import ReplayBuffer

BLOCK = 32
"""Updates whose batches are gathered and whose losses are read back together."""
BLOCK_CPU_IMAGES = 4
"""The same with pictures on the CPU: a block should stay in the cache."""
WARM_UP = 3
"""Updates of each kind made without a graph before one is captured (CUDA's own advice)."""

Flags = tuple[bool, bool]
"""Whether an update moves the actor, and whether it moves the targets."""


@dataclass
class Inputs:
    """What one update is made from."""

    rows: Tensor  # (B, D) as in ReplayBuffer
    images: Tensor | None  # (B, 2, H, W) uint8
    noise: Tensor  # (sets, B, A)


class FusedStep(Protocol):
    """One update in two halves; ``losses`` holds (critic loss, actor loss) of the last one."""

    losses: Tensor

    def gradients(self, inputs: Inputs, actor: bool) -> None:
        """Fill the gradients, change no parameter."""

    def apply(self, actor: bool, targets: bool) -> None:
        """Step the optimisers and move the targets."""

    def metrics(self, actor: bool) -> Metrics:
        """Figures of the last update, apart from the losses."""


class FusedUpdates(OffPolicyLearner):
    """Mixin before a plain learner: same networks, state and chance, another way to compute."""

    _steps: dict[tuple[int, int], FusedStep]
    _runners: dict[tuple[int, int], GraphRunner]

    def _make_optimisers(self, config: LearnerConfig) -> dict[str, Any]:
        self._steps, self._runners = {}, {}
        self.target_flat = FlatParameters(list(self.target_critic.named_parameters()))
        return {
            "critic": FlatAdam(list(self.critic.named_parameters()), config.critic_lr),
            "actor": FlatAdam(list(self.actor.named_parameters()), config.actor_lr),
        }

    def _make_step(self, size: int, demos: int) -> FusedStep:
        """Step for batches of ``size`` whose last ``demos`` samples are demonstrations."""
        raise NotImplementedError

    def _flags(self, number: int, update_actor: bool) -> Flags:
        """What update ``number`` (counted from 1) moves."""
        raise NotImplementedError

    def update(
        self, batch: Batch, *, demo: Batch | None = None, update_actor: bool = True
    ) -> Metrics:
        """One gradient step of everything; see :meth:`OffPolicyLearner.update`."""
        batch.check(self.spaces)
        joined, demos = batch, 0
        if demo is not None:
            demo.check(self.spaces, "demo")
            joined, demos = concatenate(batch, demo), len(demo)
        rows, images = pack(joined.to(self.device))
        block = rows[None], None if images is None else images[None]
        return dict(self._run(*block, demos, update_actor))

    def update_many(
        self,
        replay: ReplayBuffer,
        n: int,
        *,
        demo_replay: ReplayBuffer | None = None,
        update_actor: bool = True,
    ) -> dict[str, float]:
        """``n`` updates in blocks; see :meth:`OffPolicyLearner.update_many`."""
        slow = self.device.type == "cpu" and self.spaces.image_shape is not None
        largest = BLOCK_CPU_IMAGES if slow else BLOCK
        demos = 0 if demo_replay is None else self._config.demo.batch_size
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        metrics: dict[str, float] = {}
        while n > 0:
            k = min(n, largest)
            n -= k
            rows, images = self._gather(replay, "indices", k, self._config.batch_size)
            if demo_replay is not None:
                more, pictures = self._gather(demo_replay, "demo_indices", k, demos)
                rows = torch.cat([rows, more], dim=1)
                if images is not None and pictures is not None:
                    images = torch.cat([images, pictures], dim=1)
            found = self._run(rows, images, demos, update_actor)
            for name in ("critic_loss", "actor_loss"):
                if name in found:
                    weight = found.pop(f"{name}_count")
                    sums[name] = sums.get(name, 0.0) + weight * found[name]
                    counts[name] = counts.get(name, 0) + weight
            metrics.update(found)
        return {**metrics, **{name: total / counts[name] for name, total in sums.items()}}

    def _gather(
        self, replay: ReplayBuffer, stream: str, k: int, size: int
    ) -> tuple[Tensor, Tensor | None]:
        """Rows (k, size, D) and images (k, size, 2, H, W) of ``k`` updates, on our device."""
        indices = replay.draw((k, size), self.generators[stream]).flatten()
        rows = replay.rows.index_select(0, indices).view(k, size, -1)
        images = None
        if replay.images is not None:
            images = replay.images.index_select(0, indices)
            images = images.view(k, size, *images.shape[1:]).to(self.device, non_blocking=True)
        return rows.to(self.device, non_blocking=True), images

    def _run(
        self, rows: Tensor, images: Tensor | None, demos: int, update_actor: bool
    ) -> dict[str, Any]:
        """All updates of a block; mean losses with their counts, and figures of the last one."""
        k, size = rows.shape[:2]
        key = (size, demos)
        if key not in self._steps:
            self._steps[key] = self._make_step(size, demos)
        step = self._steps[key]
        flags = [self._flags(self.updates + 1 + i, update_actor) for i in range(k)]
        noise = torch.from_numpy(self._draw_noise(k, size)).to(self.device, non_blocking=True)
        # inference mode is cheaper, but encoders need autograd
        frame = torch.inference_mode() if self.spaces.image_shape is None else torch.no_grad()
        with frame:
            if self.device.type == "cuda":
                if key not in self._runners:
                    self._runners[key] = GraphRunner(step, rows, images, noise)
                losses = self._runners[key].run(rows, images, noise, flags)
                self._refuse(losses, flags, rows, images)
            else:
                losses = self._run_on_cpu(step, rows, images, noise, flags)
            found = self._summary(losses, flags)
            return {**found, **{n: float(v) for n, v in step.metrics(flags[-1][0]).items()}}

    def _run_on_cpu(
        self,
        step: FusedStep,
        rows: Tensor,
        images: Tensor | None,
        noise: Tensor,
        flags: Sequence[Flags],
    ) -> list[list[float]]:
        losses = []
        for i, (actor, targets) in enumerate(flags):
            step.gradients(Inputs(rows[i], None if images is None else images[i], noise[i]), actor)
            losses.append(step.losses.tolist())
            self._refuse(losses[-1:], flags[i : i + 1], rows[i : i + 1],
                         None if images is None else images[i : i + 1])  # fmt: skip
            step.apply(actor, targets)
            self._count(actor)
        return losses

    def _count(self, actor: bool) -> None:
        self.updates += 1
        self.actor_updates += int(actor)

    def _refuse(
        self,
        losses: Sequence[Sequence[float]],
        flags: Sequence[Flags],
        rows: Tensor,
        images: Tensor | None,
    ) -> None:
        """Raise for the first update whose losses are not finite."""
        for i, (critic_loss, actor_loss) in enumerate(losses):
            actor = flags[i][0]
            if np.isfinite(critic_loss) and (not actor or np.isfinite(actor_loss)):
                continue
            metrics = {"critic_loss": critic_loss}
            if actor:
                metrics["actor_loss"] = actor_loss
            batch = split(rows[i], None if images is None else images[i], self.spaces)
            raise NonFiniteLossError(metrics, batch, self.updates + 1 + i)
        if self.device.type == "cuda":
            for actor, _ in flags:
                self._count(actor)

    @staticmethod
    def _summary(losses: Sequence[Sequence[float]], flags: Sequence[Flags]) -> dict[str, Any]:
        found: dict[str, Any] = {
            "critic_loss": float(np.mean([row[0] for row in losses])),
            "critic_loss_count": len(losses),
        }
        actor = [row[1] for row, (moved, _) in zip(losses, flags, strict=True) if moved]
        if actor:
            found |= {"actor_loss": float(np.mean(actor)), "actor_loss_count": len(actor)}
        return found


class GraphRunner:
    """Replays a fused step as CUDA graphs, one per kind of update.

    The block lies in fixed buffers; inside the graph a counter on the device picks the batch, so
    nothing but the replay itself is launched per update and nothing is read back until the end.
    """

    def __init__(self, step: FusedStep, rows: Tensor, images: Tensor | None, noise: Tensor):
        self._step = step
        device = rows.device
        self._block = {
            name: torch.zeros((BLOCK, *value.shape[1:]), dtype=value.dtype, device=device)
            for name, value in _named(rows, images, noise).items()
        }
        self._one = {name: torch.zeros_like(value[:1]) for name, value in self._block.items()}
        pictures = self._one.get("images")
        self._inputs = Inputs(
            self._one["rows"][0],
            None if pictures is None else pictures[0],
            self._one["noise"][0],
        )
        self._record = torch.zeros((BLOCK, 2), device=device)
        self._counter = torch.zeros(1, dtype=torch.int64, device=device)
        self._graphs: dict[Flags, Any] = {}
        self._made: dict[Flags, int] = {}
        self._stream = torch.cuda.Stream(device)

    def run(
        self, rows: Tensor, images: Tensor | None, noise: Tensor, flags: Sequence[Flags]
    ) -> list[list[float]]:
        """The updates of a block; (critic loss, actor loss) of each."""
        k = rows.shape[0]
        for name, value in _named(rows, images, noise).items():
            self._block[name][:k].copy_(value, non_blocking=True)
        self._counter.zero_()
        for kind in flags:
            if kind not in self._graphs:
                self._without_graph(kind)
            else:
                self._graphs[kind].replay()
        losses: list[list[float]] = self._record[:k].tolist()
        return losses

    def _without_graph(self, kind: Flags) -> None:
        """A real update on a side stream; after some of them the next ones are captured."""
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):
            self._update(kind)
        torch.cuda.current_stream().wait_stream(self._stream)
        self._made[kind] = self._made.get(kind, 0) + 1
        if self._made[kind] >= WARM_UP:
            torch.cuda.synchronize()
            graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(graph):
                self._update(kind)
            self._graphs[kind] = graph

    def _update(self, kind: Flags) -> None:
        for name, value in self._block.items():
            torch.index_select(value, 0, self._counter, out=self._one[name])
        self._step.gradients(self._inputs, kind[0])
        self._step.apply(*kind)
        self._record.index_copy_(0, self._counter, self._step.losses[None])
        self._counter.add_(1)


def _named(rows: Tensor, images: Tensor | None, noise: Tensor) -> Mapping[str, Tensor]:
    named = {"rows": rows, "noise": noise}
    return named if images is None else {**named, "images": images}
