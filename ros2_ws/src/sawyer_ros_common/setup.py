"""Build description of sawyer_ros_common."""

from setuptools import find_packages, setup

PACKAGE = "sawyer_ros_common"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="Sawyer stack maintainers",
    maintainer_email="maintainers@example.com",
    description="What the nodes share: conversions, QoS, barrier, parameters, health.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "container = sawyer_ros_common.container:main",
            "diagnostics = sawyer_ros_common.diagnostics_node:main",
        ],
    },
)
