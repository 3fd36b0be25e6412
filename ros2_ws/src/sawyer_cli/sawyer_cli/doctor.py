"""``sawyer doctor``: what this machine and this environment offer."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sawyer_cli.dev.torch_build import has_nvidia_driver
from sawyer_cli.paths import repository_root
from sawyer_cli.quiet import import_quietly
from sawyer_cli.torch_needed import ADVICE, has_torch

MODULES = (
    ("numpy", "numpy", True),
    ("scipy", "scipy", True),
    ("pin", "pinocchio", True),
    ("pybullet", "pybullet", True),
    ("gymnasium", "gymnasium", True),
    ("cyclonedds", "cyclonedds.domain", True),
    ("rosbags", "rosbags", True),
    ("opencv-python-headless", "cv2", True),
    ("av", "av", True),
    ("safetensors", "safetensors", True),
    ("msgpack", "msgpack", True),
    ("websockets", "websockets", True),
    ("prometheus-client", "prometheus_client", True),
)
LOW_DISK_BYTES = 2 * 1024**3  # ours


@dataclass(frozen=True)
class Finding:
    """One line of the report; ``ok`` is None for mere information."""

    subject: str
    ok: bool | None
    text: str


def module_finding(distribution: str, module: str, required: bool) -> Finding:
    """Try to import a module."""
    try:
        import_quietly(module)
    except ImportError as error:
        return Finding(distribution, False if required else None, f"not usable: {error}")
    return Finding(distribution, True, importlib.metadata.version(distribution))


def torch_findings() -> list[Finding]:
    """Say which torch there is and what it can compute on."""
    if not has_torch():
        return [Finding("torch", None, f"left out: no training, no learned policies; {ADVICE}")]
    try:
        torch = import_quietly("torch")
    except (ImportError, OSError) as error:
        return [Finding("torch", False, f"not usable: {error}")]
    built = torch.version.cuda
    kind = "CPU build" if built is None else f"built for CUDA {built}"
    threads = torch.get_num_threads()
    found = [Finding("torch", True, f"{torch.__version__}, {kind}, {threads} threads")]
    return [*found, *cuda_findings(torch, has_nvidia_driver())]


def cuda_findings(torch: Any, driver: bool) -> list[Finding]:
    """Say which GPUs torch can use, or why it can use none."""
    if torch.version.cuda is None:
        if not driver:
            return [Finding("CUDA", None, "not used; this machine has no NVIDIA driver")]
        hint = "SAWYER_TORCH=cuda ./sawyer setup lets torch use it"
        return [Finding("CUDA", None, f"there is an NVIDIA driver; {hint}")]
    if not torch.cuda.is_available():
        text = "the driver is older than this torch needs" if driver else "no NVIDIA driver"
        return [Finding("CUDA", None, f"not usable ({text}); the CPU is used")]
    found = []
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        text = f"{about.name}, {about.total_memory / 1e9:.0f} GB"
        found.append(Finding(f"CUDA device {index}", True, text))
    return found


def policy_findings() -> list[Finding]:
    """Say which learned policies are found, and which cannot be used."""
    from sawyer_policies import default_registry

    registry = default_registry()
    learned = [name for name in registry if registry.get(name).folder is not None]
    found = [Finding("learned policies", None, ", ".join(learned) or "none found")]
    return found + [Finding("policy bundle", False, text) for text in registry.problems()]


def ros_findings() -> list[Finding]:
    """Say which ROS 2 answers to the imports, and which packages it sees."""
    distro = os.environ.get("ROS_DISTRO")
    findings = [Finding("ROS_DISTRO", None, distro or "not set (no ROS 2 sourced)")]
    try:
        rclpy = importlib.import_module("rclpy")
        index = importlib.import_module("ament_index_python.packages")
    except ImportError as error:
        return [*findings, Finding("rclpy", False, f"not importable: {error}")]
    where = Path(str(rclpy.__file__)).parent
    kind = "embedded" if repository_root() in where.parents else "of the machine's ROS 2"
    findings.append(Finding("rclpy", True, f"{kind}: {where}"))
    found = sorted(n for n in index.get_packages_with_prefixes() if n.startswith("sawyer_"))
    text = ", ".join(found) or "none found"
    findings.append(Finding("packages", "sawyer_bringup" in found, text))
    names = ("ROS_DOMAIN_ID", "ROS_LOCALHOST_ONLY", "ROS_AUTOMATIC_DISCOVERY_RANGE")
    return findings + [Finding(name, None, os.environ.get(name, "not set")) for name in names]


def findings() -> list[Finding]:
    """Return everything that the report says."""
    root = repository_root()
    free = shutil.disk_usage(root).free
    version = sys.version_info[:2]
    found = [
        Finding("machine", None, f"{platform.platform()}, {os.cpu_count()} CPUs"),
        Finding(
            "python", (3, 10) <= version <= (3, 12), f"{platform.python_version()} {sys.prefix}"
        ),
        Finding("disk", free > LOW_DISK_BYTES, f"{free / 1e9:.1f} GB free at {root}"),
    ]
    found += [module_finding(*entry) for entry in MODULES]
    return found + torch_findings() + policy_findings() + ros_findings()


def run_doctor() -> int:
    """Print the report; returns 0 if nothing that is needed is missing."""
    marks = {True: "ok ", False: "BAD", None: "   "}
    report = findings()
    for finding in report:
        print(f"{marks[finding.ok]} {finding.subject:30} {finding.text}")
    return 1 if any(finding.ok is False for finding in report) else 0
