"""Install the start-up hook of the message finder beside the package."""

from __future__ import annotations

import os
import sys
import sysconfig

from setuptools import setup

SITE_DIR = os.path.relpath(sysconfig.get_path("purelib"), sys.prefix)

setup(data_files=[(SITE_DIR, ["sawyer_embedded_ros2.pth"])])
