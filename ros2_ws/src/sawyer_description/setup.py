"""Install the robot description for ROS tools and for plain Python."""

from setuptools import setup

PACKAGE = "sawyer_description"

setup(
    name=PACKAGE,
    version="0.1.0",
    description="Geometry, dynamics and limits of the Sawyer arm",
    packages=[PACKAGE],
    package_data={PACKAGE: ["py.typed", "urdf/*.urdf", "config/*.yaml"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/urdf", [f"{PACKAGE}/urdf/sawyer.urdf"]),
        (f"share/{PACKAGE}/config", [f"{PACKAGE}/config/limits.yaml"]),
    ],
    install_requires=["setuptools", "PyYAML"],
    python_requires=">=3.10",
    zip_safe=False,
)
