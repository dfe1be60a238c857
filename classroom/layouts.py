"""From the name of a file in an archive to the student it belongs to.

Names are strangers': none becomes a path before it is taken apart.
"""
import contextlib
import re
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections import defaultdict
from typing import NamedTuple

from classroom.roster import Refused, person, student

MOODLE = re.compile(
    r'(?P<who>.+?)_\d+_assignsubmission_(?P<kind>file|onlinetext)'
    r'(?:_(?P<file>.*))?')
CANVAS = re.compile(
    r'(?P<who>[^_]+)_(?:(?i:late)_)?(?P<number>\d+)_\d+_(?P<file>.+)')
NOTEBOOK = re.compile(r'(?i)(\.ipynb(\.txt|\.json)?|\.json)$')
RESUBMITTED = re.compile(r'(.+?)(?:-(\d{1,4}))?(\.[^.]*)?')
WRAPPERS = 'submitted', 'submissions'    # a folder round the whole archive
JUNK = {'__MACOSX', '.DS_Store', '.ipynb_checkpoints', 'Thumbs.db',
        'desktop.ini'}
ARCHIVES = '.zip', '.tar', '.gz', '.tgz', '.bz2', '.xz', '.7z', '.rar'


class Entry(NamedTuple):
    """A file of the archive, and where it belongs."""

    info: zipfile.ZipInfo
    name: str
    student: str
    source: str           # what named the student
    path: tuple           # below submitted/<student>/<hw>
    attempt: int          # Canvas's number of a resubmission


def _unicode_field(info, raw):
    """Return the name in UTF-8 that some write beside the other, or None."""
    extra = info.extra
    while len(extra) >= 4:
        kind, size = struct.unpack('<HH', extra[:4])
        field, extra = extra[4:4 + size], extra[4 + size:]
        if kind == 0x7075 and field[1:5] == struct.pack('<I',
                                                        zlib.crc32(raw)):
            with contextlib.suppress(UnicodeDecodeError):
                return field[5:].decode()
    return None


def _name(info, encoding):
    """Return an entry's whole name: zipfile's own ends at a NUL.

    Archives say whether a name is in UTF-8; where they do not, it may be in
    UTF-8 all the same, or in the encoding of somebody's Windows.
    """
    name = info.orig_filename
    if info.flag_bits & 0x800:
        return name
    with contextlib.suppress(UnicodeError):
        raw = name.encode('cp437')
        for other in 'utf-8', encoding:
            with contextlib.suppress(UnicodeError):
                return _unicode_field(info, raw) or raw.decode(other)
    return name


