"""Who is in a class, and whom a name on a file means."""
import csv
import io
import re
import unicodedata
from collections import defaultdict
from pathlib import Path

PLAIN = re.compile(r'[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}')
PLAIN_IDS = ('up to 64 letters, digits and . _ - @, '
             'not starting with a dot')
# Letters that Unicode does not take apart into a base and an accent
LETTERS = str.maketrans({'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd', 'ı': 'i',
                         'æ': 'ae', 'œ': 'oe', 'þ': 'th'})

# Columns as Chinese systems and teachers call them
COLUMNS = {'学号': 'id', '姓': 'last_name', '姓氏': 'last_name',
           '姓名': 'last_name', '名': 'first_name', '名字': 'first_name',
           '邮箱': 'email', '电子邮箱': 'email', '电子邮件': 'email',
           '电子邮件地址': 'email'}
# A name in another encoding than GBK, read as GBK
MIXED = re.compile('[A-Za-z][\u4e00-\u9fff]|[\u4e00-\u9fff][A-Za-z]')


class IntakeError(ValueError):
    """An archive, a class list or a name with which nothing can be done."""


class Refused(Exception):
    """One entry that is not unpacked, and why."""


def _words(text):
    """Return a name's words, without accents and case."""
    text = unicodedata.normalize('NFKD', text.casefold())
    text = ''.join(c for c in text if not unicodedata.combining(c))
    return re.findall(r'[^\W_]+', text.translate(LETTERS))


def _text(path):
    """Read a text in UTF-8, or in GBK, as Chinese spreadsheets save it."""
    content = path.read_bytes()
    try:
        # A spreadsheet's byte order mark is no part of the first column
        return content.decode('utf-8-sig')
    except UnicodeDecodeError:
        text = content.decode('gb18030')
        if MIXED.search(text):
            raise
        return text


class ClassList:
    """The class by id, by the local part of an email and by full name.

    Args:
        path: a CSV file with a column id, and first_name, last_name and
            email where they are known; their names may be Chinese.

    Raises:
        IntakeError: the file has no such column, or an id that is not plain
            or is listed twice.
    """

    def __init__(self, path):
        self.path = path
        self.ids, self.named = {}, set()     # a dict for its order
        self._found = defaultdict(set)
        try:
            rows = csv.DictReader(io.StringIO(_text(path), newline=''))
            rows.fieldnames = [COLUMNS.get(name.strip(), name)
                               for name in rows.fieldnames or ()]
            if 'id' not in rows.fieldnames:
                raise IntakeError(
                    f'{path}: the columns are {rows.fieldnames}, expected'
                    ' id, first_name, last_name, email; name one id')
            for row in rows:
                self._add(rows.line_num, {
                    k: v.strip() for k, v in row.items()
                    if isinstance(k, str) and isinstance(v, str)})
        except (UnicodeError, csv.Error) as e:
            raise IntakeError(f'{path}: {e}, expected comma-separated values '
                              'in UTF-8; save the list as that') from e

    def _add(self, line, row):
        student = row.get('id', '')
        if not any(row.values()):
            return
        if not PLAIN.fullmatch(student):
            raise IntakeError(f'{self.path}, line {line}: the id is '
                              f'{student!r}, expected {PLAIN_IDS}; change it')
        if student in self.ids:
            raise IntakeError(f'{self.path}, line {line}: the id {student} '
                              'is listed twice; remove one')
        self.ids[student] = None
        self._found['id', student.casefold()].add(student)
        if row.get('email'):
            local = row['email'].partition('@')[0]
            self._found['email', local.casefold()].add(student)
        first = _words(row.get('first_name', ''))
        last = _words(row.get('last_name', ''))
        if first or last:
            self.named.add(student)
            # Systems write names with and without spaces, in either order
            for key in (tuple(sorted(first + last)), ''.join(first + last),
                        ''.join(last + first)):
                self._found['name', key].add(student)

    def find(self, text):
        """Return everybody whom a text can mean."""
        words = _words(text)
        keys = [('id', text.casefold()), ('email', text.casefold())]
        if words:
            keys += [('name', tuple(sorted(words))), ('name', ''.join(words))]
        return set().union(*(self._found.get(key, ()) for key in keys))


def read(folder):
    """Read a class's list of students; None where there is none."""
    path = Path(folder) / 'students.csv'
    return ClassList(path) if path.exists() else None


def _one(found, text, names):
    """Return the one whom a text means; refuse it otherwise."""
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise Refused(f'{text!r} can be {" or ".join(sorted(found))}: rename '
                      'it to the id of one of them')
    raise Refused(f'{text!r} is nobody in {names.path.name}: add the student,'
                  ' or rename it to an id in that list')


def student(texts, names, own_ids=False):
    """Return the id of the student whom texts mean.

    Args:
        texts: one text or more, all for the same student.
        names: the class list or None, with which a text has to be an id.
        own_ids: whether an id is certain to be meant.

    Raises:
        Refused: they mean nobody, or several.
    """
    if names is None:
        if not PLAIN.fullmatch(texts[-1]):
            raise Refused(f'{texts[-1]!r} is no student id, expected '
                          f'{PLAIN_IDS}: rename it, or add students.csv')
        return texts[-1]
    if own_ids and texts[0] in names.ids:
        return texts[0]
    found = set().union(*(names.find(text) for text in texts))
    return _one(found, texts[0], names)


def person(text, names, number=None):
    """Return the id of the student of that name, and of that number.

    Raises:
        Refused: the name means nobody, or several, or there is no list.
    """
    if names is None:
        raise Refused(f'{text!r} is a name, and there is no class list: write'
                      ' students.csv (id,first_name,last_name,email)')
    found = names.find(text)
    # The number is the system's own: it decides between namesakes, or for
    # one without a name, and never against a name
    if number in found or (
            not found and number in names.ids and number not in names.named):
        return number
    return _one(found, text, names)
