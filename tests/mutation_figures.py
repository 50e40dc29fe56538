"""Print what `make mutate` found, a row a module: `python -m tests.mutation_figures`."""

import json
import sys
from collections import Counter
from pathlib import Path

RESULTS = Path("mutants/loyalty")
# The codes mutmut writes: pytest's own, and its marks for what no test reaches and for time out.
_SAID = {1: "killed", 3: "killed", 0: "survived", 5: "survived", 33: "survived", 36: "timeout"}
_SAID |= {-24: "timeout", 24: "timeout", 152: "timeout", 255: "timeout"}


def figures_of(results: Path) -> dict[str, Counter[str]]:
    """By module, how many mutants were killed, survived, timed out or were not tried."""
    figures = {}
    for path in sorted(results.glob("*.py.meta")):
        codes = json.loads(path.read_text())["exit_code_by_key"].values()
        figures[path.name.removesuffix(".py.meta")] = Counter(
            _SAID.get(code, "not tried") for code in codes
        )
    return figures


def main() -> None:
    """A Markdown table; a mutant that only ran out of time is not counted as killed."""
    figures = figures_of(RESULTS)
    if not figures:
        sys.exit("no results in mutants/: run `make mutate`")
    out = sys.stdout.write
    out("| module | killed | tried | share | not tried |\n|---|---|---|---|---|\n")
    for name, row in [*figures.items(), ("all", sum(figures.values(), Counter()))]:
        tried = row.total() - row["not tried"]
        share = f"{row['killed'] / tried:.1%}" if tried else ""
        out(f"| {name} | {row['killed']} | {tried} | {share} | {row['not tried']} |\n")


if __name__ == "__main__":
    main()
