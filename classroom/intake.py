"""Unpack what a learning management system hands out into submitted/.

    python classroom/intake.py hw2 submissions.zip      (make submissions)

The archive is a stranger's: a name in it never becomes a path before it is
taken apart, and every size is counted, not read from a header. All is
unpacked beside the submissions first, then moved to its place a student at
a time. CLASS names the class's folder.
"""
import contextlib
import copy
import csv
import hashlib
import os
import re
import stat
import struct
import sys
import tempfile
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
MIB = 2 ** 20
ENTRY = 20 * MIB          # the largest file, uncompressed
TOTAL = 2048 * MIB        # the largest archive, uncompressed
ENTRIES = 20_000
RATIO, RATIO_FROM = 200, MIB
DIRECTORY = 16 * MIB      # an archive's list of entries: 800 bytes for each
CHUNK = 64 * 1024
PLAIN = re.compile(r'[A-Za-z0-9_@-][A-Za-z0-9._@-]{0,63}')
PLAIN_IDS = ('up to 64 letters, digits and . _ - @, '
             'the first of them no dot')
MOODLE = re.compile(
    r'(?P<who>.+?)_\d+_assignsubmission_(?P<kind>file|onlinetext)'
    r'(?:_(?P<file>.*))?')
CANVAS = re.compile(
    r'(?P<who>[^_]+)_(?:(?i:late)_)?(?P<number>\d+)_\d+_(?P<file>.+)')
RESUBMITTED = re.compile(r'(.+?)(?:-(\d{1,4}))?(\.[^.]*)?')
WRAPPERS = 'submitted', 'submissions'    # a folder round the whole archive
JUNK = {'__MACOSX', '.DS_Store', '.ipynb_checkpoints', 'Thumbs.db',
        'desktop.ini'}
ARCHIVES = '.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.7z', '.rar'
# Letters that Unicode does not take apart into a base and an accent
LETTERS = str.maketrans({'ø': 'o', 'ł': 'l', 'đ': 'd', 'ð': 'd', 'ı': 'i',
                         'æ': 'ae', 'œ': 'oe', 'þ': 'th'})


class IntakeError(ValueError):
    """An archive, a class list or a name with which nothing can be done."""


class Refused(Exception):
    """One entry that is not unpacked, and why."""


class Intake(NamedTuple):
    """What became of an archive: ids, or (entry, reason)."""
    unpacked: list
    unchanged: list
    replaced: list
    refused: list
    ignored: list
    missing: list


class Entry(NamedTuple):
    """A file of the archive, and where it belongs."""
    info: zipfile.ZipInfo
    name: str
    student: str
    source: str           # what named the student
    path: tuple           # below submitted/<student>/<hw>
    attempt: int          # Canvas's number of a resubmission


# Who is who ---------------------------------------------------------------

def _words(text):
    """Return a name's words, without accents and case."""
    text = unicodedata.normalize('NFKD', text.casefold())
    text = ''.join(c for c in text if not unicodedata.combining(c))
    return re.findall(r'[^\W_]+', text.translate(LETTERS))


class ClassList:
    """The class by id, by email's local part and by full name.

    Args:
        path: a CSV file with a column id, and first_name, last_name and
            email where they are known.

    Raises:
        IntakeError: the file has no such column, or an id that is no plain
            one or stands there twice.
    """

    def __init__(self, path):
        self.path = path
        self.ids, self.named = {}, set()     # a dict for its order
        self._found = defaultdict(set)
        try:
            # A spreadsheet's byte order mark is no part of the first column
            with path.open(encoding='utf-8-sig', newline='') as f:
                rows = csv.DictReader(f)
                if 'id' not in (rows.fieldnames or ()):
                    raise IntakeError(
                        f'{path}: the columns are {rows.fieldnames}, expected'
                        ' id, first_name, last_name, email; name the first')
                for row in rows:
                    self._add(rows.line_num, {
                        k: v.strip() for k, v in row.items()
                        if isinstance(k, str) and isinstance(v, str)})
        except (UnicodeError, csv.Error) as e:
            raise IntakeError(f'{path}: {e}, expected comma-separated values '
                              'in UTF-8; save the list again so') from e

    def _add(self, line, row):
        student = row.get('id', '')
        if not any(row.values()):
            return
        if not PLAIN.fullmatch(student):
            raise IntakeError(f'{self.path}, line {line}: the id is '
                              f'{student!r}, expected {PLAIN_IDS}; change it')
        if student in self.ids:
            raise IntakeError(f'{self.path}, line {line}: the id {student} '
                              'stands there twice; take one out')
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
        """Return all whom a text can mean."""
        words = _words(text)
        keys = [('id', text.casefold()), ('email', text.casefold())]
        if words:
            keys += [('name', tuple(sorted(words))), ('name', ''.join(words))]
        return set().union(*(self._found.get(key, ()) for key in keys))



