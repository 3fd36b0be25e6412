"""The plan of chapter 8: experiments of the block assembly, their settings and methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sawyer_core.errors import ConfigError, UnknownNameError
from sawyer_datasets.studies._reading import Section, read_plan, set_words
from sawyer_datasets.studies.budgets import Budget, Estimates, read_budgets, read_estimates
from sawyer_datasets.studies.jobs import EVAL, TRAIN, Job, JobSet

KINDS: Final = ("trials", "curves", "sweep")
METHOD_KEYS: Final = ("label", "policy", "preset", "needs", "set", "evaluated")
_TOP = ("format", "study", "title", "budgets", "estimates", "methods", "experiments")


@dataclass(frozen=True)
class Method:
    """How a policy is come by: trained with a preset, or served as it is.

    ``needs`` is a method whose training gives ``{run}`` or ``{policy}`` in the settings.
    ``evaluated`` is false where the learning curve is all there is to see.
    """

    name: str
    label: str
    policy: str
    preset: str
    needs: str
    settings: Mapping[str, Any]
    evaluated: bool

    @property
    def trained(self) -> bool:
        """Whether its policy comes out of a training."""
        return bool(self.preset)


@dataclass(frozen=True)
class Setting:
    """One condition of an experiment; ``x`` is its place on the axis of a sweep."""

    name: str
    label: str
    x: float
    train: Mapping[str, Any]
    evaluate: Mapping[str, Any]
    methods: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """A method in an experiment, with what was published of it.

    ``published`` are successes and trials; ``at_least`` and ``at_most`` are success rates that
    we set out to reach.
    """

    method: Method
    budget: Budget
    published: tuple[float, ...] | None
    at_least: float | None
    at_most: float | None


@dataclass(frozen=True)
class Experiment:
    """One figure or table of the chapter."""

    name: str
    figure: str
    kind: str
    title: str
    axis: str
    settings: Mapping[str, Setting]
    entries: Mapping[str, Entry]

    def entries_in(self, setting: Setting) -> list[Entry]:
        """Return the methods that run in a setting."""
        return [self.entries[name] for name in setting.methods]

    def setting_of(self, method: str) -> Setting:
        """Return the setting in which a method is trained for others to begin with."""
        return next(s for s in self.settings.values() if method in s.methods)


@dataclass(frozen=True)
class BlocksPlan:
    """All experiments, in the order in which they are run and shown."""

    title: str
    methods: Mapping[str, Method]
    experiments: Mapping[str, Experiment]
    budgets: Mapping[str, Budget]
    estimates: Estimates

    @classmethod
    def load(cls, path: Path) -> BlocksPlan:
        """Read and check a plan file.

        Raises:
            ConfigError: a value is missing or not allowed.
            UnknownNameError: a key or name is unknown; the choices are listed.
        """
        top = Section(read_plan(path, "ch8"), path.name, _TOP)
        budgets = read_budgets(top.get("budgets", dict))
        methods = {n: _method(n, v) for n, v in top.get("methods", dict).items()}
        for method in methods.values():
            if method.needs and not methods.get(method.needs, method).trained:
                raise UnknownNameError(f"needs of method {method.name}", method.needs, methods)
        experiments = {
            name: _experiment(name, values, methods, budgets)
            for name, values in top.get("experiments", dict).items()
        }
        if not experiments:
            raise ConfigError(f"{path.name}: experiments", {}, "one experiment or more")
        estimates = read_estimates(top.get("estimates", dict))
        return cls(top.get("title", str), methods, experiments, budgets, estimates)

    def jobs(self) -> JobSet:
        """Return all trainings and evaluations."""
        return JobSet(
            job
            for experiment in self.experiments.values()
            for name in experiment.entries
            for setting in experiment.settings.values()
            if name in setting.methods
            for job in self._jobs_of(experiment, setting, experiment.entries[name])
        )

    def _jobs_of(self, experiment: Experiment, setting: Setting, entry: Entry) -> list[Job]:
        if not entry.method.trained:
            return [self._evaluation(experiment, setting, entry, None)]
        found: list[Job] = []
        for index in range(len(entry.budget.train_seeds)):
            found.append(self._training(experiment, setting, entry, index))
            if entry.method.evaluated:
                found.append(self._evaluation(experiment, setting, entry, index))
        return found

    def _training(self, experiment: Experiment, setting: Setting, entry: Entry, index: int) -> Job:
        method, budget = entry.method, entry.budget
        settings: dict[str, Any] = {**setting.train, **method.settings}
        needs: tuple[str, ...] = ()
        if method.needs:
            source = experiment.entries[method.needs]
            seed = source.budget.train_seeds[index % len(source.budget.train_seeds)]
            origin = experiment.setting_of(method.needs)
            needs = (job_id(experiment, origin, source, seed, TRAIN),)
            for key, value in settings.items():
                for place in ("run", "policy"):
                    if isinstance(value, str) and value == f"{{{place}}}":
                        settings[key] = f"{{{place}:{needs[0]}}}"
        seed = budget.train_seeds[index]
        return Job(
            id=job_id(experiment, setting, entry, seed, TRAIN),
            kind=TRAIN,
            words=(
                *("train", "blocks", "--preset", method.preset),
                *set_words(settings),
                *("--steps", str(budget.steps), "--seed", str(seed), "--out", "{out}"),
            ),
            needs=needs,
            size=f"{budget.steps} steps",
            estimate_s=self.estimates.train_s(budget.steps),
            rate=f"train {budget.steps}",
        )

    def _evaluation(
        self, experiment: Experiment, setting: Setting, entry: Entry, index: int | None
    ) -> Job:
        budget, policy, seed = entry.budget, entry.method.policy, None
        needs: tuple[str, ...] = ()
        if index is not None:
            seed = budget.train_seeds[index]
            needs = (job_id(experiment, setting, entry, seed, TRAIN),)
            policy = f"{{policy:{needs[0]}}}"
        options = [word for k, v in setting.evaluate.items() for word in (f"--{k}", f"{v}")]
        return Job(
            id=job_id(experiment, setting, entry, seed, EVAL),
            kind=EVAL,
            words=(
                *("eval", "blocks", "--policy", policy, *options),
                *("--episodes", str(budget.episodes)),
                *("--seed", str(budget.first_seed(index or 0)), "--backend", budget.backend),
                *("--json", "{json}"),
            ),
            needs=needs,
            size=f"{budget.episodes} episodes",
            estimate_s=self.estimates.eval_s(budget),
            rate=f"eval {budget.backend} {budget.episodes}",
        )


def job_id(
    experiment: Experiment, setting: Setting, entry: Entry, seed: int | None, last: str
) -> str:
    """Return the id of a job, e.g. "rotation/residual/r030/s0/train"."""
    middle = [] if seed is None else [f"s{seed}"]
    return "/".join([experiment.name, entry.method.name, setting.name, *middle, last])


def _method(name: str, values: Any) -> Method:
    section = Section(values, f"method {name}", METHOD_KEYS)
    if ("policy" in section) == ("preset" in section):
        raise ConfigError(f"method {name}", "policy and preset", "exactly one of the two")
    return Method(
        name=name,
        label=section.get("label", str),
        policy=section.get("policy", str, ""),
        preset=section.get("preset", str, ""),
        needs=section.get("needs", str, ""),
        settings=section.get("set", dict, {}),
        evaluated=section.get("evaluated", bool, True),
    )


def _experiment(
    name: str, values: Any, methods: Mapping[str, Method], budgets: Mapping[str, Budget]
) -> Experiment:
    where = f"experiment {name}"
    keys = ("figure", "kind", "title", "axis", "settings", "methods")
    section = Section(values, where, keys)
    entries: dict[str, Entry] = {}
    for method, entry in section.get("methods", dict).items():
        if method not in methods:
            raise UnknownNameError(f"method in {where}", method, methods)
        entries[method] = _entry(f"{where}/{method}", methods[method], entry, budgets)
    for entry in entries.values():
        if entry.method.needs and entry.method.needs not in list(entries):
            raise UnknownNameError(
                f"method needed in {where} by {entry.method.name}", entry.method.needs, entries
            )
    settings = _settings(where, section.get("settings", dict), list(entries))
    return Experiment(
        name=name,
        figure=section.get("figure", str),
        kind=section.choice("kind", KINDS),
        title=section.get("title", str),
        axis=section.get("axis", str, ""),
        settings=settings,
        entries=entries,
    )


def _settings(where: str, values: Mapping[str, Any], methods: list[str]) -> dict[str, Setting]:
    """Read the settings; one with methods of its own takes them away from the others."""
    found: dict[str, Setting] = {}
    taken = [m for entry in values.values() for m in (entry or {}).get("methods", [])]
    for name, entry in values.items():
        place = f"{where}/{name}"
        section = Section(entry, place, ("label", "x", "train", "eval", "methods"))
        own = section.get("methods", list, [m for m in methods if m not in taken])
        for method in own:
            if method not in methods:
                raise UnknownNameError(f"method in {place}", method, methods)
        found[name] = Setting(
            name=name,
            label=section.get("label", str),
            x=section.number("x", -1e6, 1e6),
            train=section.get("train", dict),
            evaluate=section.get("eval", dict),
            methods=tuple(own),
        )
    if not found:
        raise ConfigError(f"{where}: settings", {}, "one setting or more")
    return found


def _entry(where: str, method: Method, values: Any, budgets: Mapping[str, Budget]) -> Entry:
    section = Section(values, where, ("budget", "published", "at_least", "at_most"))
    budget = budgets[section.choice("budget", budgets)]
    if method.trained != bool(budget.train_seeds):
        allowed = "one with training seeds" if method.trained else "one without training seeds"
        raise ConfigError(f"{where}: budget", budget.name, allowed)
    return Entry(
        method=method,
        budget=budget,
        published=section.numbers("published", 2, None),
        at_least=section.number("at_least", 0.0, 1.0) if "at_least" in section else None,
        at_most=section.number("at_most", 0.0, 1.0) if "at_most" in section else None,
    )
