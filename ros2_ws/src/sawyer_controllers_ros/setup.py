"""Build description of sawyer_controllers_ros."""

from setuptools import find_packages, setup

PACKAGE = "sawyer_controllers_ros"

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
    description="Nodes around sawyer_controllers.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "cartesian_command = sawyer_controllers_ros.cartesian_command_node:main",
            "insertion_sensor = sawyer_controllers_ros.insertion_sensor_node:main",
            "reset = sawyer_controllers_ros.reset_node:main",
            "episode_manager = sawyer_controllers_ros.episode_manager_node:main",
            "session = sawyer_controllers_ros.session:main",
            "training_session = sawyer_controllers_ros.session:train",
        ],
    },
)
