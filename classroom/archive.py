"""Unpack what a learning management system hands out into submitted/.

The archive is a stranger's: no name in it becomes a path unchecked, and all
sizes are limited. Everything is unpacked beside the submissions first, then
moved to its place student by student.
"""
import hashlib
import shutil
import struct
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

from classroom import layouts, roster
from classroom.roster import IntakeError, Refused

MIB = 2 ** 20
ENTRY = 20 * MIB          # the largest file, uncompressed
TOTAL = 2048 * MIB        # the largest archive, uncompressed
ENTRIES = 20_000
RATIO, RATIO_FROM = 200, MIB
DIRECTORY = 16 * MIB      # an archive's list of entries: 800 bytes for each


class Intake(NamedTuple):
    """What became of an archive: ids, or (entry, reason)."""

    unpacked: list
    unchanged: list
    replaced: list
    refused: list
    ignored: list
    missing: list


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
    except OSError as error:
        raise IntakeError(f'{archive}: cannot be read ({error.strerror}); '
                          'give the path of the downloaded zip') from error
    except (zipfile.BadZipFile, NotImplementedError, UnicodeError,
            OverflowError, struct.error) as error:
        raise IntakeError(f'{archive}: not a zip that can be read ({error}); '
                          'download it again') from error
    try:
        _check_sizes(archive, size, zf.infolist())
    except IntakeError:
        zf.close()
        raise
    return zf


def _check_sizes(archive, size, infos):
    """Refuse an archive that is too large, or says more than it holds.

    What an entry declares is enough: zipfile never reads past it.
    """
    if len(infos) > ENTRIES:
        raise IntakeError(f'{archive}: {len(infos):,} entries, expected '
                          f'{ENTRIES:,} at most; split it')
    # Entries that share their bytes are how small archives grow large
    if sum(info.compress_size for info in infos) > size:
        raise IntakeError(f'{archive}: its entries claim more than its '
                          f'{size:,} bytes: do not open it, download it '
                          'again')


def _extract(zf, info, path):
    """Write an entry to a new file."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # The others cannot be unpacked a piece at a time
        raise Refused(f'its compression method is {info.compress_type}, '
                      'expected 0 (stored) or 8 (deflate): zip it again')
    if info.file_size > ENTRY:
        raise Refused(f'more than {ENTRY // MIB} MiB: have it handed in '
                      'without its outputs')
    if info.file_size > max(RATIO_FROM, RATIO * info.compress_size):
        raise Refused(f'more than {RATIO} times its compressed size: it '
                      'looks like a bomb')
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open('xb') as f:
        try:
            # It stops at the size declared, and checks the sum
            with zf.open(info) as content:
                shutil.copyfileobj(content, f)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError,
                NotImplementedError, struct.error, ValueError) as error:
            path.unlink()
            raise Refused(f'it is damaged ({error}): download it again'
                          ) from error


def _files(folder):
    """Return the digests of a folder's files; None for other things."""
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
            raise Refused(f'{path} is a link to another place: put a folder '
                          'there')
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
    if not roster.PLAIN.fullmatch(hw):
        raise IntakeError(f'the assignment is {hw!r}, expected a name such '
                          'as hw2')
    archive, folder = Path(archive), Path(folder)
    names = roster.read(folder)
    intake = Intake([], [], [], [], [], [])
    with _open(archive) as zf:
        entries, refused, ignored = layouts.entries(zf.infolist(), hw, names)
        intake.refused.extend(refused)
        intake.ignored.extend(ignored)
        if sum(e.info.file_size for e in entries
               if e.info.file_size <= ENTRY) > TOTAL:
            raise IntakeError(f'{archive}: more than {TOTAL // MIB:,} MiB in '
                              'all; split it')
        try:
            submitted = _check_links(folder, 'submitted')
        except Refused as error:
            raise IntakeError(str(error)) from error
        submitted.mkdir(parents=True, exist_ok=True)
        # A name with a dot: nbgrader takes it for no student
        with tempfile.TemporaryDirectory(prefix='.part-',
                                         dir=submitted) as part:
            for student in sorted(_stage(zf, entries, Path(part), intake)):
                try:
                    done = _store(Path(part, student), folder, student, hw)
                except Refused as error:
                    intake.refused.append((student, str(error)))
                else:
                    getattr(intake, done).append(student)
    for student in names.ids if names else ():
        place = submitted / student / hw
        if not (place.is_dir() and any(place.iterdir())):
            intake.missing.append(student)
    return intake


def _stage(zf, entries, part, intake):
    """Write each student's files to part/<student>; return the students."""
    students = []
    for entry, same in layouts.groups(entries, lambda e: e.student):
        lost, written = [], []
        for e in same:
            try:
                _extract(zf, e.info, part.joinpath(e.student, *e.path))
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
    return [name for name in names if layouts.NOTEBOOK.search(name)]


def summary(intake):
    """Say what became of an archive, one line per thing to know."""
    lines = [f'refused {name}: {reason}' for name, reason in intake.refused]
    lines.append(
        f'{len(intake.unpacked)} unpacked, {len(intake.unchanged)} unchanged,'
        f' {len(intake.replaced)} replaced, {len(intake.refused)} refused, '
        f'{len(intake.missing)} of the class list without a submission')
    if intake.missing:
        more = '' if len(intake.missing) <= 20 else ' ...'
        lines.append('without: ' + ' '.join(intake.missing[:20]) + more)
    return lines
