"""Make or repair the environment that ``./sawyer`` runs in (standard library only).

Stages, each recorded in ``<venv>/.sawyer/state.json`` when it is done and skipped when its key
has not changed: virtual environment, locked packages, torch, own distributions (editable),
ROS packages, and a trial import. Whoever is interrupted starts again at the first open stage.
The launcher writes the stamp that says "whole" after this program has returned 0.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sawyer_cli.dev.setup_tools import (
    Runner,
    SetupError,
    digest,
    exclusive,
    say,
    write_atomically,
)
from sawyer_cli.dev.torch_build import CHOICES as TORCH_CHOICES
from sawyer_cli.dev.torch_build import VERSION as TORCH_VERSION
from sawyer_cli.dev.torch_build import TorchBuild

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
NEEDED_BYTES = 4 * 1024**3  # measured: 2.3 GB with the CPU build of torch; rest is room for pip
DISTRIBUTIONS = (
    "controllers",
    "calibration",
    "sim",
    "policy_server/client",
    "policy_server",
    "datasets",
    "ros2_ws/embedded",
    "ros2_ws/src/sawyer_description",
)
TRIAL_IMPORTS = ("numpy", "scipy", "pinocchio", "pybullet", "cyclonedds.domain", "cv2", "av")
SYSTEM_LIBRARIES = {  # shared object that a wheel misses -> Debian and Ubuntu package
    "libGL.so": "libgl1",
    "libEGL.so": "libegl1",
    "libglib-2.0.so": "libglib2.0-0",
    "libgthread-2.0.so": "libglib2.0-0",
    "libgomp.so": "libgomp1",
    "libstdc++.so": "libstdc++6",
    "libX11.so": "libx11-6",
}


class Setup:
    """The stages; ``run`` executes a command and is replaced in tests."""

    def __init__(
        self, root: Path, venv: Path, *, torch: str | None = None, run: Callable[..., str]
    ) -> None:
        self.root, self.venv, self.run = root, venv, run
        self.home = venv / ".sawyer"
        self.lock = root / f"requirements-{PYTHON}.lock"
        self.python = str(venv / "bin" / "python")
        kept = self._read("torch")
        self.torch = torch or (kept if kept in TORCH_CHOICES else "auto")

    def all(self) -> None:
        """Bring the environment up to date, stage by stage."""
        if not self.lock.is_file():
            raise SetupError(f"{self.lock.name} is missing: Python {PYTHON} is not supported")
        if self.torch not in TORCH_CHOICES:
            choices = ", ".join(TORCH_CHOICES)
            raise SetupError(f"SAWYER_TORCH={self.torch}: allowed are {choices}")
        self.make_venv()
        (self.home / "complete").unlink(missing_ok=True)
        write_atomically(self.home / "torch", self.torch)  # also for who goes on after a break
        pins = self.lock.read_bytes()
        self.stage("locked", digest(pins), self.install_locked)
        self.stage("torch", digest(pins, TORCH_VERSION, self.torch), self.install_torch)
        self.stage("own", self._own_key(), self.install_own)
        self.install_workspace()
        self.stage("trial", digest(pins, self.torch), self.try_imports)

    # -- stages ---------------------------------------------------------------------------

    def stage(self, name: str, key: str, work: Callable[[], None]) -> None:
        """Do ``work`` unless it was completed before with the same key."""
        state = self._state()
        if state.get(name) == key:
            return
        state.pop(name, None)
        self._save(state)
        work()
        state[name] = key
        self._save(state)

    def make_venv(self) -> None:
        """Create the environment, or decide that the one that is there can be kept."""
        identity = f"{self.root}\n{self.venv}\n{sys.version.split()[0]}\n"
        if self.home.is_dir():
            if self._read("identity") == identity and self._venv_runs():
                self.remove_half_installed()
                return
            say("the environment belongs to another place or Python; making it anew")
            shutil.rmtree(self.venv)
        elif self.venv.exists() and any(self.venv.iterdir()):
            raise SetupError(
                f"{self.venv} exists and was not made by ./sawyer; move it away, or name "
                "another place with SAWYER_VENV"
            )
        self.check_room()
        self.home.mkdir(parents=True)
        (self.venv / "COLCON_IGNORE").touch()
        self.run([sys.executable, "-m", "venv", str(self.venv)], doing=f"making {self.venv.name}")
        write_atomically(self.home / "python", sys.executable)
        write_atomically(self.home / "identity", identity)

    def install_locked(self) -> None:
        """Install exactly what the lock file says, the installers first."""
        self.check_compiler()
        pins = [p for p in self.lock.read_text(encoding="utf-8").split("\n") if "==" in p]
        tools = [p for p in pins if p.split("==")[0] in ("pip", "setuptools", "wheel")]
        self.pip(["--no-deps", *tools], doing="installing pip, setuptools and wheel")
        # pybullet's source build (Python 3.12) asks for numpy and setuptools at build time.
        self.pip(
            ["--no-deps", "-r", str(self.lock)],
            doing=f"installing {len(pins)} packages (about 450 MB to download at first)",
        )

    def install_torch(self) -> None:
        """Install torch, or take it out if it is not wanted."""
        TorchBuild(self.venv, self.lock, self.torch, run=self.run).install()

    def install_own(self) -> None:
        """Install this repository's distributions, editable."""
        command = ["--no-deps", "--no-build-isolation"]
        for folder in self._distributions():
            command += ["-e", str(self.root / folder)]
        self.pip(command, doing="installing the Sawyer libraries")

    def install_workspace(self) -> None:
        """Link the ROS packages the way ``colcon build --symlink-install`` would."""
        sources = self.root / "ros2_ws" / "src"
        command = [self.python, "-m", "embedded_ws", "install"]
        command += ["--src", str(sources), "--prefix", str(self.venv)]
        self.run(command, doing="linking the ROS packages")

    def try_imports(self) -> None:
        """Import what needs system libraries, and name the package of a missing one."""
        code = "import importlib, sys\nfor m in sys.argv[1:]: importlib.import_module(m)"
        modules = [*TRIAL_IMPORTS, *(["torch"] if self.torch != "none" else [])]
        command = [self.python, "-c", code, *modules]
        output = self.run(command, doing="trying the imports", check=False)
        if not output.startswith("FAILED"):
            return
        for library, package in SYSTEM_LIBRARIES.items():
            if library in output:
                raise SetupError(
                    f"the system library {library} is missing; install it with:  "
                    f"sudo apt install {package}"
                )
        raise SetupError(f"an installed package does not import:\n{output[-1500:]}")

    # -- checks ---------------------------------------------------------------------------

    def check_room(self) -> None:
        """Refuse to start where the disk cannot hold the environment."""
        place = next(p for p in (self.venv, *self.venv.parents) if p.exists())
        free = shutil.disk_usage(place).free
        if free < NEEDED_BYTES:
            raise SetupError(
                f"{free / 1e9:.1f} GB free at {place}; {NEEDED_BYTES / 1e9:.1f} GB are needed"
            )

    def check_compiler(self) -> None:
        """Where pybullet has no wheel (Python 3.12, other processors), it is compiled."""
        if PYTHON != "3.12" and platform.machine() == "x86_64":
            return
        missing = [tool for tool in ("gcc", "g++") if shutil.which(tool) is None]
        if not Path(sysconfig.get_path("include"), "Python.h").is_file():
            missing.append(f"python{PYTHON}-dev")
        if missing:
            raise SetupError(
                f"pybullet has to be compiled for Python {PYTHON} on {platform.machine()}; "
                f"install the tools with:  sudo apt install {' '.join(missing)}"
            )
        say("pybullet has to be compiled for this Python: that takes some 10 to 20 minutes, once")

    def remove_half_installed(self) -> None:
        """Remove packages that an interrupted pip left without a complete file list."""
        packages = self.venv / "lib" / f"python{PYTHON}" / "site-packages"
        for leftover in packages.glob("~*"):
            shutil.rmtree(leftover, ignore_errors=True)
        for info in sorted(packages.glob("*.dist-info")):
            if not self._is_whole(info):
                say(f"{info.name} was left half installed; installing it again")
                shutil.rmtree(info)
                state = self._state()
                for name in ("locked", "torch", "own", "trial"):
                    state.pop(name, None)
                self._save(state)

    @staticmethod
    def _is_whole(info: Path) -> bool:
        record = info / "RECORD"
        if not record.is_file() or not (info / "METADATA").is_file():
            return False
        for line in record.read_text(encoding="utf-8").splitlines():
            name = line.rsplit(",", 2)[0].strip('"')
            if not name.endswith(".pyc") and not (info.parent / name).exists():
                return False
        return True

    # -- small helpers --------------------------------------------------------------------

    def pip(self, arguments: Sequence[str], *, doing: str) -> None:
        """Run pip of the environment."""
        command = [self.python, "-m", "pip", "install", "--no-warn-script-location"]
        self.run([*command, *arguments], doing=doing)

    def _distributions(self) -> list[str]:
        return [d for d in DISTRIBUTIONS if (self.root / d).is_dir()]

    def _own_key(self) -> str:
        parts: list[str | bytes] = [str(self.root)]
        for folder in self._distributions():
            for name in ("pyproject.toml", "setup.py", "setup.cfg"):
                path = self.root / folder / name
                parts += [f"{folder}/{name}", path.read_bytes() if path.is_file() else b""]
        return digest(*parts)

    def _venv_runs(self) -> bool:
        command = [self.python, "-c", "import pip"]
        try:
            return subprocess.run(command, check=False, capture_output=True).returncode == 0
        except OSError:
            return False

    def _read(self, name: str) -> str | None:
        path = self.home / name
        return path.read_text(encoding="utf-8") if path.is_file() else None

    def _state(self) -> dict[str, str]:
        text = self._read("state.json")
        try:
            state = json.loads(text) if text else {}
        except json.JSONDecodeError:
            return {}
        return state if isinstance(state, dict) else {}

    def _save(self, state: Mapping[str, str]) -> None:
        write_atomically(self.home / "state.json", json.dumps(state, indent=1, sort_keys=True))


def _raise_interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the launcher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--venv", type=Path, required=True)
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _raise_interrupt)
    started = time.monotonic()
    venv: Path = options.venv
    log = venv.with_name(f"{venv.name}.setup.log")
    try:
        with exclusive(venv.with_name(f"{venv.name}.lock")):
            log.write_text("", encoding="utf-8")
            runner = Runner(log)
            torch = os.environ.get("SAWYER_TORCH") or None
            Setup(options.root, venv, torch=torch, run=runner).all()
            if venv.is_dir():
                os.replace(log, venv / ".sawyer" / "setup.log")
    except SetupError as error:
        say(str(error))
        say("set-up is not complete; the next ./sawyer goes on from here")
        return 1
    except KeyboardInterrupt:
        say("set-up interrupted; the next ./sawyer goes on from here")
        return 130
    except OSError as error:
        say(f"set-up failed: {error}")
        return 1
    say(f"environment ready after {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
