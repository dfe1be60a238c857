"""Keep the Chinese edition: `make zh` carries code and outputs over.

    python -m tools.chinese                 all files; list what is stale
    python -m tools.chinese carry 03        a lesson and its solutions
    python -m tools.chinese todo 03 > todo  what is to be translated
    python -m tools.chinese put todo        put in what was translated

In such a list, write the Chinese below each line that begins with `===`, in
place of the English. Links stay as the English has them. What lacks a number,
a formula, code or a link of the English is named, and not put in.
"""
import argparse
import re
import sys

from tools.chinese import documents
from tools.chinese.punctuation import punctuate
from tools.chinese.tokens import difference, translated

HEAD = re.compile(r'^=== (\S+)(?: [a-z]+ ([0-9a-f]{12}))?\n', re.M)
PROSE = 'markdown', 'section'


def plan(path):
    """Return a file's Chinese edition: units by part, and what is wrong.

    What is wrong is a list of (place, 'untranslated' or 'stale').
    """
    english = documents.read(path)
    target = documents.chinese(path)
    old = documents.read(target) if target.exists() else {}
    known = {unit.digest: unit for units in old.values() for unit in units
             if unit.digest}
    parts, wrong = {}, []
    for part, units in english.items():
        before = old.get(part, [])
        parts[part] = made = []
        for k, unit in enumerate(units):
            if unit.digest in known:
                unit = known[unit.digest]
            elif not re.search('[A-Za-z]{3}', unit.text):
                pass            # a shape, a formula: the same in Chinese
            elif len(before) == len(units) and before[k].digest:
                wrong.append((unit.place, 'stale'))
                unit = before[k]
            else:
                wrong.append((unit.place, 'untranslated'))
                unit = unit._replace(digest='', text=documents.localise(
                    unit.text, path) if unit.kind in PROSE else unit.text)
            made.append(unit)
    return parts, wrong


def carry(path):
    """Write a file's Chinese edition anew; return what is wrong with it."""
    parts, wrong = plan(path)
    documents.write(path, parts)
    return wrong


def todo(path):
    """Yield what is to be translated, in the form that `put` reads."""
    wrong = {place for place, _ in carry(path)}
    if wrong:
        yield f'=== {path.relative_to(documents.ROOT)}\n'
    for unit in (u for units in documents.read(path).values() for u in units):
        if unit.place in wrong:
            yield (f'=== {unit.place} {unit.kind} {unit.digest}\n'
                   f'{unit.text.strip()}\n\n')


def put(text):
    """Put translations into their files; return what is wrong with them."""
    found = HEAD.split(text)
    files, complaints = {}, []
    for place, of, chinese in zip(*(found[k::3] for k in (1, 2, 3)),
                                  strict=True):
        if (documents.ROOT / place).is_file():
            path = documents.ROOT / place
            carry(path)         # with what is new in English
            files[path] = documents.read(path), documents.read(
                documents.chinese(path))
            continue
        english, parts = files[path]
        part, k = place.rsplit('/', 1)
        unit = english[part][int(k)]
        chinese = punctuate(chinese.strip('\n'), unit.kind)
        lost = wrong_with(unit, of, chinese)
        if lost:
            complaints.append(f'{path.name} {place}: {lost}')
            continue
        if unit.kind in PROSE:
            chinese = documents.localise(chinese, path)
        parts[part][int(k)] = unit._replace(text=chinese)
    for path, (_, parts) in files.items():
        target = documents.chinese(path)
        before = target.read_bytes()
        documents.write(path, parts)
        try:
            documents.read(target)
        except ValueError as error:     # a text is no comment any more, say
            target.write_bytes(before)
            complaints.append(f'{path.name}: {error}; none was put in')
    return complaints


def wrong_with(unit, of, chinese):
    """Say what is wrong with a translation; '' where nothing is."""
    if of and unit.digest != of:
        return 'the English has changed'
    if not translated(unit.text, chinese):
        return 'still in English'
    return difference(unit.text, chinese, unit.kind)


def chosen(name):
    """Return the originals that a name, such as 03 or docs/start, means."""
    found = [path for path in documents.originals()
             if path.name.startswith(name)
             or path.relative_to(documents.ROOT).as_posix().startswith(name)]
    if not found:
        sys.exit(f'{name}: no such lesson, assignment or page')
    return found


def main():
    parser = argparse.ArgumentParser(
        prog='python -m tools.chinese', description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('what', nargs='?', default='carry',
                        choices=('carry', 'todo', 'put'))
    parser.add_argument('name', nargs='?', default='')
    arguments = parser.parse_args()
    if arguments.what == 'put':
        with open(arguments.name, encoding='utf-8') as file:
            complaints = put(file.read())
        print(*complaints, sep='\n', end='\n' if complaints else '')
        sys.exit(bool(complaints))
    for path in chosen(arguments.name):
        if arguments.what == 'todo':
            print(*todo(path), sep='', end='')
        else:
            for place, state in carry(path):
                print(f'{path.relative_to(documents.ROOT)} {place}: {state}')


if __name__ == '__main__':
    main()