def class_list(folder):
    """Read the class list; None where there is none."""
    path = Path(folder) / 'students.csv'
    return ClassList(path) if path.exists() else None


def _one(found, text, names):
    """Return the one whom a text means; refuse it otherwise."""
    if len(found) == 1:
        return next(iter(found))
    if found:
        raise Refused(f'{text!r} can be {" or ".join(sorted(found))}: rename '
                      'it to the id of one')
    raise Refused(f'{text!r} is nobody in {names.path.name}: add the student,'
                  ' or rename it to an id that stands there')


def _student(texts, names, own_ids=False):
    """Return the id of the student whom texts mean.

    Args:
        texts: one text or more, all for the same student.
        names: the class list or None, with which a text has to be an id.
        own_ids: whether an id is certain to be meant.
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


def _person(text, names, number=None):
    """Return the id of the student of that name, and of that number."""
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


# From an entry's name to its place -----------------------------------------

def _name(info):
    """Return an entry's whole name: zipfile's own ends at a NUL."""
    name = info.orig_filename
    if not info.flag_bits & 0x800:
        # Many write UTF-8 and do not say so
        with contextlib.suppress(UnicodeError):
            name = name.encode('cp437').decode()
    return name


def _check_part(part):
    """Refuse what is no plain name of a file or a folder."""
    if part in ('', '.', '..'):
        raise Refused(f'{part!r} is no name of a file')
    if re.match('[A-Za-z]:', part):
        raise Refused('its name holds a drive letter')
    if len(part.encode()) > 255:
        raise Refused(f'its name has {len(part.encode())} bytes, expected '
                      '255 at most')


def _parts(info, name):
    """Take an entry's name apart; refuse an entry that no system writes."""
    if any(unicodedata.category(c) in ('Cc', 'Cs', 'Zl', 'Zp') for c in name):
        raise Refused('its name holds a control character')
    if '\\' in name:
        raise Refused('its name holds a backslash')
    if name.startswith('/'):
        raise Refused('its path is absolute')
    parts = [part for part in name.split('/') if part not in ('', '.')]
    if '..' in parts:
        raise Refused("its path holds '..'")
    if len(name.encode()) > 1000:
        raise Refused(f'its path has {len(name.encode())} bytes, expected '
                      '1000 at most')
    for part in parts:
        _check_part(part)
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind == stat.S_IFLNK:
        raise Refused('it is a symbolic link, expected a file')
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR) or (
            kind == stat.S_IFDIR and not name.endswith('/')):
        raise Refused(f'it is of kind {kind:#o}, expected a regular file')
    if info.flag_bits & 0x41:
        raise Refused('it is encrypted: have it handed in without a password')
    return parts


def _canvas_file(text, hw):
    """Take Canvas's number of a resubmission off a file's name."""
    if text == f'{hw}.ipynb':
        return text, 0
    stem, attempt, extension = RESUBMITTED.fullmatch(text).groups()
    return stem + (extension or ''), int(attempt or 0)


