"""Build description of sawyer_calibration_ros."""

from setuptools import find_packages, setup

PACKAGE = "sawyer_calibration_ros"

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
    description="Camera and force-bias nodes.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "camera = sawyer_calibration_ros.camera_node:main",
            "force_bias = sawyer_calibration_ros.force_bias_node:main",
        ],
    },
)
