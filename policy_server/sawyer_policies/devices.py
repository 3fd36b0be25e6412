"""Where torch computes."""

from __future__ import annotations

import re

import torch

from sawyer_core.errors import ConfigError


def torch_device(name: str) -> torch.device:
    """The device of that name, which is there.

    >>> torch_device("cpu")
    device(type='cpu')

    Raises:
        ConfigError: no such device, or none here.
    """
    cuda = re.fullmatch(r"cuda(?::(\d+))?", name)
    if cuda is not None and torch.cuda.is_available():
        there = int(cuda[1] or 0) < torch.cuda.device_count()
    else:
        there = name == "cpu"
    if not there:
        raise ConfigError("device", name, "cpu, or cuda or cuda:<n> where there is such a GPU")
    return torch.device(name)
