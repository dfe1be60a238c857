"""What honest students and others hand in, and what they should get."""
import base64

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from tests.classroom.support import (
    ADD_ONLY,
    FULL,
    PNG,
    ROOT,
    answered,
    without,
)

STUBBORN = ('while True:\n    try:\n        while True: pass\n'
            '    except BaseException: pass\n')
# Whatever runs, which is the test
PRINTS = 'print(get_ipython().user_ns["In"][-1])\n    return x * x'


def stripped(notebook, ids=False):
    for made in notebook.cells:
        made.metadata = {}
        if ids:
            made.pop('id', None)
    notebook.nbformat_minor = 4 if ids else 5
    return notebook


def with_own(code, **answers):
    """Return a hand-in with a cell of its own ahead of its answers."""
    notebook = answered(**answers)
    notebook.cells.insert(2, new_code_cell(code, id='mine'))
    return notebook


def halved(notebook):
    rest = nbformat.from_dict(notebook.cells[2])
    head, rest.source = notebook.cells[2].source.split('\n')
    notebook.cells[2].source, rest.id = head, 'rest'
    notebook.cells.insert(3, rest)
    return notebook


def retyped(notebook):
    for i, make in (2, new_markdown_cell), (4, new_raw_cell), (
            6, new_code_cell):
        old = notebook.cells[i]
        notebook.cells[i] = make(old.source, metadata=old.metadata,
                                 id=old.id)
    return notebook


def pictured(notebook):
    notebook.cells[-1].source = '![mine](attachment:image.png)'
    notebook.cells[-1].attachments = {'image.png': {
        'image/png': base64.b64encode(PNG).decode()}}
    return notebook


def below(notebook):
    notebook.cells[-1].source = 'YOUR ANSWER HERE'
    notebook.cells.append(new_markdown_cell('Since it is so.'))
    return notebook


def doubled(notebook):
    extra = nbformat.from_dict(notebook.cells[2])
    extra.id = 'copy'
    extra.source = 'def square(x):\n    return x + x'
    notebook.cells.insert(2, extra)
    return notebook


def repointed(notebook):
    for made in notebook.cells:
        meta = made.metadata.get('nbgrader')
        if meta:
            meta.update(locked=False, **({'points': 99} if 'points' in meta
                                         else {}))
        if made.id.endswith('-test'):
            made.source = 'pass'
    return notebook


def shuffled(notebook):
    notebook.cells = notebook.cells[::-1]
    return notebook


FAIR = {       # name: notebook, the machine's points
    'right': (answered(), FULL),
    'nothing': (answered('raise NotImplementedError()',
                         'raise NotImplementedError()'), 0),
    'hidden-mistake': (answered('return x * abs(x)'), ADD_ONLY),
    'visible-mistake': (answered('return 0'), ADD_ONLY),
    'warns': (answered(top='import warnings\nwarnings.warn("old")\n'), FULL),
    'prints': (answered('import sys; print("?", file=sys.stderr); '
                        'return x * x'), FULL),
    'deleted-tests': (without(answered(), 'square-test', 'add-test'), FULL),
    'deleted-setup': (without(answered(), 'setup'), FULL),
    'no-metadata': (stripped(answered()), FULL),
    'copied-cell': (doubled(answered()), FULL),
    'changed-points': (repointed(answered('return 0')), ADD_ONLY),
    'shuffled': (shuffled(answered()), FULL),
    'own-helper': (with_own('def helper(x):\n    return x * x',
                            square='return helper(x)'), FULL),
    'own-import': (with_own('import statistics as st', add='return '
                            'st.fsum((x, y))'), FULL),
    'own-answer': (with_own('def square(x):\n    return x * x',
                            square='raise NotImplementedError()'), FULL),
    'names-of-builtins': (with_own(
        'sum = len = all = abs = str = numpy = sys = checks = 0'), FULL),
    'own-mistake': (with_own('1 / 0'), FULL),
    'own-exit': (with_own('import os; os._exit(0)'), FULL),
    'own-memory': (with_own('x = [bytes(10 ** 9) for _ in range(9)]'), FULL),
    'own-loop': (with_own('while True: pass'), FULL),
    'own-stubborn-loop': (with_own(STUBBORN), FULL),
    'own-flood': (with_own('while True: print("x" * 100_000)'), FULL),
    'split': (halved(answered()), FULL),
    'other-types': (retyped(answered()), FULL),
    'stripped': (stripped(answered(), ids=True), FULL),
    'image': (pictured(answered()), FULL),
    'text-below': (below(answered()), FULL),
    'prints-tests': (answered(PRINTS), FULL),
    'loop-in-function': (answered('while True: pass'), ADD_ONLY),
}
ATTACKS = {    # name: code at the head of an answer, points or a cause
    'loop': ('while True: pass\n', ADD_ONLY),
    'stubborn-loop': (STUBBORN, None),
    'os-exit': ('import os; os._exit(0)\n', 'the kernel ended'),
    'kill': ('import os; os.kill(os.getpid(), 9)\n', 'the kernel ended'),
    'exit': ('exit()\n', 'the kernel ended'),
    'memory': ('x = bytearray(4 * 2 ** 30)\n', ADD_ONLY),
    'fork-bomb': ('import os\nwhile True: os.fork()\n', None),
    'large-file': ('open("x", "wb").write(bytes(300 * 2 ** 20))\n',
                   ADD_ONLY),
    'flood': ('for _ in range(1000): print("x" * 100_000)\n',
              'it printed more'),
    'write-outside': (f'open({str(ROOT / "planted")!r}, "w")\n', ADD_ONLY),
    'read-source': (f'open({str(ROOT / "classroom/grade.py")!r})\n',
                    ADD_ONLY),
    'read-class': ('open({class_!r} + "/gradebook.db")\n', ADD_ONLY),
    'socket': ('import socket; socket.create_connection(("127.0.0.1", '
               '{port}), 2)\n', ADD_ONLY),
    'secrets': ('import os; assert "D2L_SECRET" in os.environ\n', ADD_ONLY),
    'daemon': ('import subprocess; subprocess.Popen(["sleep", "86399"], '
               'start_new_session=True)\n', FULL),
    'transformer': ('get_ipython().input_transformers_post.append(lambda '
                    'lines: [line for line in lines if not '
                    'line.startswith("assert")])\n', 'disarmed'),
    # Armed again before the end
    'transformer-for-a-while': (
        'mine = lambda lines: [line for line in lines if not '
        'line.startswith("assert")]\n'
        'get_ipython().input_transformers_post.append(mine)\n', 'disarmed'),
    'numpy-testing': ('import numpy.testing\nnumpy.testing.assert_allclose '
                      '= lambda *a, **k: None\n', 'disarmed'),
    'checks': ('import d2lutils.checks as c\nc.equal = lambda *a: None\n',
               'disarmed'),
    'script': ('from IPython.display import HTML, display\n'
               'display(HTML("<script>evil()</script>"))\n', FULL),
}


LINKS = {'linked': '/etc/shadow', 'linked-source': '{source}/hw0/hw0.ipynb',
         'linked-book': '{class}/gradebook.db',
         'linked-other': '{class}/submitted/right/hw0/hw0.ipynb'}