def _check_part(part):
    """Refuse what is not the plain name of a file or a folder."""
    if part in ('', '.', '..'):
        raise Refused(f'{part!r} is not the name of a file')
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

    The layouts differ in their first part alone; the most particular one is
    tried first.
    """
    head, rest, attempt = parts[0], tuple(parts[1:]), 0
    stem = NOTEBOOK.sub('', head)
    short = stem.removesuffix(f'_{hw}')
    if len(parts) > 2 and parts[1] == hw:
        # nbgrader: <student>/<hw>/x.ipynb
        who, path = student([head], names, own_ids=True), rest[1:]
        source = head
    elif match := MOODLE.fullmatch(head):
        # Full Name_12345_assignsubmission_file_/x.ipynb
        if match['kind'] == 'onlinetext':
            return None
        who = person(match['who'], names)
        path = ((match['file'],) if match['file'] else ()) + rest
        source = head.partition('_assignsubmission_')[0]
    elif rest:
        # <student>/x.ipynb
        if len(rest) > 1:
            raise Refused(f'it lies in a folder {rest[0]!r}, expected '
                          f'<student>/{hw}/x.ipynb or <student>/x.ipynb')
        who, path = student([head], names), rest
        source = head
    elif ((match := CANVAS.fullmatch(head))
          and not (names and (stem in names.ids or short in names.ids))):
        # surnamefirst_LATE_12345_67890_x-2.ipynb
        who = person(match['who'], names, match['number'])
        file, attempt = _canvas_file(match['file'], hw)
        path = (file,)
        source = f'{match["who"]}_{match["number"]}'
    else:
        # <student>.ipynb, <student>_<hw>.ipynb
        if stem in (head, hw):
            raise Refused('its name does not say whose it is, expected '
                          f'<student>_{hw}.ipynb')
        who = student([stem, short], names)
        # One that is called .ipynb.txt is not for here to judge
        ending = head[len(stem):]
        path = (hw + (ending if ending.lower() != '.ipynb' else '.ipynb'),)
        source = stem
    if not path:
        raise Refused('it is a file, expected a folder with files')
    for part in path:
        _check_part(part)
    if path[-1].lower().endswith(ARCHIVES):
        raise Refused('it is an archive, which is not opened: unpack it by '
                      f'hand into submitted/{who}/{hw}')
    return Entry(info, name, who, source, path, attempt)


def _outer(taken, hw, names):
    """Return entries without the folder round them all; None without one."""
    heads = {parts[0] for _, _, parts in taken}
    if (len(heads) != 1 or any(len(parts) < 2 for _, _, parts in taken)
            or names and names.find(*heads)):
        return None
    return [(info, name, parts[1:]) for info, name, parts in taken]


def _placed(taken, hw, names):
    """Place entries; return them, and (name, reason) of two kinds."""
    placed, refused, ignored = [], [], []
    for info, name, parts in taken:
        try:
            entry = _place(info, name, parts, hw, names)
        except Refused as error:
            refused.append((name, str(error)))
        else:
            if entry:
                placed.append(entry)
            else:
                ignored.append((name, 'typed text, not a file'))
    return placed, refused, ignored


def _unwrapped(taken, hw, names):
    """Place entries, without the folders that lie round the whole archive."""
    found = _placed(taken, hw, names)
    inner = _outer(taken, hw, names)
    known = inner and taken[0][2][0] in {*WRAPPERS, hw}
    # Without a class list, a folder in it has to stand for a student
    plain = inner and not names and any(
        len(parts) < 2 or parts[0] == hw for _, _, parts in inner)
    if not inner or not known and (found[0] or plain):
        return found
    # Nobody's: somebody unpacked the archive, and packed the folder
    deeper = _unwrapped(inner, hw, names)
    return deeper if known or deeper[0] else found


def entries(infos, hw, names):
    """Find out which files of an archive are whose.

    Args:
        infos: the archive's list, of ZipInfo.
        hw: the assignment's name.
        names: the class list or None.

    Returns:
        A list of `Entry`; of (name, reason) for those refused; and for those
        left out.
    """
    # A name in GBK is legible in either encoding: the class list decides
    found = [_entries(infos, hw, names, encoding)
             for encoding in ('gb18030', 'cp437')]
    return max(found, key=lambda each: len(each[0]))


def _entries(infos, hw, names, encoding):
    """Do it for one encoding of names that do not tell theirs."""
    taken, refused, ignored = [], [], []
    for info in infos:
        name = _name(info, encoding)
        try:
            parts = _parts(info, name)
        except Refused as error:
            refused.append((name, str(error)))
            continue
        if JUNK & set(parts) or any(part[:2] == '._' for part in parts):
            ignored.append((name, 'no submission'))
        elif parts and not name.endswith('/'):
            taken.append((info, name, parts))
    placed, nobodys, typed = _unwrapped(taken, hw, names)
    kept, twice, older = _without_doubles(placed)
    return kept, refused + nobodys + twice, ignored + typed + older


def _without_doubles(entries):
    """Keep one entry per file and one source per student.

    Returns:
        The entries kept; (entry, reason) of those refused; of those left out.
    """
    kept, refused, ignored = [], [], []
    for entry, same in groups(entries, lambda e: e.student):
        sources = sorted({e.source for e in same})
        if len(sources) > 1:
            refused += [(e.name, f'{entry.student} is handed in as '
                         + ' and as '.join(map(repr, sources))
                         + ': remove all but one') for e in same]
            continue
        files = []
        for _, twice in groups(same, lambda e: _folded(e.path)):
            last = max(e.attempt for e in twice)
            latest = [e for e in twice if e.attempt == last]
            ignored += [(e.name, f'resubmission {last} is taken')
                        for e in twice if e.attempt < last]
            if len(latest) > 1:
                refused += [(e.name, f'{entry.student} hands in '
                             f'{"/".join(e.path)!r} {len(latest)} times: '
                             'remove all but one') for e in latest]
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


def groups(entries, key):
    """Return entries by a key, each with the first of them."""
    groups = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return [(same[0], same) for same in groups.values()]
