"""The import-linter contract behind the table in pyproject.toml: who may import whom, as a list of what is granted.

Import-linter's own contracts forbid, so that a new part is free until somebody forbids it something; here a part is
granted what its row names and nothing else. Knows the form of the table, and no row of it.

Two tables, whose names are relative to the root package (`client`, `client.wire`; `__init__` is the root itself):

- `may_import`: part -> parts of ours it may import directly. A part is a direct child of the root package. One that
  exists needs a row; a row whose part does not exist yet is no fault.
- `only_in`: package from elsewhere, or module of the standard library -> where of ours it may be imported directly,
  each a module or a package with all below it. What is not named here may be imported anywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

__all__ = ["ImportTable"]

Table = Mapping[str, frozenset[str]]


class TableField(fields.Field[Table]):
    """A TOML table of lists of names."""

    def parse(self, raw_data: object) -> Table:
        """Check the form of what TOML gave.

        Raises:
            ValidationError: when it is not a table whose values are lists of strings.
        """
        if not isinstance(raw_data, dict):
            raise fields.ValidationError(f"got {raw_data!r}, expected a table of lists of names")
        for name, names in raw_data.items():
            if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
                raise fields.ValidationError(f"{name}: got {names!r}, expected a list of names")
        return {name: frozenset(names) for name, names in raw_data.items()}


class ImportTable(Contract):
    """Every part imports only what the table grants it. Direct imports count, wherever in a module they stand."""

    type_name = "import_table"

    may_import = TableField()
    only_in = TableField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002
        """Hold every import of the graph against the tables; `faults` in the metadata has a line for each breach."""
        faults = [*self._parts_without_row(graph), *self._imports_not_granted(graph)]
        return ContractCheck(kept=not faults, metadata={"faults": faults})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Print a line for each breach."""
        for fault in check.metadata["faults"]:
            output.print_error(f"- {fault}", bold=False)
        output.new_line()

    @property
    def _root(self) -> str:
        root: str = self.session_options["root_packages"][0]
        return root

    def _parts_without_row(self, graph: ImportGraph) -> Iterator[str]:
        granted: Table = self.may_import  # type: ignore[assignment]
        for module in sorted(graph.find_children(self._root)):
            part = self._part(module)
            if part not in granted:
                yield f"{module} has no row in may_import"

    def _imports_not_granted(self, graph: ImportGraph) -> Iterator[str]:
        may_import: Table = self.may_import  # type: ignore[assignment]
        only_in: Table = self.only_in  # type: ignore[assignment]
        for importer in sorted({self._root, *graph.find_descendants(self._root)}):
            part = self._part(importer)
            for imported in sorted(graph.find_modules_directly_imported_by(importer)):
                if self._is_ours(imported):
                    granted = self._part(imported) in {part, *may_import.get(part, ())}
                else:
                    homes = only_in.get(imported)
                    granted = homes is None or any(self._is_below(importer, home) for home in homes)
                if not granted:
                    lines = sorted(
                        {str(d["line_number"]) for d in graph.get_import_details(importer=importer, imported=imported)}
                    )
                    yield f"{importer} -> {imported} (line {', '.join(lines)})"

    def _is_ours(self, module: str) -> bool:
        return module == self._root or module.startswith(f"{self._root}.")

    def _part(self, module: str) -> str:
        """`client` for `root.client.wire`, `__init__` for the root itself."""
        return module.removeprefix(self._root).lstrip(".").partition(".")[0] or "__init__"

    def _is_below(self, module: str, home: str) -> bool:
        place = f"{self._root}.{home}"
        return module == place or module.startswith(f"{place}.")
