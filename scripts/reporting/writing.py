"""Put a report into a folder: each page as Markdown and HTML, each table as CSV, the bill of materials as CycloneDX."""

import csv
import html
import io
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from scripts.reporting import sbom
from scripts.reporting.errors import ReportError
from scripts.reporting.index import Report
from scripts.reporting.pages import Cell, Mark, Page, Table

TABLES = "tables"
_MADE_BY_US = "index.md"
_BREAKS = re.compile(r"(?<=[\w}][/:.])(?=\w)|(?<=[a-z])(?=[A-Z])|(?<=[0-9a-f]{16})(?=[0-9a-f]{16})")


def write(report: Report, folder: Path) -> None:
    """Make *folder* hold *report*, and nothing of an older one.

    Raises:
        ReportError: The folder holds something else.
        OSError: It cannot be written; an older report is left as it was.
    """
    content, folder = files(report), folder.resolve()
    if folder.exists() and any(folder.iterdir()) and not (folder / _MADE_BY_US).is_file():
        raise ReportError(
            f"{folder} holds something that is no report, which would be lost; name another with --output."
        )
    unfinished = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        (unfinished / TABLES).mkdir(parents=True)
        for name, text in content.items():
            (unfinished / name).write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def files(report: Report) -> Mapping[str, str]:
    """Return the text of each file, by its path in the folder."""
    made = {
        sbom.FILE: sbom.document(report.parts, commit=report.revision.commit, at=report.revision.at),
    }
    foot = f"Stage {report.assembly.stage}, commit {report.revision.words}"
    template = _template()
    for page in report.pages:
        made[f"{page.name}.md"] = _markdown(page, report.pages, foot)
        made[f"{page.name}.html"] = template.render(
            page=page, pages=report.pages, foot=foot, tables=TABLES, bill=sbom.FILE
        )
        made |= {f"{TABLES}/{table.name}.csv": _csv(table) for table in page.tables}
    return made


def _template() -> Template:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    pages.filters["breakable"] = _breakable
    return pages.get_template("page.html")


def _breakable(text: str) -> Markup:
    """Let a line end within a name, after what separates its parts, and within a hash, which has none."""
    return Markup(_BREAKS.sub("<wbr>", str(escape(text))))  # noqa: S704 - it is escaped


def _markdown(page: Page, pages: tuple[Page, ...], foot: str) -> str:
    parts = [f"# {page.title}", *map(_escaped, page.about)]
    if page.name == "index":
        ways = [f"- [{one.title}]({one.name}.md)" for one in pages[1:]]
        parts.append("\n".join([*ways, f"- [Bill of materials, CycloneDX]({sbom.FILE})"]))
    for table in page.tables:
        parts += [f"## {table.title}", *([_escaped(table.about)] if table.about else [])]
        if table.rows:
            parts.append(_markdown_table(table))
    if page.name != "index":
        parts.append("[Back to the index](index.md)")
    return "\n\n".join([*parts, _escaped(foot)]) + "\n"


def _markdown_table(table: Table) -> str:
    rows = [" | ".join(_markdown_cell(cell) for cell in row) for row in table.rows]
    lines = [" | ".join(table.columns), " | ".join("---" for _ in table.columns), *rows]
    return "\n".join(f"| {one} |" for one in lines)


def _markdown_cell(cell: Cell) -> str:
    text = "<br>".join(map(_escaped, cell.text.split("\n"))).replace("|", r"\|")
    return f"**{text}**" if cell.mark is not Mark.NONE and text else text


def _escaped(text: str) -> str:
    return html.escape(text, quote=False).replace("*", r"\*").replace("_", r"\_")


def _csv(table: Table) -> str:
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows([cell.text for cell in row] for row in table.rows)
    return made.getvalue()
