"""Prompts are templates in files of their own, in the folder `prompts` of the package that sends them."""

from functools import cache
from typing import Any

import jinja2


def render(package: str, template: str, **values: Any) -> str:
    """The text of `PACKAGE/prompts/TEMPLATE.jinja`, without blanks around it; a value that it lacks is an error."""
    return _templates(package).get_template(f"{template}.jinja").render(**values).strip()


@cache
def _templates(package: str) -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader(package, "prompts"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text for a model, not HTML
    )
