"""Build description of sawyer_sim_ros."""

from setuptools import find_packages, setup

PACKAGE = "sawyer_sim_ros"

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
    description="Driver node of the PyBullet twin.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "twin_camera = sawyer_sim_ros.twin_camera_node:main",
            "twin_driver = sawyer_sim_ros.twin_driver_node:main",
        ],
    },
)
