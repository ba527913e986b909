"""What runs inside the sandbox: import M3ToolEval's `tasks` from memory and tell what it holds.

There are no files in a container, so its modules come from a dictionary, and `open` reads from it; what they import
only to run a model (tqdm, IPython) is an empty module. Standard library only; the host sends this file's text.
"""

import builtins
import importlib.abc
import importlib.machinery
import importlib.util
import io
import sys
from types import ModuleType
from typing import Any

ROOT = "/m3tooleval/"
ABSENT = ("tqdm", "IPython", "faker")


class FromMemory(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds modules in `files`, text by path."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """Of a module or package that there is, or of an empty one."""
        place = name.replace(".", "/")
        empty = name.split(".")[0] in ABSENT
        package = any(file.startswith(f"{place}/") for file in self.files)
        if not (package or empty or f"{place}.py" in self.files):
            return None
        return importlib.util.spec_from_loader(name, self, is_package=package or empty)

    def exec_module(self, module: ModuleType) -> None:
        """Run its text."""
        place = module.__name__.replace(".", "/")
        file = next((f for f in (f"{place}.py", f"{place}/__init__.py") if f in self.files), None)
        if module.__name__.split(".")[0] in ABSENT:
            vars(module)["__getattr__"] = lambda name: type(name, (), {})  # whatever is imported from it
        if file is None:
            return
        module.__file__ = ROOT + file
        exec(compile(self.files[file], ROOT + file, "exec"), vars(module))


def held(files: dict[str, str]) -> dict[str, Any]:
    """Tasks (name, instruction, reference as Python writes it, names of tools), flights, hotels, pages by address."""
    really_open = builtins.open

    def open_(file: Any, *args: Any, **options: Any) -> Any:
        inside = str(file).startswith(ROOT)
        return io.StringIO(files[str(file).removeprefix(ROOT)]) if inside else really_open(file, *args, **options)

    vars(builtins)["open"] = open_
    sys.meta_path.insert(0, FromMemory(files))
    __import__("tasks")
    modules = [module for name, module in list(sys.modules.items()) if name.startswith("tasks.")]
    return {
        "tasks": [
            {
                "name": task.name,
                "instruction": task.instruction,
                "expected_output": repr(task.expected_output),
                "tools": list(task.tools),
            }
            for tasks, _ in sys.modules["tasks.base"].task_iterators
            for task in tasks
        ],
        "flights": [flight for module in modules for flight in getattr(module, "flights", ())],
        "hotels": [hotel for module in modules for hotel in getattr(module, "hotels", ())],
        "pages": {page.name: page.content for module in modules for page in getattr(module, "PAGES", ())},
    }