def _place(info, name, parts, hw, names):
    """Return an entry with its student and path; None for what is left out.

    The layouts differ in their first part alone, and are tried from the most
    particular to the plainest.
    """
    head, rest, attempt = parts[0], tuple(parts[1:]), 0
    stem = re.sub(r'(?i)\.ipynb$', '', head)
    short = stem.removesuffix(f'_{hw}')
    if len(parts) > 2 and parts[1] == hw:
        # nbgrader: <student>/<hw>/x.ipynb
        student, path = _student([head], names, own_ids=True), rest[1:]
        source = head
    elif match := MOODLE.fullmatch(head):
        # Full Name_12345_assignsubmission_file_/x.ipynb
        if match['kind'] == 'onlinetext':
            return None
        student = _person(match['who'], names)
        path = ((match['file'],) if match['file'] else ()) + rest
        source = head.partition('_assignsubmission_')[0]
    elif rest:
        # <student>/x.ipynb
        if len(rest) > 1:
            raise Refused(f'it lies in a folder {rest[0]!r}, expected '
                          f'<student>/{hw}/x.ipynb or <student>/x.ipynb')
        student, path = _student([head], names), rest
        source = head
    elif ((match := CANVAS.fullmatch(head))
          and not (names and (stem in names.ids or short in names.ids))):
        # surnamefirst_LATE_12345_67890_x-2.ipynb
        student = _person(match['who'], names, match['number'])
        file, attempt = _canvas_file(match['file'], hw)
        path = (file,)
        source = f'{match["who"]}_{match["number"]}'
    else:
        # <student>.ipynb, <student>_<hw>.ipynb
        if stem in (head, hw):
            raise Refused('its name tells no student, expected '
                          f'<student>_{hw}.ipynb')
        student = _student([stem, short], names)
        path, source = (f'{hw}.ipynb',), stem
    if not path:
        raise Refused('it is a file, expected a folder with files')
    for part in path:
        _check_part(part)
    if path[-1].lower().endswith(ARCHIVES):
        raise Refused('it is an archive, which is not opened: unpack it by '
                      f'hand into submitted/{student}/{hw}')
    return Entry(info, name, student, source, path, attempt)


def _unwrap(entries, hw, names):
    """Take a folder off that lies round the whole archive."""
    heads = {parts[0] for _, _, parts in entries}
    if (len(heads) == 1 and heads <= {*WRAPPERS, hw}
            and not (names and names.find(*heads))
            and all(len(parts) > 1 for _, _, parts in entries)):
        return _unwrap([(info, name, parts[1:])
                        for info, name, parts in entries], hw, names)
    return entries


def _sorted_out(entries):
    """Keep one entry a file and one source a student.

    Returns:
        The entries kept; (entry, reason) of those refused; of those left out.
    """
    kept, refused, ignored = [], [], []
    for entry, same in _groups(entries, lambda e: e.student):
        sources = sorted({e.source for e in same})
        if len(sources) > 1:
            refused += [(e.name, f'{entry.student} is handed in as '
                         + ' and as '.join(map(repr, sources))
                         + ': take all but one out') for e in same]
            continue
        files = []
        for _, twice in _groups(same, lambda e: _folded(e.path)):
            last = max(e.attempt for e in twice)
            latest = [e for e in twice if e.attempt == last]
            ignored += [(e.name, f'resubmission {last} is taken')
                        for e in twice if e.attempt < last]
            if len(latest) > 1:
                refused += [(e.name, f'{entry.student} hands in '
                             f'{"/".join(e.path)!r} {len(latest)} times: take'
                             ' all but one out') for e in latest]
            else:
                files += latest
        folders = {_folded(e.path[:i])
                   for e in files for i in range(1, len(e.path))}
        for e in files:
            if _folded(e.path) in folders:
                refused.append((e.name, 'it is a file and a folder'))
            else:
                kept.append(e)
    return kept, refused, ignored


def _folded(path):
    """Return a path as disks see it that tell no case."""
    return tuple(unicodedata.normalize('NFKC', part).casefold()
                 for part in path)


def _groups(entries, key):
    """Return entries by a key, each with the first of them."""
    groups = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return [(same[0], same) for same in groups.values()]


# From the archive to the disk ----------------------------------------------

