"""Which build of torch the environment gets, and getting it (standard library only).

On Linux the plain name means a build with CUDA libraries, some fourteen times the download of the
CPU build, which only some indices carry. ``auto`` takes the CPU build where one is offered, else
the plain one, and says before the download how large it is.
"""

from __future__ import annotations

import platform
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sawyer_cli.dev.setup_tools import SetupError, say

VERSION: Final = "2.13.0"
CHOICES: Final = ("auto", "cpu", "cuda", "none")
# Measured for 2.13.0 on x86_64: 2.74 GB of wheels, 4.7 GB installed; both are there at once.
CUDA_SIZE: Final = "about 2.7 GB to download, 4.7 GB on disk"
CUDA_ROOM_BYTES: Final = 8 * 10**9
ATTEMPTS: Final = 3  # ours; within each, pip itself resumes a download that breaks off
PAUSE_S: Final = 10.0  # ours
PATIENCE: Final = ("--retries", "10", "--resume-retries", "20")  # ours
NOT_OFFERED: Final = "No matching distribution found for torch"
NOTHING_OFFERED: Final = "(from versions: none)"
GPU_SIGNS: Final = (Path("/proc/driver/nvidia/version"), Path("/dev/nvidiactl"))


def has_nvidia_driver() -> bool:
    """Whether this machine has an NVIDIA driver, and so may have a GPU for torch."""
    return any(sign.exists() for sign in GPU_SIGNS)


class TorchBuild:
    """Brings torch of one environment to what ``choice`` asks for; ``run`` executes commands."""

    def __init__(self, venv: Path, lock: Path, choice: str, *, run: Callable[..., str]) -> None:
        self.venv, self.lock, self.choice, self.run = venv, lock, choice, run
        self.python = str(venv / "bin" / "python")
        self.pause: Callable[[float], None] = time.sleep

    def install(self) -> None:
        """Install torch, or take it out for ``none``; never gigabytes without saying so first.

        Raises:
            SetupError: it cannot be had; the text says what else can be done.
        """
        present = self.present()
        if self.choice == "none":
            self._leave_out(present)
        elif self.choice == "cuda":
            self._install_plain()
        elif self.choice == "auto" and present is not None:
            say(f"keeping torch {present}")
        elif not self._install_cpu():
            if self.choice == "cpu":
                raise SetupError(
                    f"your package index has no CPU build of torch {VERSION} for Python "
                    f"{_python()}. Add PyTorch's own CPU index with PIP_EXTRA_INDEX_URL, or take "
                    f"the build with CUDA libraries ({CUDA_SIZE}) with SAWYER_TORCH=cuda"
                )
            say(f"your package index has no CPU build of torch {VERSION}: taking the normal one")
            say("(to avoid it: Ctrl-C, then set PIP_EXTRA_INDEX_URL to PyTorch's CPU index, or")
            say("SAWYER_TORCH=none to go without learned policies and training)")
            self._install_plain()

    def present(self) -> str | None:
        """Return the version of the torch that is installed whole, None unless it is ours."""
        packages = self.venv / "lib" / f"python{_python()}" / "site-packages"
        found = [path.name for path in packages.glob(f"torch-{VERSION}*.dist-info")]
        versions = [name.removeprefix("torch-").removesuffix(".dist-info") for name in found]
        ours = [v for v in versions if v.partition("+")[0] == VERSION]
        return ours[0] if ours else None

    def _leave_out(self, present: str | None) -> None:
        if present is not None:
            command = [self.python, "-m", "pip", "uninstall", "--yes", "torch"]
            self.run(command, doing=f"removing torch {present}")
        say("torch left out (SAWYER_TORCH=none): no training, no learned policies")

    def _install_cpu(self) -> bool:
        """Install the CPU build; return False if no index has it."""
        # Other systems' plain wheels are CPU builds; on Linux these carry the local label +cpu.
        version = VERSION if platform.system() != "Linux" else f"{VERSION}+cpu"
        arguments = ["--no-deps", f"torch=={version}"]
        output = self._try(arguments, f"installing torch {version} (190 MB) if it is offered")
        if output is None:
            if has_nvidia_driver():
                say(
                    "there is an NVIDIA driver; SAWYER_TORCH=cuda ./sawyer setup lets torch use it"
                )
            return True
        if NOT_OFFERED not in output or NOTHING_OFFERED in output:
            raise self._failure(version, output)
        return False

    def _install_plain(self) -> None:
        self._check_room()
        # A CPU build that is installed or in a local folder would satisfy the plain version.
        wanted = [f"torch=={VERSION}", f"!={VERSION}+cpu"]
        arguments = ["-c", str(self.lock), ",".join(wanted)]
        doing = f"installing torch {VERSION} with its CUDA libraries ({CUDA_SIZE})"
        output = self._try(arguments, doing)
        if output is not None:
            raise self._failure(VERSION, output)

    def _try(self, arguments: list[str], doing: str) -> str | None:
        """Run pip, again if the network fails; return None, or the output of the failure."""
        command = [self.python, "-m", "pip", "install", "--no-warn-script-location"]
        output, started = "", time.monotonic()
        for attempt in range(1, ATTEMPTS + 1):
            output = self.run([*command, *PATIENCE, *arguments], doing=doing, check=False)
            if not output.startswith("FAILED"):
                say(f"torch installed in {time.monotonic() - started:.0f} s")
                return None
            if NOT_OFFERED in output or "No space left" in output or attempt == ATTEMPTS:
                break
            say(f"that failed (attempt {attempt} of {ATTEMPTS}): {_last_line(output)}")
            self.pause(PAUSE_S)
        return output

    def _check_room(self) -> None:
        free = shutil.disk_usage(self.venv).free
        if free < CUDA_ROOM_BYTES:
            raise SetupError(
                f"torch {VERSION} with its CUDA libraries needs {CUDA_ROOM_BYTES / 1e9:.0f} GB "
                f"while it is installed; {free / 1e9:.1f} GB are free at {self.venv}"
            )

    @staticmethod
    def _failure(version: str, output: str) -> SetupError:
        tail = "\n".join(output.strip().splitlines()[-10:])
        advice = "SAWYER_TORCH=none goes on without learned policies and training"
        if NOT_OFFERED in output:
            reason = (
                f"no package index that answers has torch {version} for Python {_python()} on "
                f"{platform.machine()}"
            )
        else:
            reason = f"installing torch {version} failed"
        return SetupError(f"{reason}; {advice}:\n{tail}")


def _last_line(output: str) -> str:
    lines = [line for line in output.strip().splitlines() if line.strip()]
    return lines[-1][:200] if lines else ""


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
