"""Parts of the README that come from the data, each between its two marks."""

import re
from pathlib import Path

from vnegov import paths
from vnegov.data import audit, tables
from vnegov.data.schema import TABLES

README = paths.ROOT / "README.md"


def codebook() -> str:
    """Every table with its columns, as Markdown."""
    parts = []
    for name, table in TABLES.items():
        key = f"; identified by {', '.join(f'`{k}`' for k in table.key)}" if table.key else ""
        parts.append(f"<details><summary><b>{name}</b>: one row is {table.description}{key}</summary>\n")
        parts.append("| column | type | what it holds |\n|---|---|---|")
        for column, spec in table.columns.items():
            enum = spec.constraints.get("enum", ())
            values = f" ({', '.join(enum)})" if 0 < len(enum) < 10 else ""
            parts.append(f"| `{column}` | {spec.type} | {spec.description}{values}{'; may be empty' * spec.nullable} |")
        parts.append("\n</details>")
    return "\n".join(parts)


def fill(text: str, mark: str, content: str) -> str:
    """`text` with what stands between `<!-- mark -->` and `<!-- /mark -->` replaced."""
    pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
    return re.sub(pattern, lambda found: f"{found[1]}{content}\n{found[2]}", text, flags=re.DOTALL)


def renew(readme: Path = README) -> None:
    """Write the codebook, and what is known of which edition, into the README."""
    text = fill(readme.read_text(encoding="utf-8"), "codebook", codebook())
    paths.write(readme, fill(text, "coverage", audit.coverage_markdown(tables.table("scores"))).encode())
