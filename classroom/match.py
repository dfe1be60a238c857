"""Which of a student's cells is which of the cells that were given."""
import ast
import re

DEFINES = re.compile(r'^(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)', re.M)
UNDONE = 'NotImplementedError'
MAGIC = re.compile(r'^\s*[%!]', re.M)       # IPython's own: not Python


def meta(cell):
    """Return what nbgrader has written into a cell; {} for nothing."""
    found = cell.get('metadata', {}).get('nbgrader', {})
    return found if isinstance(found, dict) else {}


def is_answer(cell):
    return bool(meta(cell).get('solution'))


def is_test(cell):
    return bool(meta(cell).get('grade')) and not is_answer(cell)


def body(source):
    """Return a cell's statements; None where it is not Python."""
    try:
        return ast.parse(MAGIC.sub('#', source)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def defined(source):
    """Return the names that a cell's code defines at its top level."""
    statements = body(source)
    if statements is None:
        return {a or b for a, b in DEFINES.findall(source)}
    return set().union(*map(binds, statements))


def binds(node):
    """Return the names that a statement defines."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name).split('.')[0] for a in node.names}
    targets = getattr(node, 'targets', None) or [getattr(node, 'target',
                                                         None)]
    return {n.id for target in targets if target for n in ast.walk(target)
            if isinstance(n, ast.Name)}


def _text(cell):
    return cell.source.strip()


def plain(cell):
    """Return what a cell says, without blank lines around it."""
    return cell.source.strip()


class Match:
    """Which of a student's cells is which of the given ones.

    A cell is known by its nbgrader id; else by its own id; else by what it
    says; and an answer without any of these by the names that it defines.

    Args:
        given: the cells that the student was given.
        cells: those that came back.
    """

    def __init__(self, given, cells):
        self.given, self.cells = given, cells
        grade_ids = {meta(c)['grade_id']: k for k, c in enumerate(given)
                     if 'grade_id' in meta(c)}
        ids = {c.get('id'): k for k, c in enumerate(given)}
        self.roles = [grade_ids.get(str(meta(c).get('grade_id')),
                                    ids.get(str(c.get('id'))))
                      for c in cells]
        self.by_id = set(self.roles) - {None}
        self._know_by_text()
        self.elsewhere = {}   # answers in cells that are something else
        for k, cell in enumerate(given):
            if is_answer(cell) and cell.cell_type == 'code':
                self._know_by_names(k)
                self._know_halves(k)

    def _know_by_text(self):
        texts = {}
        for k, cell in enumerate(self.given):
            if k not in self.roles:
                texts.setdefault(plain(cell), []).append(k)
        for i, cell in enumerate(self.cells):
            if self.roles[i] is None and plain(cell):
                same = texts.get(plain(cell))
                self.roles[i] = same.pop(0) if same else None

    def _know_by_names(self, k):
        """Find an answer that is not in the cell meant for it."""
        names = defined(self.given[k].source)
        if not names or any(names & defined(self.cells[i].source)
                            and UNDONE not in self.cells[i].source
                            for i in self.written(k)):
            return
        for i in reversed(range(len(self.cells))):
            role = self.roles[i]
            free = role is None or (role != k and is_answer(self.given[role]))
            if free and self._is_new(i) and names & defined(
                    self.cells[i].source):
                self.elsewhere[k] = i
                self.roles[i] = k if role is None else role
                return

    def _know_halves(self, k):
        """Find the rest of an answer whose cell was split."""
        for i in self.written(k):
            text, rest = self.cells[i].source, i + 1
            while rest < len(self.cells) and self.roles[rest] is None:
                more = self.cells[rest].source
                whole = body(text) is not None and body(more) is not None
                text += f'\n{more}'
                if whole:
                    break
                if body(text) is not None:
                    self.roles[i + 1:rest + 1] = [k] * (rest - i)
                    break
                rest += 1

    def _is_new(self, i):
        """Say whether a cell is neither empty nor as it was given."""
        role = self.roles[i]
        return plain(self.cells[i]) not in (
            '', None if role is None else plain(self.given[role]))

    def written(self, k):
        """Return the indexes of the cells that answer, or change, another."""
        return [i for i, role in enumerate(self.roles) if self._is_new(i)
                and (role == k or self.elsewhere.get(k) == i)]

    def own(self, after):
        """Return the indexes of new cells that follow a given one."""
        found, last = [], None
        for i, role in enumerate(self.roles):
            if role is not None:
                last = role
            elif last == after and plain(self.cells[i]):
                found.append(i)
        return found
