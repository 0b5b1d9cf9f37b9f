"""Pages from the templates that lie beside this module; what is put into them is escaped."""

import jinja2

_PAGES = jinja2.Environment(
    loader=jinja2.PackageLoader("plugin.outputs", "."),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def rendered(name: str, **values: object) -> str:
    """Return the page of a template, by the name of its file, with these values in it."""
    return _PAGES.get_template(name).render(values)