def _open(archive):
    """Open an archive whose list of entries can be believed."""
    try:
        size = archive.stat().st_size
        with archive.open('rb') as f:
            # The list is read as a whole: look at its size before
            end = zipfile._EndRecData(f)
        if end and end[5] > DIRECTORY:
            raise IntakeError(f'{archive}: its list of entries has {end[5]:,}'
                              f' bytes, expected {DIRECTORY:,} at most; '
                              'split it')
        zf = zipfile.ZipFile(archive)
    except OSError as e:
        raise IntakeError(f'{archive}: cannot be read ({e.strerror}); give '
                          'the path of the downloaded zip') from e
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError,
            OverflowError, struct.error) as e:
        raise IntakeError(f'{archive}: is no zip that can be read ({e}); '
                          'download it again') from e
    infos = zf.infolist()
    try:
        if len(infos) > ENTRIES:
            raise IntakeError(f'{archive}: {len(infos):,} entries, expected '
                              f'{ENTRIES:,} at most; split it')
        # Entries that share their bytes are how small archives grow large
        if sum(info.compress_size for info in infos) > size:
            raise IntakeError(f'{archive}: its entries claim more than its '
                              f'{size:,} bytes: do not open it, download it '
                              'again')
    except IntakeError:
        zf.close()
        raise
    return zf


def _extract(zf, info, path, left):
    """Write an entry to a new file, counting.

    Args:
        zf: the archive.
        info: the entry.
        path: where to; nothing lies there.
        left: bytes that the archive may still hold.

    Returns:
        The number of bytes.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others cannot be unpacked a piece at a time
        raise Refused(f'its compression method is {info.compress_type}, '
                      'expected 0 (stored) or 8 (deflate): zip it again')
    # zipfile ends at the size that a header gives: let it go on, to past
    # where the count ends it
    endless = copy.copy(info)
    endless.file_size = ENTRY + 2 * CHUNK
    count = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open('xb') as f:
            for chunk in _chunks(zf, endless):
                count += len(chunk)
                if count > left:
                    raise IntakeError(
                        f'{zf.filename}: more than {TOTAL // MIB:,} MiB in '
                        'all; split it')
                if count > ENTRY:
                    raise Refused(f'more than {ENTRY // MIB} MiB: have it '
                                  'handed in without its outputs')
                if (count > RATIO_FROM
                        and count > RATIO * info.compress_size):
                    raise Refused(f'more than {RATIO} times its compressed '
                                  'size: it looks like a bomb')
                f.write(chunk)
        if count != info.file_size:
            raise Refused(f'{count:,} bytes, where the archive says '
                          f'{info.file_size:,}: download it again')
    except Refused:
        path.unlink()
        raise
    return count


def _chunks(zf, info):
    """Read an entry a piece at a time."""
    try:
        with zf.open(info) as f:
            while chunk := f.read(CHUNK):
                yield chunk
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError,
            RuntimeError, struct.error, ValueError) as e:
        raise Refused(f'it is damaged ({e}): download it again') from e


def _files(folder):
    """Return the digests of a folder's files; None for what is no file."""
    found = {}
    for path in folder.rglob('*'):
        name = str(path.relative_to(folder))
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            found[name] = None
        elif path.is_file():
            with path.open('rb') as f:
                found[name] = hashlib.file_digest(f, 'sha256').digest()
    return found


def _check_links(folder, *parts):
    """Refuse a path below the class's folder that a link leads away."""
    path = folder
    for part in parts:
        path /= part
        if path.is_symlink():
            raise Refused(f'{path} is a link, and what lies behind it is '
                          'none of the class: put a folder there')
    return path


def _store(staged, folder, student, hw):
    """Move a student's files to their place.

    Returns:
        'unpacked', 'unchanged', or 'replaced' where an older submission was
        moved out of the way.
    """
    place = _check_links(folder, 'submitted', student, hw)
    if any(p.exists() and not p.is_dir() for p in (place.parent, place)):
        raise Refused(f'{place} is a file, expected a folder: move it away')
    place.parent.mkdir(exist_ok=True)
    done = 'unpacked'
    if place.is_dir() and any(place.iterdir()):
        if _files(place) == _files(staged):
            return 'unchanged'
        older = _check_links(folder, 'submitted', '.older', student, hw)
        older.mkdir(parents=True, exist_ok=True)
        numbers = [int(p.name) for p in older.iterdir() if p.name.isdecimal()]
        place.rename(older / str(max(numbers, default=0) + 1))
        done = 'replaced'
    staged.rename(place)          # takes the place of an empty folder too
    return done


