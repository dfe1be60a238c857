"""Run parts of a lesson outside Jupyter: the cells that define some names."""
import dis
import functools
import re
from pathlib import Path

import matplotlib
import nbformat

NOTEBOOKS = Path(__file__).parent.parent / 'notebooks'


class Lesson:
    """The code cells of a notebook, and what each defines and needs.

    Args:
        name: the notebook's path in notebooks/, without .ipynb, such as
            `04_softmax_scratch`, or the beginning of it, such as `04`.
    """

    def __init__(self, name):
        path, = NOTEBOOKS.glob(f'{name}*.ipynb')
        self.name = path.stem
        self.sources = code_of(path)
        self.tags = {cell.id: cell.metadata.get('tags', [])
                     for cell in _code_cells(path)}

    def needed(self, names, before=None, also=()):
        """Return the ids of the cells that define names, in their order.

        With them come the cells that define what those need, and so on. A
        cell that changes an object without assigning it (it trains a net,
        say) is not seen: give its id in `also`.

        Args:
            names: names that cells define at their top level.
            before: the id of the first cell to leave out; None for none.
            also: ids of further cells.
        """
        ids = list(self.sources)
        missing, found = set(names), []
        for cell_id in reversed(ids[:ids.index(before) if before else None]):
            defines, needs = names_of(self.sources[cell_id])
            if defines & missing or cell_id in also:
                found.insert(0, cell_id)
                missing = missing - defines | needs
        lost = set(names) & missing
        if lost:
            raise ValueError(f'{self.name} defines no {sorted(lost)}')
        return found

    def run(self, ids, namespace=None):
        """Run cells in one namespace, without a screen; return it."""
        matplotlib.use('agg')
        if namespace is None:
            namespace = {'__name__': self.name}
        for cell_id in ids:
            code = compile(self.sources[cell_id], f'{self.name}:{cell_id}',
                           'exec')
            exec(code, namespace)
        return namespace

    def load(self, *names, before=None):
        """Return the objects that the lesson defines under these names."""
        namespace = self.run(self.needed(names, before))
        return [namespace[name] for name in names]


# A notebook with its figures is large, and tests look at each many times
@functools.cache
def _code_cells(path):
    nb = nbformat.read(path, as_version=4)
    return [cell for cell in nb.cells if cell.cell_type == 'code']


def code_of(path):
    """Return a notebook's code, without magics, by cell id."""
    return {cell.id: re.sub(r'^%.*$', '', cell.source, flags=re.M)
            for cell in _code_cells(path)}


@functools.cache
def names_of(source):
    """Return which global names a cell defines, and which it needs."""
    defines, needs = set(), set()
    top = compile(source, 'cell', 'exec')
    for step in dis.get_instructions(top):
        if step.opname == 'STORE_NAME':
            defines.add(step.argval)
        elif step.opname == 'LOAD_NAME' and step.argval not in defines:
            needs.add(step.argval)
    # A function reads its globals later, when the cell has run
    inner = [c for c in top.co_consts if hasattr(c, 'co_code')]
    while inner:
        code = inner.pop()
        needs |= {step.argval for step in dis.get_instructions(code)
                  if step.opname == 'LOAD_GLOBAL'} - defines
        inner += [c for c in code.co_consts if hasattr(c, 'co_code')]
    return defines, needs
