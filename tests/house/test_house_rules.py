"""The house rules that no linter knows, as tests."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask

from app import create_app
from config import Settings, load
from handlers import routes
from kernel.keyring import ensure
from kernel.refusals import every_refusal
from tests.world import ROOT
from web.errors import STATUSES

PACKAGES = (
    "kernel", "bot", "loyalty", "content", "products", "promotions", "pushes", "reports", "menus",
    "handlers", "web", "emulator", "tests", "bench",
)  # fmt: skip
FILE_LINES, FUNCTION_LINES, PARAMETERS = 300, 40, 5
FORBIDDEN_NAMES = {"core", "common", "utils", "services", "models", "helpers", "misc"}


def python_files() -> Iterator[Path]:
    """Our Python; migrations are history, written once and left alone."""
    yield ROOT / "app.py"
    yield ROOT / "house.py"
    yield ROOT / "config.py"
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def other_files() -> Iterator[Path]:
    """Our pages, styles and scripts, without what is fetched."""
    for pattern in ("*.html", "*.css", "*.js"):
        for folder in ("web", "emulator"):
            for path in sorted((ROOT / folder).rglob(pattern)):
                if "vendor" not in path.parts and "node_modules" not in path.parts:
                    yield path


def shown(path: Path) -> str:
    """The path as people say it."""
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    long = {
        shown(path): lines
        for path in (*python_files(), *other_files())
        if (lines := len(path.read_text().splitlines())) > FILE_LINES
    }
    assert long == {}


def test_no_function_is_long_or_takes_many_arguments() -> None:
    wrong = []
    for path in python_files():
        for function in functions(path):
            length = (function.end_lineno or 0) - function.lineno + 1
            arguments = function.args
            count = len(arguments.args) + len(arguments.posonlyargs)
            count -= bool(arguments.args and arguments.args[0].arg in {"self", "cls"})
            is_test = path.parts[-1].startswith(("test_", "conftest"))
            if length > FUNCTION_LINES or (count > PARAMETERS and not is_test):
                wrong.append(f"{shown(path)}:{function.name} {length} lines, {count} arguments")
    assert wrong == []


def test_no_package_is_a_drawer_for_everything() -> None:
    found = {
        shown(path)
        for path in python_files()
        if FORBIDDEN_NAMES & {path.stem, *path.relative_to(ROOT).parts}
    }
    assert found == set()


def test_every_public_function_and_class_says_what_it_is() -> None:
    silent = []
    for path in python_files():
        if path.is_relative_to(ROOT / "tests") or path.is_relative_to(ROOT / "bench"):
            continue
        for node in ast.parse(path.read_text()).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name[0] == "_":
                continue
            if not ast.get_docstring(node) and not _is_section(node):
                silent.append(f"{shown(path)}:{node.name}")
    assert silent == []


def _is_section(node: ast.AST) -> bool:
    # The sections of config.py are explained in docs/configuration.md, key by key.
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    return any(isinstance(base, ast.Name) and base.id == "Section" for base in bases)


def test_nothing_committed_names_a_registry_or_a_machine() -> None:
    hosts = re.compile(r"(pypi|pythonhosted|npmjs|npmmirror)\.(org|com)|/root/|/work/", re.I)
    for path in (*ROOT.glob("*.lock"), *ROOT.glob("web/*.json"), *python_files()):
        if path.name == "test_house_rules.py":
            continue
        assert not hosts.search(path.read_text()), shown(path)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The app, which connects to nothing until asked."""
    return create_app(settings_in(tmp_path_factory.mktemp("house")))


def settings_in(folder: Path) -> Settings:
    """The settings of config.yaml with fresh secrets."""
    ensure(folder / "secrets")
    settings = load(ROOT / "config.yaml", folder / "secrets")
    hall = settings.hall.model_copy(update={"content": str(ROOT / "halls/tietong")})
    return settings.model_copy(update={"var": str(folder), "hall": hall})


def test_every_route_is_guarded_or_public_on_purpose(app: Flask) -> None:
    unguarded = [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.endpoint != "static" and not guard_of(app, rule.endpoint)
    ]
    assert unguarded == []


def guard_of(app: Flask, endpoint: str) -> str | None:
    """The mark on a view, below whatever wraps it."""
    view: Any = app.view_functions[endpoint]
    while view is not None:
        guard = getattr(view, "guard", None)
        if guard is not None:
            return str(guard)
        view = getattr(view, "__wrapped__", None)
    return None


def test_every_public_route_is_known_by_name(app: Flask) -> None:
    public = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if guard_of(app, rule.endpoint) == "public"
    }
    assert public == {
        "callback.prove_address", "callback.take_message", "health.live", "health.ready",
        "health.metrics", "index", "links.open_link",
        "console.sign_in.show_form", "console.sign_in.sign_in",
        "console.sign_in.show_code", "console.sign_in.check_code",
        "console.invited.show", "console.invited.accept",
        "site.sign_in.start", "site.sign_in.finish",
        "site.articles.show", "site.articles.show_all",
        "site.articles.note_share", "site.announcements.show_all", "site.branches.show",
        "site.branches.show_all", "site.media.show", "site.media.show_small",
        "site.pages.show_campaign", "site.pages.show_campaigns", "site.products.show",
        "site.products.show_all", "site.leaving.show_farewell",
    }  # fmt: skip


def test_every_menu_key_has_a_handler(tmp_path: Path) -> None:
    for hall in settings_in(tmp_path).menu:
        for entry in hall.entries:
            assert entry.key is None or routes.find_key(entry.key), entry.key


def test_every_menu_page_has_a_route(app: Flask, tmp_path: Path) -> None:
    adapter = app.url_map.bind("127.0.0.1")
    for hall in settings_in(tmp_path).menu:
        for entry in hall.entries:
            if entry.page:
                assert adapter.match(entry.page, method="GET"), entry.page


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    missing = []
    for name, field in Settings.model_fields.items():
        section = field.annotation
        keys = getattr(section, "model_fields", {}) or {}
        missing += [f"{name}.{key}" for key in keys if f"`{name}.{key}`" not in page]
        if not keys and f"`{name}`" not in page:
            missing.append(name)
    assert missing == []


def test_the_config_file_is_short_and_holds_no_secret() -> None:
    text = (ROOT / "config.yaml").read_text()
    assert len(text.splitlines()) <= 120
    values = yaml.safe_load(text)
    assert not {"app_secret", "token", "aes_key"} & set(values["wechat"])
    assert "security" not in values


def test_every_refusal_has_words_in_every_hall() -> None:
    codes = {refusal.code for refusal in every_refusal()}
    for file in (ROOT / "halls").glob("*/texts.yaml"):
        texts = yaml.safe_load(file.read_text())["refusals"]
        assert codes - set(texts) == set(), file.parent.name


def test_every_status_belongs_to_a_refusal() -> None:
    assert set(STATUSES) - {refusal.code for refusal in every_refusal()} == set()


def test_no_text_for_people_hides_in_the_domain() -> None:
    """Chinese sentences belong to content and templates; short labels of states may stay."""
    found = []
    for package in ("bot", "kernel", "loyalty", "pushes", "products", "promotions", "menus"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and len(re.findall(r"[一-鿿]", text)) > 30:
                    found.append(f"{shown(path)}:{getattr(node, 'lineno', 0)}")
    assert found == []