def unpack(archive, hw, folder):
    """Unpack an archive of submissions.

    Args:
        archive: the path of a zip.
        hw: the assignment: 'hw2'.
        folder: the class's folder, with students.csv where there is one.

    Returns:
        An `Intake`.

    Raises:
        IntakeError: nothing was unpacked, for the archive, the class list or
            the assignment's name is not as expected.
    """
    if not PLAIN.fullmatch(hw):
        raise IntakeError(f'the assignment is {hw!r}, expected a name such '
                          'as hw2')
    archive, folder = Path(archive), Path(folder)
    names = class_list(folder)
    intake = Intake([], [], [], [], [], [])
    with _open(archive) as zf:
        entries = _entries(zf, hw, names, intake)
        try:
            submitted = _check_links(folder, 'submitted')
        except Refused as e:
            raise IntakeError(str(e)) from e
        submitted.mkdir(parents=True, exist_ok=True)
        # A name with a dot: nbgrader takes it for no student
        with tempfile.TemporaryDirectory(prefix='.part-',
                                         dir=submitted) as part:
            for student in sorted(_stage(zf, entries, Path(part), intake)):
                try:
                    done = _store(Path(part, student), folder, student, hw)
                except Refused as e:
                    intake.refused.append((student, str(e)))
                else:
                    getattr(intake, done).append(student)
    for student in names.ids if names else ():
        place = submitted / student / hw
        if not (place.is_dir() and any(place.iterdir())):
            intake.missing.append(student)
    return intake


def _entries(zf, hw, names, intake):
    """Return the entries that can be unpacked."""
    taken, placed = [], []
    for info in zf.infolist():
        name = _name(info)
        try:
            parts = _parts(info, name)
        except Refused as e:
            intake.refused.append((name, str(e)))
            continue
        if JUNK & set(parts) or any(part[:2] == '._' for part in parts):
            intake.ignored.append((name, 'no submission'))
        elif parts and not name.endswith('/'):
            taken.append((info, name, parts))
    for info, name, parts in _unwrap(taken, hw, names):
        try:
            entry = _place(info, name, parts, hw, names)
        except Refused as e:
            intake.refused.append((name, str(e)))
        else:
            if entry:
                placed.append(entry)
            else:
                intake.ignored.append((name, 'typed text, no file'))
    kept, refused, ignored = _sorted_out(placed)
    intake.refused.extend(refused)
    intake.ignored.extend(ignored)
    return kept


def _stage(zf, entries, part, intake):
    """Write each student's files to part/<student>; return the students."""
    left, students = TOTAL, []
    for entry, same in _groups(entries, lambda e: e.student):
        lost, written = [], []
        for e in same:
            path = part.joinpath(e.student, *e.path)
            try:
                left -= _extract(zf, e.info, path, left)
                written.append(e.name)
            except Refused as why:
                lost.append(e.name)
                intake.refused.append((e.name, str(why)))
        # What is left of a submission must not replace a whole one
        if _notebooks(lost) and not _notebooks(written):
            intake.refused.extend((name, 'the notebook beside it was refused')
                                  for name in written)
        elif written:
            students.append(entry.student)
    return students


def _notebooks(names):
    return [name for name in names if name.lower().endswith('.ipynb')]


def shown(text):
    """Return a text that is safe in a terminal."""
    return ''.join(c if c.isprintable() else
                   c.encode('unicode_escape').decode() for c in text)


def main(argv=None):
    argv = sys.argv[1:] if argv is None else argv
    if len(argv) != 2:
        sys.exit('usage: python classroom/intake.py HW ARCHIVE.zip')
    folder = Path(os.environ.get('CLASS') or HERE / 'class')
    try:
        intake = unpack(argv[1], argv[0], folder)
    except IntakeError as e:
        print(shown(str(e)), file=sys.stderr)
        return 2
    for name, reason in intake.refused:
        print(shown(f'refused {name}: {reason}'))
    print(f'{len(intake.unpacked)} unpacked, {len(intake.unchanged)} '
          f'unchanged, {len(intake.replaced)} replaced, '
          f'{len(intake.refused)} refused, {len(intake.missing)} of the class'
          ' list without a submission')
    if intake.missing:
        more = '' if len(intake.missing) <= 20 else ' ...'
        print('without: ' + ' '.join(intake.missing[:20]) + more)
    return 1 if intake.refused else 0


if __name__ == '__main__':
    sys.exit(main())
