"""Build description of sawyer_bringup."""

from glob import glob

from setuptools import find_packages, setup

PACKAGE = "sawyer_bringup"

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/launch/include", glob("launch/include/*.launch.py")),
        (f"share/{PACKAGE}/config/twin", glob("config/twin/*.yaml")),
    ],
    install_requires=["setuptools"],
    zip_safe=True,
    maintainer="Sawyer stack maintainers",
    maintainer_email="maintainers@example.com",
    description="Launch files and parameters.",
    license="Apache-2.0",
)
