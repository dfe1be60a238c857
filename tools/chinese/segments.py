"""What a reader reads in a code cell: comments, docstrings, messages.

In the checks of an assignment, all strings of words are messages.
"""
import ast
import io
import re
import tokenize
from typing import NamedTuple

# nbgrader's marks, and ruff's, are no comments
MARK = re.compile('# noqa|### (BEGIN|END) ')
CHECKS = '_checks_of_'
WORDS = re.compile('[\u3000-\u9fff\uff00-\uffef]|[a-z]{2}.* | .*[a-z]{2}',
                   re.S)


class Segment(NamedTuple):
    """A piece of a cell in one language; start and end are offsets."""
    kind: str
    start: int
    end: int
    text: str


def _without_magics(source):
    return re.sub(r'^%.*$', lambda m: ' ' * len(m[0]), source, flags=re.M)


def segments(source):
    """Return the segments of a code cell, in their order.

    A segment's text is moved to the left, as if it began a line.
    """
    source = _without_magics(source)
    found = sorted([*_comments(source), *_strings(source)],
                   key=lambda piece: piece[1])
    made = []
    for kind, start, end in found:
        margin = _margin(source, start)
        first, *rest = source[start:end].split('\n')
        made.append(Segment(kind, start, end, '\n'.join(
            [first, *(row.removeprefix(margin) for row in rest)])))
    return made


def replace(source, texts):
    """Put texts, one per segment, into a code cell."""
    for piece, text in reversed(list(zip(segments(source), texts,
                                         strict=True))):
        margin = _margin(source, piece.start)
        first, *rest = text.split('\n')
        text = '\n'.join([first, *(margin + row if row else row
                                   for row in rest)])
        source = source[:piece.start] + text + source[piece.end:]
    return source


def _margin(source, start):
    """Return the blanks that the line of a place begins with."""
    line = source[source.rfind('\n', 0, start) + 1:]
    return re.match(' *', line)[0]


def _line_starts(lines):
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    return starts[:-1]


def _comments(source):
    """Yield comments; those that fill lines below each other are one."""
    lines = source.split('\n')
    starts = _line_starts(lines)
    block = None
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT or MARK.match(token.string):
            continue
        (row, column), end = token.start, token.end[1]
        alone = not lines[row - 1][:column].strip()
        if block and alone and block[2:] == (row - 1, column):
            block = block[0], starts[row - 1] + end, row, column
            continue
        if block:
            yield 'comment', *block[:2]
        start = starts[row - 1]
        block = start + column, start + end, row if alone else -1, column
    if block:
        yield 'comment', *block[:2]


def _told(node):
    """Yield the strings of words in a check, its assertions aside."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    elif isinstance(node, ast.JoinedStr):
        text = ''.join(getattr(part, 'value', '')
                       if isinstance(part, ast.Constant) else '0'
                       for part in node.values)
    else:
        hidden = isinstance(node, ast.FunctionDef | ast.ClassDef) and (
            ast.get_docstring(node) is not None)
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.Assert | ast.Compare)
                    or hidden and child is node.body[0]):
                yield from _told(child)
        return
    if WORDS.search(text):
        yield node


def _strings(source):
    """Yield docstrings, the messages of assertions, and those of checks."""
    lines = source.split('\n')
    starts = _line_starts(lines)

    def offset(line, column):       # ast counts bytes
        before = lines[line - 1].encode()[:column].decode()
        return starts[line - 1] + len(before)

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for text in _told(node) if node.name.startswith(CHECKS) else ():
                yield ('message', offset(text.lineno, text.col_offset),
                       offset(text.end_lineno, text.end_col_offset))
            if ast.get_docstring(node) is not None:
                text = node.body[0]
                yield ('docstring', offset(text.lineno, text.col_offset),
                       offset(text.end_lineno, text.end_col_offset))
        elif isinstance(node, ast.Assert) and node.msg is not None:
            start = offset(node.msg.lineno, node.msg.col_offset)
            while source[start - 1] in ' \n\t\\(':
                start -= 1          # its parentheses belong to it
            while source[start] in ' \n\t\\':
                start += 1
            yield ('message', start,
                   offset(node.end_lineno, node.end_col_offset))


def skeleton(source):
    """Return what a cell computes: its syntax tree without its language.

    Of a message, only what it shows of the values stays.
    """
    tree = ast.parse(_without_magics(source))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and (
                node.name.startswith(CHECKS)):
            for text in _told(node):
                if isinstance(text, ast.Constant):
                    text.value = ''
                else:
                    text.values = _shown(text)
        if (isinstance(node, ast.FunctionDef | ast.ClassDef)
                and ast.get_docstring(node) is not None):
            node.body[0].value = ast.Constant('')
        elif isinstance(node, ast.Assert) and node.msg is not None:
            node.msg = ast.Tuple(_shown(node.msg))
    return ast.dump(tree)


def _shown(message):
    """Return what a message shows of values, in an order of its own."""
    found = [part for part in ast.walk(message)
             if isinstance(part, ast.FormattedValue)]
    for part in (word for value in found for word in ast.walk(value)
                 if isinstance(word, ast.Constant)):
        if isinstance(part.value, str) and WORDS.search(part.value):
            part.value = ''         # {"an array" if shape else "a number"}
    return sorted(found, key=ast.dump)
