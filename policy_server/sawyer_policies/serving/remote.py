"""The serving core's face on a policy server elsewhere: same calls, same errors, bounded waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sawyer_core import (
    BundleError,
    PolicySpec,
    SawyerError,
    TransportError,
    UnknownNameError,
    setting,
    validate,
)
from sawyer_policies.bundles.info import check_spec
from sawyer_policies.serving.host import ActReply, Observation
from sawyer_policies.serving.protocol import policy_spec
from sawyer_policy_client import (
    ClientConfig,
    Code,
    PolicyClient,
    PolicyClientError,
    RefusedError,
)


@dataclass(frozen=True)
class RemoteConfig:
    """Waiting times towards a server elsewhere, wall clock."""

    connect_timeout_s: float = setting(
        1.0, unit="s", bounds=(0.01, 60.0), doc="longest wait for a connection"
    )
    reset_timeout_s: float = setting(
        8.0, unit="s", bounds=(0.01, 600.0), doc="longest wait for a reset (a policy may load)"
    )
    act_timeout_s: float = setting(
        0.08, unit="s", bounds=(0.001, 60.0), doc="longest wait for an action"
    )

    def __post_init__(self) -> None:
        validate(self)


class RemoteRefusalError(SawyerError):
    """A server elsewhere refused a request; ``code`` is one of the client's codes."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


class RemoteHost:
    """One robot's session on a server elsewhere.

    Args:
        url: ``ws://host:port``.
        config: waiting times.
    """

    def __init__(self, url: str, config: RemoteConfig | None = None) -> None:
        config = config or RemoteConfig()
        self._client = PolicyClient(
            url,
            config=ClientConfig(
                connect_timeout_s=config.connect_timeout_s,
                reset_timeout_s=config.reset_timeout_s,
                act_timeout_s=config.act_timeout_s,
            ),
        )
        self._session = ""
        self._spec: PolicySpec | None = None
        self._problem = ""

    def specs(self) -> list[PolicySpec]:
        """Specs of the policies that the server has and that fit the robot; none if it is gone."""
        try:
            with self._errors():
                policies = self._client.connect().policies
        except SawyerError as error:
            self._problem = str(error)
            return []
        specs = []
        for described in policies:
            try:
                spec = policy_spec(described)
                check_spec(spec)
            except SawyerError as error:
                self._problem = f"{described.name}: {error}"
            else:
                specs.append(spec)
        return specs

    def problems(self) -> list[str]:
        """What was wrong when the server was asked last."""
        return [self._problem] if self._problem else []

    def preload(self, policy: str, batch: int = 1) -> PolicySpec:
        """Look whether the server has the policy; loading it is the server's business.

        Raises:
            TransportError: it does not answer.
            UnknownNameError: it has not.
        """
        for spec in self.specs():
            if spec.name == policy:
                return spec
        if self._client.info is None:
            raise TransportError(self._problem)
        raise UnknownNameError("policy", policy, [p.name for p in self._client.info.policies])

    def reset(self, session: str, policy: str, *, seed: int) -> PolicySpec:
        """Begin a session, which ends the one before.

        Raises:
            UnknownNameError, BundleError, ConfigError: what the server, or the robot, refused.
            TransportError: no answer in time.
        """
        self._session, self._spec = "", None
        with self._errors():
            try:
                described = self._client.reset(policy, seed=seed)
            except RefusedError as error:
                if error.code == Code.UNKNOWN_POLICY:
                    info = self._client.info
                    names = [] if info is None else [p.name for p in info.policies]
                    raise UnknownNameError("policy", policy, names) from error
                if error.code == Code.BAD_BUNDLE:
                    raise BundleError(f"{policy} on {self._client.url}", error.text) from error
                raise
        spec = policy_spec(described)
        check_spec(spec)
        self._session, self._spec, self._problem = session, spec, ""
        return spec

    def act(self, session: str, observation: Observation) -> ActReply:
        """The action for one observation.

        Raises:
            UnknownNameError: the session was not reset.
            RemoteRefusalError: the server refused the observation.
            TransportError: no answer in time; the base action goes on alone.
        """
        if self._spec is None or session != self._session:
            raise UnknownNameError("policy session (reset it first)", session, [self._session])
        arrays = {
            name: observation.arrays[name]
            for name in self._spec.observation.names()
            if name in observation.arrays
        }
        with self._errors():
            action = self._client.act(
                stamp_ns=observation.stamp_ns, step=observation.step, arrays=arrays
            )
        checked = self._spec.action.check(action.action_m)
        return ActReply(
            checked,
            observation.stamp_ns,
            observation.step,
            compute_s=action.compute_s,
            queue_s=action.queue_s,
            batch=action.batch,
            period_s=1.0 / self._spec.rate_hz,
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """The client's errors as the stack's."""
        try:
            yield
        except RefusedError as error:
            raise RemoteRefusalError(error.code, error.text) from error
        except PolicyClientError as error:
            self._problem = str(error)
            raise TransportError(str(error)) from error
