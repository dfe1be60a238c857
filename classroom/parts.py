"""Take a test cell apart, so that one failure does not hide the next."""
import ast
from typing import NamedTuple

BEGIN, END = '### BEGIN HIDDEN TESTS', '### END HIDDEN TESTS'


class Part(NamedTuple):
    """A piece of a test cell that runs by itself."""

    code: str
    hidden: bool          # whether students are not to see it
    binds: set            # the names that it defines
    needs: set            # and those that it uses


def hidden_lines(source):
    """Return the numbers of the lines that are hidden, from 1."""
    found, inside = set(), False
    for number, line in enumerate(source.splitlines(), 1):
        inside = (inside or BEGIN in line) and END not in line
        if inside:
            found.add(number)
    return found


def _is_check(node):
    """Say whether a statement tests, and is not what later ones build on."""
    return isinstance(node, ast.Expr) or any(
        isinstance(n, ast.Assert | ast.Raise) for n in ast.walk(node)
        ) and not isinstance(node, ast.FunctionDef | ast.ClassDef)


def _names(nodes):
    """Return the names that statements define, and those that they use."""
    binds, needs = set(), set()
    for node in (n for top in nodes for n in ast.walk(top)):
        if isinstance(node, ast.Name):
            (needs if isinstance(node.ctx, ast.Load) else binds).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            binds.add(node.name)
        elif isinstance(node, ast.alias):
            binds.add((node.asname or node.name).split('.')[0])
    return binds, needs


def split(source):
    """Return the parts of a test cell: each check, and what is between.

    What is not Python, IPython's magics for one, stays in one part.
    """
    hidden, lines = hidden_lines(source), source.splitlines()
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return [Part(source, bool(hidden), set(), set())]
    groups, end, check = [], 0, True
    for node in body:
        first = min([node.lineno, *(d.lineno for d in getattr(
            node, 'decorator_list', ()))])
        # Statements between two checks go together, and those on one line
        if first > end and (check or _is_check(node)
                            or (first in hidden) != (end in hidden)):
            groups.append([])
        if groups:
            groups[-1].append((first, node))
        else:
            groups.append([(first, node)])
        end, check = node.end_lineno, _is_check(node)
    parts = []
    for group in groups:
        span = range(group[0][0], group[-1][1].end_lineno + 1)
        parts.append(Part('\n'.join(lines[i - 1] for i in span),
                          bool(hidden & set(span)),
                          *_names([node for _, node in group])))
    return parts
