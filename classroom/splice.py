"""Put a student's answers into the teacher's notebook.

Cells of the student's own run where they stand; everything else, and the
tests above all, is the teacher's.
"""
import ast
import re
from typing import NamedTuple

import nbformat
from nbformat.v4 import new_code_cell

from classroom import images
from classroom.match import (
    MAGIC,
    UNDONE,
    Match,
    binds,
    body,
    defined,
    is_answer,
    is_test,
    meta,
    plain,
)

LONGEST = 1_000_000       # characters of one cell
FENCED = re.compile(r'\A\s*```\w*\n(.*?)\n```\s*\Z', re.S)


class Submission(NamedTuple):
    """A notebook to run, and what a person should know of it."""

    notebook: nbformat.NotebookNode
    flags: list


def _answer(match, k, flags):
    """Return the code of an answer; None where nothing was handed in."""
    name, given = meta(match.given[k])['grade_id'], match.given[k]
    cells = [match.cells[i] for i in match.written(k)]
    sources = [FENCED.sub(r'\1', c.source) if c.cell_type != 'code'
               else c.source for c in cells]
    sources = list(dict.fromkeys(sources))
    names, seen, first = defined(given.source), set(), 0
    done = [s for s in sources if UNDONE not in s]
    if any(names & defined(s) for s in done):
        sources = done
    # Halves of a cell that was split, or one attempt after the other
    for number, source in enumerate(sources):
        new = defined(source) & names
        if new & seen:
            first, seen = number, set()
        seen |= new
    if first:
        flags.append(f'{name} was handed in {len(sources)} times: the last '
                     'one was taken')
    sources = sources[first:]
    if len(sources) > 1:
        flags.append(f'{name} was split into {len(sources)} cells: joined')
    if k in match.elsewhere:
        flags.append(f'{name} was found by the names that it defines')
    _flag_types(name, cells, given, flags)
    if not cells and k not in match.roles:
        flags.append(f'{name}: the answer was not found')
    answer = '\n'.join(sources)
    if len(answer) > LONGEST:
        flags.append(f'{name} has more than {LONGEST:,} characters: left out')
        return None
    return answer if cells else None


def _flag_types(name, cells, given, flags):
    other = {c.cell_type for c in cells} - {given.cell_type}
    if other:
        flags.append(f'{name} was in a {" and a ".join(sorted(other))} cell: '
                     'put back')


def _is_prose(cell):
    """Say whether a cell holds words, though it may be one for code."""
    statements = body(cell.source)
    return not MAGIC.search(cell.source) and (statements is None or all(
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Name | ast.Constant)
        for node in statements))


def _words(match, k, flags):
    """Return the cells of a text answer, and of more text beside it."""
    name, given = meta(match.given[k])['grade_id'], match.given[k]
    indexes = match.written(k)
    # Below the answer, and between the question and the answer
    beside = [i for after in (k - 1 if k else None, k)
              for i in match.own(after)]
    more = [i for i in beside if match.cells[i].cell_type != 'code'
            or not indexes and _is_prose(match.cells[i])]
    if not indexes and not more and k:
        # In the cell of the question
        more = [i for i in match.written(k - 1)
                if not meta(match.given[k - 1])]
    for i in more:
        match.roles[i] = k
    cells = [match.cells[i] for i in sorted({*indexes, *more})]
    if more:
        flags.append(f'{name}: text in a cell beside it was added')
    _flag_types(name, [match.cells[i] for i in indexes], given, flags)
    if not cells and k not in match.roles:
        flags.append(f'{name}: the answer was not found')
    return cells


def _additions(given, cells):
    """Return what students added to a locked cell: new names, no changes."""
    before, there = body(given.source) or [], []
    known = {ast.dump(node) for node in before}
    names = set().union(*map(binds, before))
    for cell in cells:
        there += [node for node in body(cell.source) or []
                  if ast.dump(node) not in known and binds(node)
                  and not binds(node) & names]
    return '\n'.join(map(ast.unparse, there))


