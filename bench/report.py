"""Writes the README's figures and the pictures, from the saved results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bench.bars import BARS, Bar
from bench.results import RESULTS, Check, Result, Table, load
from bench.svg import draw, number

HERE = Path(__file__).resolve().parent
README = HERE / "README.md"
PICTURES = HERE / "pictures"

START = "<!-- figures: made by `python -m bench report` -->\n"
END = "<!-- end of figures -->"


def write(results: Path = RESULTS) -> None:
    """Write the pictures, and the figures into the README."""
    PICTURES.mkdir(exist_ok=True)
    for name in BARS:
        result = load(name, results)
        for chart in result.charts if result else ():
            (PICTURES / f"{chart.name}.svg").write_text(draw(chart), encoding="utf-8")
    README.write_text(with_figures(README.read_text(encoding="utf-8"), results), encoding="utf-8")


def with_figures(text: str, results: Path = RESULTS) -> str:
    """The README's text with the saved figures."""
    before, _, rest = text.partition(START)
    after = rest.partition(END)[2]
    return f"{before}{START}{figures(results)}{END}{after}"


def figures(results: Path = RESULTS) -> str:
    """The last results of all measurements, as Markdown."""
    parts = [_section(bar, result) for bar in BARS.values() if (result := load(bar.name, results))]
    return "\n".join(parts)


def lines(result: Result) -> Iterator[str]:
    """A result for a terminal: one line per check."""
    for check in result.checks:
        spread = (
            f" ({number(check.spread[0])} to {number(check.spread[1])})" if check.spread else ""
        )
        yield f"  {_verdict(check):10} {check.what}: {_value(check)}{spread}, bar: {_bar(check)}"
    for table in result.tables:
        yield from _table(table)
    yield from result.notes


def _section(bar: Bar, result: Result) -> str:
    where = result.machine
    parts = [
        f"## {bar.title}\n",
        f"`python -m bench {bar.name}`\n",
        f"{bar.about}\n",
        *([_checks(result)] if result.checks else []),
        *("\n".join(_table(table)) + "\n" for table in result.tables),
        *(f"{note}\n" for note in result.notes),
        *(f"![{chart.title}](pictures/{chart.name}.svg)\n" for chart in result.charts),
        f"Measured {where['date']}: Python {where['python']}, {where['platform']}, "
        f"{where['processors']} processors.\n",
    ]
    return "\n".join(parts)


def _checks(result: Result) -> str:
    has_spread = any(check.spread for check in result.checks)
    columns = ["figure", "measured", *(["spread"] if has_spread else []), "bar", ""]
    rows = []
    for check in result.checks:
        spread = f"{number(check.spread[0])} to {number(check.spread[1])}" if check.spread else ""
        middle = [spread] if has_spread else []
        rows.append([check.what, _value(check), *middle, _bar(check), _verdict(check)])
    return "\n".join(_table(Table(columns, rows))) + "\n"


def _verdict(check: Check) -> str:
    return "met" if check.met else "**missed**"


def _value(check: Check) -> str:
    return f"{number(check.value)} {check.unit}".strip()


def _bar(check: Check) -> str:
    return f"{check.relation} {number(check.bar)} {check.unit}".strip()


def _table(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(table.columns) + " |"
    yield "|---" + "|---:" * (len(table.columns) - 1) + "|"
    for row in table.rows:
        yield "| " + " | ".join(row) + " |"
