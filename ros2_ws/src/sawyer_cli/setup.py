from setuptools import find_packages, setup

package_name = "sawyer_cli"

setup(
    name=package_name,
    version="0.1.0",
    packages=find_packages(exclude=["test"]),
    package_data={package_name: ["py.typed"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{package_name}"]),
        (f"share/{package_name}", ["package.xml"]),
    ],
    install_requires=["setuptools", "rich", "typer"],
    zip_safe=True,
    maintainer="Sawyer stack maintainers",
    maintainer_email="maintainers@sawyer.example",
    description="The sawyer command: demo, test, evaluation, benchmarks and bag checks.",
    license="Apache-2.0",
    entry_points={"console_scripts": ["sawyer = sawyer_cli.main:main"]},
)