class Splicer:
    """Makes the notebook to run out of the teacher's and a student's."""

    def __init__(self, source, release, submitted):
        self.notebook = nbformat.from_dict(source)
        self.match = Match(release.cells, submitted.cells)
        self.flags, self.own = [], []

    def splice(self):
        """Return a `Submission`."""
        cells, match = [], self.match
        teachers = list(enumerate(self.notebook.cells))
        for k, cell in teachers:
            if is_answer(cell) and cell.cell_type != 'code':
                self._put_words(k, cell)
        cells += self._own_cells(None)
        for k, cell in teachers:
            cells.append(cell)
            if cell.cell_type == 'code':
                cell.outputs, cell.execution_count = [], None
                if is_answer(cell):
                    cell.source = _answer(match, k, self.flags) or (
                        match.given[k].source)
                elif not is_test(cell):
                    cells += self._changed(k, cell)
            cells += self._own_cells(k)
        self.notebook.cells = cells
        if self.own:
            names = sorted(set().union(*map(defined, self.own)))
            self.flags.append(
                'own code was run: '
                + (f'{len(self.own)} cells' if len(self.own) > 1 else
                   'one cell')
                + (f', defining {", ".join(names[:8])}' if names else ''))
        return Submission(self.notebook, self.flags + self._put_back())

    def _put_words(self, k, cell):
        cells = _words(self.match, k, self.flags)
        text, pictures, lost = images.gather(cells)
        name = meta(cell)['grade_id']
        if lost:
            self.flags.append(f'{name}: {lost} pasted images were left out, '
                              'being too large or not PNG, JPEG, GIF or WebP')
        if len(text) > LONGEST:
            self.flags.append(f'{name} has more than {LONGEST:,} characters: '
                              'cut off')
        cell.source = text[:LONGEST] or self.match.given[k].source
        if pictures:
            cell.attachments = pictures

    def _made_own(self, source):
        self.own.append(source)
        made = new_code_cell(source, id=f'own-{len(self.own)}')
        made.metadata.own = True
        return made

    def _own_cells(self, after):
        given, sources = set(map(plain, self.match.given)), []
        for cell in map(self.match.cells.__getitem__, self.match.own(after)):
            if (cell.cell_type != 'code' or plain(cell) in given
                    or len(cell.source) > LONGEST):
                continue
            # These may be split, too
            joined = '\n'.join([*sources[-1:], cell.source])
            if (sources and None in (body(sources[-1]), body(cell.source))
                    and body(joined) is not None):
                sources[-1] = joined
            else:
                sources.append(cell.source)
        return list(map(self._made_own, sources))

    def _changed(self, k, cell):
        """Take over a cell that students may change; return new cells."""
        changed = [self.match.cells[i] for i in self.match.written(k)
                   if self.match.cells[i].cell_type == 'code']
        if meta(cell):
            added = _additions(cell, changed)
            return [self._made_own(added)] if added else []
        if changed and len(changed[-1].source) <= LONGEST:
            cell.source = changed[-1].source
            cell.metadata.own = True
            self.own.append(cell.source)
        return []

    def _put_back(self):
        """Flag the locked cells that were changed or deleted."""
        locked = {k: meta(c)['grade_id']
                  for k, c in enumerate(self.match.given)
                  if meta(c).get('locked')}
        changed = [n for k, n in locked.items() if self.match.written(k)]
        missing = [n for k, n in locked.items() if k not in self.match.roles]
        return [f'{what}, and put back: ' + ', '.join(names[:8])
                for what, names in (('changed', changed),
                                    ('deleted', missing)) if names]


def splice(source, release, submitted):
    """Put a student's answers into the teacher's notebook.

    Args:
        source: the teacher's notebook, tests and all.
        release: what the student was given: the same cells.
        submitted: what came back.

    Returns:
        A `Submission`.
    """
    return Splicer(source, release, submitted).splice()
