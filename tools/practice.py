"""Make the practice edition: the lessons, with functions left to the learner.

    python -m tools.practice         into notebooks/practice
    python -m tools.practice zh      into notebooks/zh/practice

A cell tagged `practice` loses the bodies of its functions; the self-checks
below hold what the learner writes there. A file that is there is the
learner's work, and stays as it is.
"""
import ast
import os
import re
import sys
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parent.parent / 'notebooks'
BLANK = {'en': '# Your code here', 'zh': '# 在这里写你的代码'}
NOTE = {
    'en': """\
**Practice edition.** In this copy of [the lesson](../{name}), {functions}
{are} yours to write, where the code says `Your code here`.
The check below each one tells you when it is right;
the lesson itself shows one way to write it.
This file is yours: nothing overwrites it.
To begin again, rename or delete it, then run `make lab`.""",
    # A line's end between two Chinese characters would show as a blank
    'zh': """\
**练习版**。这是[本课](../{name})的副本，其中 {functions} 留给你来写，\
位置就在代码里标着 `在这里写你的代码` 的地方。\
每个函数下面的自检会告诉你写得对不对，本课原文给出了一种写法。\
这个文件归你所有，任何命令都不会覆盖它。\
想从头再来，就把它改名或删掉，再运行 `make lab LANGUAGE=zh`。"""}


def home(language, notebooks=NOTEBOOKS):
    """Return the folder of the lessons in a language."""
    return notebooks if language == 'en' else notebooks / language


def _outermost(tree):
    """Return the functions and the methods of a cell, in their order."""
    found = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            found += _outermost(node)
        elif isinstance(node, ast.FunctionDef):
            found.append(node)
    return found


def functions(source):
    """Return the names of what `blank` would blank: functions, classes."""
    return [node.name for node in ast.parse(source).body
            if isinstance(node, ast.FunctionDef | ast.ClassDef)]


def blank(source, language='en'):
    """Blank the bodies of a cell's functions; keep their docstrings.

    Raises:
        ValueError: there is no function, or one has its body beside its name.
    """
    lines = source.split('\n')
    found = _outermost(ast.parse(source))
    if not found:
        raise ValueError(f'no function to blank in {source!r}')
    for function in reversed(found):
        first = function.body[0]
        if first.lineno == function.lineno:
            raise ValueError(f'{function.name}: give its body lines of its '
                             'own, to be blanked')
        start = first.lineno - 1
        if ast.get_docstring(function) is not None:
            start = first.end_lineno
        # A comment above the body gives it away
        while lines[start - 1].lstrip().startswith('#'):
            start -= 1
        lines[start:function.end_lineno] = [
            ' ' * first.col_offset + line
            for line in (BLANK[language], 'raise NotImplementedError')]
    return '\n'.join(lines)


def edition(path, language='en'):
    """Return a lesson's practice edition; None where nothing is left open.

    Args:
        path: of the lesson's notebook.
        language: of that notebook, 'en' or 'zh'.
    """
    notebook = nbformat.read(path, as_version=4)
    left = []
    for cell in notebook.cells:
        if cell.cell_type == 'markdown':
            # It lies one folder deeper
            cell.source = re.sub(r'\]\((?![a-z]+:|#)', '](../', cell.source)
            continue
        cell.outputs, cell.execution_count = [], None
        if 'practice' in cell.metadata.get('tags', ()):
            left += functions(cell.source)
            cell.source = blank(cell.source, language)
    if not left:
        return None
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(
        id='practice-edition', source=NOTE[language].format(
            name=path.name, are='are' if len(left) > 1 else 'is',
            functions={'en': ', ', 'zh': '、'}[language].join(
                f'`{name}`' for name in left))))
    return notebook


def editions(notebooks=NOTEBOOKS, language='en'):
    """Yield file name and content of each lesson's practice edition."""
    for path in sorted(home(language, notebooks).glob('[0-9]*.ipynb')):
        notebook = edition(path, language)
        if notebook:
            yield path.name, nbformat.writes(notebook) + '\n'


def make(folder, language='en'):
    """Write what is missing; return the names of the files written.

    Raises:
        OSError: the folder cannot be written to.
    """
    made = []
    for name, content in editions(language=language):
        path = folder / name
        if path.exists():
            continue
        folder.mkdir(exist_ok=True)
        half = path.with_suffix('.part')
        half.write_text(content, encoding='utf-8')
        os.replace(half, path)
        made.append(name)
    return made


def main(language='en'):
    """Write what is missing, and say so; without a place, say that."""
    try:
        made = make(home(language) / 'practice', language)
    except OSError as e:
        print(f'no practice edition, as {e.filename} cannot be written',
              file=sys.stderr)
        return
    if made:
        print(f'practice/ has {len(made)} lessons with functions for you to '
              'write', flush=True)


if __name__ == '__main__':
    main(*sys.argv[1:])
