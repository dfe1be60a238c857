"""Mistakes planted in notebooks, which some of their cells must find.

Those of lessons are in tests/notebooks/mistakes/NN_slug.toml, those of
assignments in tests/classroom/hwN.toml, each a [[mutant]] with

    name      what is wrong
    cell      the id of the cell that the mistake is in
    right     text that stands there exactly once
    wrong     what stands there instead
    code      what stands there instead of the whole cell, in place of
              right and wrong
    fails     the ids of the cells that must fail

and with what the tests of those notebooks take besides.
"""
import functools
import tomllib
from pathlib import Path

NEEDED = {'name', 'cell', 'fails'}
CHANGE = {'right', 'wrong'}, {'code'}


def load(path, optional=()):
    """Read a file's mutants, and what else it holds.

    Raises:
        ValueError: a mutant lacks a key, or has an unknown one.
    """
    content = tomllib.loads(path.read_text(encoding='utf-8'))
    for mutant in content['mutant']:
        keys = set(mutant) - set(optional)
        if keys not in [NEEDED | change for change in CHANGE]:
            raise ValueError(
                f'{path.name}: the keys of {mutant.get("name")!r} are '
                f'{sorted(mutant)}, expected {sorted(NEEDED)} with right and '
                f'wrong, or with code, and maybe {sorted(optional)}')
    return content


@functools.cache
def of_lesson(name):
    """Return what is planted in a lesson, and what else its file holds."""
    path = Path(__file__).parent / f'notebooks/mistakes/{name}.toml'
    if not path.exists():
        return {'mutant': []}
    return load(path, ('also', 'instead', 'long'))


def plant(sources, mutant):
    """Return a mutant's change: its cell's id and the new source, a dict.

    Args:
        sources: the code of a notebook by cell id.
        mutant: one of those that `load` returns.

    Raises:
        ValueError: there is no such cell, or not one place to change in it.
    """
    where = f'{mutant["name"]!r}, in {mutant["cell"]}'
    for cell in (mutant['cell'], *mutant.get('fails', ())):
        if cell not in sources:
            raise ValueError(f'{where}: there is no cell {cell}')
    if 'code' in mutant:
        return {mutant['cell']: mutant['code']}
    source, right = sources[mutant['cell']], mutant['right']
    if source.count(right) != 1:
        raise ValueError(f'{where}: {right!r} is there '
                         f'{source.count(right)} times, not once')
    return {mutant['cell']: source.replace(right, mutant['wrong'])}
