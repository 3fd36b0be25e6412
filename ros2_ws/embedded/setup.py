"""Install the start-up hook of the message finder beside the packages."""

from __future__ import annotations

import os
import sys
import sysconfig

from setuptools import Distribution, setup

SITE_DIR = os.path.relpath(sysconfig.get_path("purelib"), sys.prefix)


class EditableDataDistribution(Distribution):
    """Editable installs ask for ``has_data``, which setuptools itself does not define."""

    def has_data(self) -> bool:
        """Say whether data files are to be installed."""
        return bool(self.data_files)


setup(distclass=EditableDataDistribution, data_files=[(SITE_DIR, ["sawyer_embedded_ros2.pth"])])
