"""What a student gets back, without the hidden tests.

nbgrader finds these by their names in nbgrader_config.py, so that its own
buttons do the same as `make grade`.
"""
import io
import re
import tokenize

from nbconvert import HTMLExporter
from nbformat.v4 import new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from classroom import parts, words
from classroom.assignment import task_names
from classroom.match import is_test, meta

COLOUR = re.compile(r'\x1b\[[\d;]*m')
FRAME = re.compile(r'(?:Cell )?In ?\[(\d+)\], line')
WARNING = re.compile(r'^\S+:\d+: \w*Warning: ', re.M)
BLANKS = re.compile(r'[\s\'"\\]+')


def _pieces(line):
    """Return what of a line of a test would give it away."""
    names, code, found = 0, '', []
    try:
        tokens = [*tokenize.generate_tokens(io.StringIO(line).readline)]
    except (tokenize.TokenError, IndentationError, SyntaxError):
        tokens = []
    for token in [*tokens, None]:
        # A message may well be shown
        if token is None or token.type == tokenize.STRING:
            if names > 1 and len(code) > 9:
                found.append(code.rstrip(','))
            names, code = 0, ''
        elif token.type == tokenize.NAME:
            names, code = names + 1, code + token.string
        elif token.type in (tokenize.OP, tokenize.NUMBER):
            code += token.string
    return found


def public(source, say=str.format):
    """Return a cell's code without the lines that are hidden."""
    hidden, lines = parts.hidden_lines(source), []
    for number, line in enumerate(source.splitlines(), 1):
        if number not in hidden and parts.END not in line:
            lines.append(line)
        elif parts.END in line:
            lines.append(line.partition('#')[0]
                         + say('# ... and tests that stay hidden'))
    return '\n'.join(lines)


def secrets(notebook):
    """Return the pieces of hidden tests that students must not see."""
    hidden, shown = set(), ''
    for cell in notebook.cells:
        lines = cell.source.splitlines()
        numbers = (parts.hidden_lines(cell.source) if is_test(cell)
                   else set())
        shown += ''.join(BLANKS.sub('', line) for i, line in
                         enumerate(lines, 1) if i not in numbers)
        for i in numbers:
            hidden.update(_pieces(lines[i - 1].strip()))
    return {piece for piece in hidden if piece not in shown}


def _shows(output, pieces):
    """Say whether an output shows a piece of a hidden test."""
    said = BLANKS.sub('', COLOUR.sub('', '\n'.join([
        output.get('text', ''), str(output.get('data', {}).get(
            'text/plain', '')), output.get('evalue', ''),
        *output.get('traceback', ())])))
    return any(piece in said for piece in pieces)


def for_student(notebook):
    """Take the hidden tests out of a notebook that was run.

    Of an error in a test remain its message, the lines of a visible test, and
    the lines of the student's own code.

    Returns:
        The names of the cells whose outputs showed hidden tests all the same.
    """
    pieces, leaks = secrets(notebook), []
    say = words.speaker(words.of(notebook))
    hidden = {count for cell in notebook.cells for count, secret in
              cell.metadata.get('parts', ()) if secret}

    def kept(frame):
        found = FRAME.match(COLOUR.sub('', frame))
        return found and int(found[1]) not in hidden

    for cell in notebook.cells:
        if cell.cell_type != 'code':
            continue
        cell.source = public(cell.source, say)
        for i, output in enumerate(cell.outputs):
            if output.output_type == 'error' and is_test(cell):
                output.traceback = [*filter(kept, output.traceback),
                                    *output.traceback[-1:]]
            if _shows(output, pieces):
                # Python's warnings quote the line that they come from
                warned = WARNING.search(output.get('text', ''))
                cell.outputs[i] = new_output(
                    'stream', text=say('left out: it showed tests that stay '
                                       'hidden') + '\n')
                leaks += [] if warned else [meta(cell).get(
                    'grade_id', cell.get('id', '?'))]
    return leaks


def message(output):
    """Return what an error says: its kind too, where it is not a test's."""
    if output.ename in ('AssertionError', 'TimeoutError') and output.evalue:
        return output.evalue
    return f'{output.ename}: {output.evalue}'.removesuffix(': ')


class HideTests(NbGraderPreprocessor):
    """Takes the hidden tests out, and lists the tasks with what failed."""

    def preprocess(self, nb, resources):
        for_student(nb)
        resources['language'] = words.of(nb)
        resources['say'] = words.speaker(words.of(nb))
        names, of = task_names(nb), resources['nbgrader']
        with Gradebook(of['db_url']) as gradebook:
            found = gradebook.find_submission_notebook(
                of['notebook'], of['assignment'], of['student'])
            waiting = {g.name for g in found.grades if g.needs_manual_grade}
        resources['tasks'] = [
            {'id': meta(c)['grade_id'], 'name': names[meta(c)['grade_id']],
             'score': meta(c)['score'], 'points': meta(c)['points'],
             'by': 'person' if meta(c)['solution'] else 'machine',
             'waits': meta(c)['grade_id'] in waiting,
             'said': [message(o) for o in c.get('outputs', ())
                      if o.output_type == 'error']}
            for c in nb.cells if meta(c).get('grade')]
        return nb, resources


class StudentPage(HTMLExporter):
    """The page that a student gets back."""
