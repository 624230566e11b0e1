"""A page for each package, made from docstrings: the package's own, and each of its modules with its public names."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import navigation
from sphinx.ext.napoleon import Config, NumpyDocstring
from sphinx.util.inspect import stringify_signature

NUMPY = Config(napoleon_use_ivar=True, napoleon_attr_annotations=False)
"""Attributes as a list in their class, not each as a thing of its own; the signature has their types."""
ATTRIBUTE = re.compile(r":ivar ([^:]+): ?(.*)")
ATTRIBUTE_TYPE = re.compile(r":vartype ([^:]+): ?(.*)")
NAME = re.compile(r"(?<![\w.])[A-Za-z]\w*")


def write_reference(app: Any) -> None:
    """Write the pages that changed, so that Sphinx need not read the others again; remove those of no package."""
    folder = navigation.ROOT / navigation.REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    written = {path for house in navigation.HOUSES for path in write_package(folder, house)}
    for path in set(folder.glob("*.rst")) - written:
        path.unlink()


def write_package(folder: Path, package: str) -> list[Path]:
    """The page of a package and those of the packages inside it."""
    inside = navigation.list_packages(package)
    page = folder / f"{package}.rst"
    text = draw_page(package, inside)
    if not page.exists() or page.read_text(encoding="utf-8") != text:
        page.write_text(text, encoding="utf-8")
    return [page, *(path for each in inside for path in write_package(folder, each))]


def draw_page(package: str, inside: list[str]) -> str:
    """One page in reStructuredText, the markup of the docstrings."""
    parts = [draw_heading(package, "="), f".. automodule:: {package}\n   :no-members:\n"]
    if inside:
        parts.append(".. toctree::\n   :maxdepth: 1\n\n" + "".join(f"   {each}\n" for each in inside))
    for module in navigation.list_modules(package):
        parts += [draw_heading(module, "-"), f".. automodule:: {module}\n"]
    return "\n".join(parts)


def draw_heading(name: str, underline: str) -> str:
    """A heading of the name alone."""
    return f"{name}\n{underline * len(name)}\n"


def read_sections(app: Any, what: str, name: str, documented: Any, options: Any, lines: list[str]) -> None:
    """Turn numpy's sections into fields; not of constants and properties, where a colon would be taken for a type."""
    if what not in {"attribute", "data", "property"}:
        found = NumpyDocstring(lines, NUMPY, app, what, name, documented, options).lines()
        lines[:] = list_attributes(found)


def list_attributes(lines: list[str]) -> list[str]:
    """Attributes as parameters, whose names are no links; what numpy takes for a type is how our descriptions begin."""
    began = {found[1]: found[2] for line in lines if (found := ATTRIBUTE_TYPE.match(line))}
    kept = [line for line in lines if not ATTRIBUTE_TYPE.match(line)]
    return [
        f":param {found[1].replace(' ', '')}: {began.get(found[1], '')} {found[2]}".rstrip()
        if (found := ATTRIBUTE.match(line))
        else line
        for line in kept
    ]


def say_as_written(
    app: Any, what: str, name: str, documented: Any, options: Any, arguments: str | None, returned: str | None
) -> tuple[str, str | None] | None:
    """The signature in the words of the source: ``Floats``, where its meaning would fill a line of its own."""
    if arguments is None or what not in {"function", "method", "class"}:
        return None
    try:
        signature = inspect.signature(documented)
    except (TypeError, ValueError):  # an enumeration, or a class from compiled code
        return None
    origins = find_origins(documented.__module__)
    kept = [qualify(each, origins) for each in signature.parameters.values() if each.name != "self"]
    said = stringify_signature(signature.replace(parameters=kept), show_return_annotation=False)
    returns = isinstance(signature.return_annotation, str) and what != "class"
    return said, replace_names(signature.return_annotation, origins) if returns else None


@cache
def find_origins(module: str) -> dict[str, str]:
    """Where a module has its classes of ours from, those for type checkers too: two classes may bear one name."""
    path = navigation.ROOT / module.replace(".", "/")
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not file.exists():
        return {}
    imports = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if (node.module or "").split(".")[0] in navigation.HOUSES]
    names = [(node.module or "", alias) for node in ours for alias in node.names]
    return {
        alias.asname or alias.name: f"{origin}.{alias.name}"
        for origin, alias in names
        if isinstance(getattr(import_module(origin), alias.name, None), type)
    }


def qualify(parameter: inspect.Parameter, origins: dict[str, str]) -> inspect.Parameter:
    """A parameter whose annotation says where our names come from; the page shows their last part only."""
    if not isinstance(parameter.annotation, str):
        return parameter
    return parameter.replace(annotation=replace_names(parameter.annotation, origins))


def replace_names(annotation: str, origins: dict[str, str]) -> str:
    """An annotation with our names in full."""
    return NAME.sub(lambda found: origins.get(found[0], found[0]), annotation)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx, before it looks which pages there are."""
    app.connect("builder-inited", write_reference)
    app.connect("autodoc-process-docstring", read_sections)
    app.connect("autodoc-process-signature", say_as_written)
    return {"parallel_read_safe": True}
