"""Build description of sawyer_policies_ros."""

from setuptools import find_packages, setup

PACKAGE = "sawyer_policies_ros"

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
    description="Nodes that serve named policies, and learn one.",
    license="Apache-2.0",
    entry_points={
        "console_scripts": [
            "learner = sawyer_policies_ros.learner_node:main",
            "policy_server = sawyer_policies_ros.policy_server_node:main",
        ],
    },
)
