"""Facts about the tracked files: paths, hosts, exports, YAML, links of the docs, sizes."""

import ast
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
TOP_LEVEL_FOLDERS = {
    ".ci", "ros2_ws", "policy_server", "controllers", "calibration", "sim", "datasets",
    "docker", "tests", "docs",
}  # fmt: skip
# Written with a gap, so that this file does not offend itself.
MACHINE_PATHS = re.compile(
    r"(?<![\w.$}/-])/(?:wo~rk|fa~rm|ro~ot|ho~me/[a-z]+)/\w".replace("~", "")
)
REGISTRIES = re.compile(
    r"py~pi\.org|python~hosted|deb\.deb~ian|npm~js\.org|download\.pytor~ch".replace("~", ""),
    re.IGNORECASE,
)


def tracked() -> list[Path]:
    """Tracked and new files; without git (a source archive) everything that is there."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "-co", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        names = [ROOT / name for name in done.stdout.split("\0") if name]
        return [path for path in names if path.is_file()]
    skip = {".venv", "__pycache__", "runs"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not skip & set(p.parts)]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def text_of(path: Path) -> "str | None":
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def lines_that_match(pattern: "re.Pattern[str]") -> list[str]:
    found = []
    for path in FILES:
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if pattern.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    return found


def test_no_paths_of_one_machine() -> None:
    assert lines_that_match(MACHINE_PATHS) == []


def test_no_package_registry_is_named() -> None:
    assert lines_that_match(REGISTRIES) == []


def test_top_level_folders_are_the_agreed_ones() -> None:
    present = {path.relative_to(ROOT).parts[0] for path in FILES if path.parent != ROOT}
    assert present - TOP_LEVEL_FOLDERS == set()


def test_no_package_in_a_top_level_folder_or_in_tests() -> None:
    bad = [ROOT / folder / "__init__.py" for folder in TOP_LEVEL_FOLDERS]
    bad += [path for path in FILES if path.name == "__init__.py" and path.parts[-2] == "tests"]
    assert [path for path in bad if path.exists()] == []


@pytest.mark.parametrize("limit_lines", [400])
def test_python_files_are_short(limit_lines: int) -> None:
    lengths = {p: len(p.read_text(encoding="utf-8").splitlines()) for p in PYTHON}
    long = {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > limit_lines}
    assert long == {}


@pytest.mark.parametrize("limit_lines", [50])
def test_functions_are_short(limit_lines: int) -> None:
    """Not so in the embedded runtime: the signatures of public rclpy alone are that long."""
    long = {}
    for path in PYTHON:
        if ROOT / "ros2_ws" / "embedded" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > limit_lines:
                    long[f"{path.relative_to(ROOT)}: {node.name}"] = length
    assert long == {}


def test_files_are_small() -> None:
    assert [str(p.relative_to(ROOT)) for p in FILES if p.stat().st_size > 4 * 1024**2] == []


def exported(tree: ast.Module) -> "list[str] | None":
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            assert isinstance(node, ast.Assign)
            try:
                return list(ast.literal_eval(node.value))
            except ValueError:
                return None  # put together at run time
    return None


def defined(tree: ast.Module) -> "set[str] | None":
    """Names that a module binds, or None where they cannot be known without running it."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
            if node.name == "__getattr__":
                return None
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if alias.name == "*":
                    return None
                names.add((alias.asname or alias.name).split(".")[0])
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


def test_every_exported_name_exists() -> None:
    wrong = []
    for path in PYTHON:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        names, known = exported(tree), defined(tree)
        if names is None or known is None:
            continue
        modules = {p.stem for p in path.parent.glob("*.py")} | {
            p.name for p in path.parent.iterdir() if p.is_dir()
        }
        wrong += [
            f"{path.relative_to(ROOT)}: {name}" for name in names if name not in known | modules
        ]
        if len(set(names)) != len(names):
            wrong.append(f"{path.relative_to(ROOT)}: a name is listed twice")
    assert wrong == []


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if p.suffix in (".yaml", ".yml")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_yaml_loads(path: Path) -> None:
    documents = list(yaml.safe_load_all(path.read_text(encoding="utf-8")))
    assert documents != []


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if p.suffix in (".xml", ".urdf")],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_xml_is_well_formed(path: Path) -> None:
    assert ElementTree.parse(path).getroot().tag


LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
CODE_PATH = re.compile(
    r"`((?:ros2_ws|policy_server|controllers|calibration|sim|datasets|docker|tests|docs)"
    r"/[\w./-]+|requirements\.in|\./sawyer)`"
)


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if p.suffix == ".md"],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_docs_name_real_files(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    wrong = []
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            if not (path.parent / target).exists():
                wrong.append(target)
    wrong += [name for name in CODE_PATH.findall(text) if not (ROOT / name).exists()]
    assert wrong == []


def test_embedded_runtime_is_hidden_from_colcon() -> None:
    assert (ROOT / "ros2_ws" / "embedded" / "COLCON_IGNORE").is_file()


def test_locks_cover_the_same_requirements() -> None:
    wanted = {
        re.split(r"[=<>~! ]", line)[0]
        for line in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    }
    for python in ("3.10", "3.11", "3.12"):
        lines = (ROOT / f"requirements-{python}.lock").read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if not line.startswith("#")]
        assert all(re.fullmatch(r"[a-z0-9-]+==[\w.+]+", pin) for pin in pins)
        assert wanted - {pin.split("==")[0] for pin in pins} == {"torch"}  # chosen at set-up
