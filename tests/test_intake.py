"""An archive of submissions lands where it belongs, and nowhere else."""
import hashlib
import re
import stat
import struct
import sys
import tempfile
import time
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / 'classroom'))
import intake  # noqa: E402

LIST = """id,first_name,last_name,email
ada,Ada,Lovelace,a.lovelace@example.org
s2,José María,Núñez de la Cruz,jmn@example.org
s3,Wei,Zhang,zhang1@example.org
s4,Wei,Zhang,zhang2@example.org
777,,,
s6,Søren,O'Brien,
"""


def archive(folder, *entries, compression=zipfile.ZIP_DEFLATED):
    """Make a zip of names, or (name or ZipInfo, bytes)."""
    path = folder / 'in.zip'
    with warnings.catch_warnings(), zipfile.ZipFile(
            path, 'w', compression) as zf:
        warnings.simplefilter('ignore')        # of names that come twice
        for entry in entries:
            name, data = (entry if isinstance(entry, tuple)
                          else (entry, entry.encode()))
            if isinstance(name, str):
                # The constructor would mend a name
                raw, name = name, zipfile.ZipInfo('x')
                name.filename, name.compress_type = raw, compression
            zf.writestr(name, data)
    return path


def kind(name, mode):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def tree(folder):
    """Return what lies in a folder, and the digests of the files."""
    return {str(p.relative_to(folder)):
            str(p.readlink()) if p.is_symlink() else
            hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file()
            else None for p in folder.rglob('*')}


def submitted(class_):
    return {str(p.relative_to(class_ / 'submitted')): p.read_bytes().decode()
            for p in class_.rglob('submitted/**/*') if p.is_file()}


@pytest.fixture
def class_(tmp_path):
    """Make a class's folder with a list, in a world with other files."""
    (tmp_path / 'secret').write_text('a secret')
    folder = tmp_path / 'class'
    (folder / 'source').mkdir(parents=True)
    (folder / 'gradebook.db').write_text('grades')
    (folder / 'students.csv').write_text(LIST)
    return folder


@pytest.fixture
def unpack(class_, tmp_path):
    """Unpack entries, and hold everything but submitted/ to be unchanged."""
    def unpack(*entries, hw='hw2', names=True, **options):
        if not names:
            (class_ / 'students.csv').unlink(missing_ok=True)
        path = (entries[0] if isinstance(entries[0], Path)
                else archive(tmp_path, *entries, **options))

        def others():
            return {k: v for k, v in tree(tmp_path).items()
                    if not k.startswith('class/submitted')}
        before = others()
        try:
            return intake.unpack(path, hw, class_)
        finally:
            assert others() == before
            assert not list(class_.glob('submitted/.part*'))
    return unpack


# Who handed what in ---------------------------------------------------------

@pytest.mark.parametrize('entry, place', [
    # nbgrader
    ('ada/hw2/hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('submitted/ada/hw2/hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('./ada/hw2/data/a b.csv', 'ada/hw2/data/a b.csv'),
    # Moodle, with folders and without
    ('Ada Lovelace_12345_assignsubmission_file_/my.ipynb',
     'ada/hw2/my.ipynb'),
    ('Ada Lovelace_12345_assignsubmission_file/my.ipynb',
     'ada/hw2/my.ipynb'),
    ('Ada Lovelace_12345_assignsubmission_file_my.ipynb',
     'ada/hw2/my.ipynb'),
    # a student's own file may be called like another's
    ('Ada Lovelace_1_assignsubmission_file_Wei_2_assignsubmission_file_x.py',
     'ada/hw2/Wei_2_assignsubmission_file_x.py'),
    ('Nunez de la Cruz José Maria_1_assignsubmission_file_/x.ipynb',
     's2/hw2/x.ipynb'),
    ('Soren OBrien_1_assignsubmission_file_/x.ipynb', 's6/hw2/x.ipynb'),
    # Canvas
    ('lovelaceada_12345_67890_my_own.ipynb', 'ada/hw2/my_own.ipynb'),
    ('lovelaceada_LATE_12345_67890_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('núñezdelacruzjosémaría_1_2_hw2-2.ipynb', 's2/hw2/hw2.ipynb'),
    ('nobody_777_2_hw2.ipynb', '777/hw2/hw2.ipynb'),
    # flat
    ('ada.ipynb', 'ada/hw2/hw2.ipynb'),
    ('ada_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('A.Lovelace_hw2.ipynb', 'ada/hw2/hw2.ipynb'),
    ('hw2/ADA LOVELACE.IPYNB', 'ada/hw2/hw2.ipynb'),
    ('Lovelace, Ada.ipynb', 'ada/hw2/hw2.ipynb'),
    # a folder a student
    ('ada/x.ipynb', 'ada/hw2/x.ipynb'),
    ('zhang1/x.ipynb', 's3/hw2/x.ipynb'),
])
def test_each_layout_is_known(unpack, class_, entry, place):
    found = unpack(entry)
    assert found.refused == []
    assert submitted(class_) == {place: entry}
    assert found.unpacked == [place.partition('/')[0]]
    assert set(found.missing) == {'ada', 's2', 's3', 's4', '777', 's6'} - {
        *found.unpacked}


@pytest.mark.parametrize('entry, reason', [
    ('eve/hw2/x.ipynb', 'nobody'), ('eve.ipynb', 'nobody'),
    ('eve/x.ipynb', 'nobody'), ('hw2.ipynb', 'tells no student'),
    ('Wei Zhang_1_assignsubmission_file_/x.ipynb', 's3 or s4'),
    ('zhangwei_1_2_hw2.ipynb', 's3 or s4'), ('wei zhang.ipynb', 's3 or s4'),
    # a number is the system's own, and means nobody against a name
    ('nobody_999_2_hw2.ipynb', 'nobody'), ('Ada.ipynb.txt', 'no student'),
    ('ada/hw1/x.ipynb', 'in a folder'),
])
def test_nobody_is_guessed(unpack, class_, entry, reason):
    found = unpack(entry, 's6/hw2/x.ipynb')
    (name, why), = found.refused
    assert name == entry and reason in why
    assert found.unpacked == ['s6'] and list(submitted(class_)) == [
        's6/hw2/x.ipynb']


def test_a_number_never_speaks_against_a_name(unpack, class_):
    (class_ / 'students.csv').write_text(
        'id,first_name,last_name\n1,Ada,Lovelace\n2,Wei,Zhang\n3,Wei,Zhang\n')
    found = unpack('eveson_1_9_hw2.ipynb', 'zhangwei_3_9_hw2.ipynb',
                   'lovelaceada_2_9_hw2.ipynb')
    assert found.unpacked == ['1', '3']
    assert [name for name, _ in found.refused] == ['eveson_1_9_hw2.ipynb']


def test_a_text_that_means_two_is_refused_but_in_nbgraders_layout(
        unpack, class_):
    (class_ / 'students.csv').write_text(
        'id,email\nbob,x@example.org\ns2,bob@example.org\n')
    assert 'bob or s2' in unpack('bob.ipynb').refused[0][1]
    assert unpack('bob/hw2/x.ipynb').unpacked == ['bob']


@pytest.mark.parametrize('entry, place', [
    ('eve/hw2/x.ipynb', 'eve/hw2/x.ipynb'),
    ('eve/x.ipynb', 'eve/hw2/x.ipynb'), ('eve.ipynb', 'eve/hw2/hw2.ipynb'),
    ('e_v_hw2.ipynb', 'e_v/hw2/hw2.ipynb'),
    ('Eve Ng_1_assignsubmission_file_/x.ipynb', None),
    ('ngeve_1_2_x.ipynb', None), ('hw2.ipynb', None)])
def test_without_a_list_only_ids_are_taken(unpack, class_, entry, place):
    found = unpack(entry, names=False)
    assert list(submitted(class_)) == ([place] if place else [])
    assert bool(found.refused) is not bool(place)
    assert found.missing == []


@pytest.mark.parametrize('name', [
    'eve ng', '.eve', 'e' * 65, 'évé', 'e$', 'e\u202eve', '..eve'])
@pytest.mark.parametrize('layout', ['{}/hw2/x.ipynb', '{}/x.ipynb',
                                    '{}.ipynb'])
@pytest.mark.parametrize('names', [True, False])
def test_a_folder_is_a_plain_id(unpack, class_, name, layout, names):
    assert unpack(layout.format(name), names=names).refused
    assert not submitted(class_)


@pytest.mark.parametrize('text, reason', [
    ('name\nada\n', 'columns'), ('id\nada\nada\n', 'line 3.*twice'),
    ('id\n../x\n', r"line 2: the id is '\.\./x'"), ('', 'columns'),
    (b'id\n\xff\n', 'UTF-8')])
def test_a_wrong_class_list_is_named(unpack, class_, text, reason):
    data = text if isinstance(text, bytes) else text.encode()
    (class_ / 'students.csv').write_bytes(data)
    with pytest.raises(intake.IntakeError, match=reason):
        unpack('ada.ipynb')


def test_a_class_list_from_a_spreadsheet_is_read(unpack, class_):
    (class_ / 'students.csv').write_bytes(
        b'\xef\xbb\xbfemail,id\r\na@b.org,ada\r\n,\r\n')
    assert unpack('a.ipynb').unpacked == ['ada']


def test_names_in_utf8_that_do_not_say_so_are_read(unpack, tmp_path):
    name = 'José María Núñez de la Cruz.ipynb'
    raw = name.encode()
    path = archive(tmp_path, ('x' * len(raw), b'a'))
    path.write_bytes(path.read_bytes().replace(b'x' * len(raw), raw))
    assert unpack(path).unpacked == ['s2']


# Twice ----------------------------------------------------------------------

def test_canvas_latest_resubmission_is_taken(unpack, class_):
    found = unpack(*(f'lovelaceada_1_{i}_my{n}.ipynb' for i, n in
                     enumerate(['', '-2', '-10', '-1'])))
    assert submitted(class_) == {
        'ada/hw2/my.ipynb': 'lovelaceada_1_2_my-10.ipynb'}
    assert not found.refused and len(found.ignored) == 3


def test_a_minus_in_the_assignments_name_is_no_resubmission(unpack, class_):
    unpack('lovelaceada_1_2_hw-2.ipynb', hw='hw-2')
    assert list(submitted(class_)) == ['ada/hw-2/hw-2.ipynb']


@pytest.mark.parametrize('entries', [
    [('ada/hw2/x.ipynb', b'1'), ('ada/hw2/x.ipynb', b'2')],
    ['ada/hw2/x.ipynb', 'ada/hw2/X.ipynb'],
    ['ada.ipynb', 'ada_hw2.ipynb'], ['ada/x.ipynb', 'ADA/y.ipynb'],
    ['lovelaceada_1_2_x-1.ipynb', 'lovelaceada_1_3_x-1.ipynb'],
    ['lovelaceada_1_2_x.ipynb', 'lovelaceada_5_3_x-1.ipynb'],
    ['Ada Lovelace_1_assignsubmission_file_/x.ipynb', 'ada.ipynb']])
def test_what_comes_twice_is_refused_both(unpack, class_, entries):
    found = unpack(*entries, 's6.ipynb')
    assert len(found.refused) == 2
    assert all('all but one' in why for _, why in found.refused)
    assert found.unpacked == ['s6'] and 'ada' in found.missing
    assert list(submitted(class_)) == ['s6/hw2/hw2.ipynb']


def test_a_file_is_no_folder(unpack):
    found = unpack('ada/hw2/x', 'ada/hw2/x/y.ipynb', 'ada/hw2/z.ipynb')
    assert [name for name, _ in found.refused] == ['ada/hw2/x']
    assert found.unpacked == ['ada']


# Refused --------------------------------------------------------------------

REFUSED = [
    ('/ada/hw2/x.ipynb', 'absolute'), ('//ada/x.ipynb', 'absolute'),
    ('../secret', r"'\.\.'"), ('ada/hw2/../../../../secret', r"'\.\.'"),
    ('ada/..', r"'\.\.'"), ('..', r"'\.\.'"),
    ('lovelaceada_1_2_..', 'no name'),
    ('Ada Lovelace_1_assignsubmission_file_..', 'no name'),
    ('C:/ada/x.ipynb', 'drive'), ('C:x.ipynb', 'drive'),
    ('ada/hw2/C:x.ipynb', 'drive'), ('lovelaceada_1_2_C:x.ipynb', 'drive'),
    ('..\\secret', 'backslash'), ('ada\\hw2\\x.ipynb', 'backslash'),
    ('ada/hw2/x.ipynb\0.txt', 'control'), ('ada/hw2/\x1b[2Jx', 'control'),
    ('ada/hw2/x\ny.ipynb', 'control'), ('ada/hw2/x\u2028y', 'control'),
    ('ada/hw2/' + 'é' * 128, '256 bytes'),
    ('ada/hw2/' + 'a/' * 500 + 'x', '1009 bytes'),
    (kind('ada/hw2/x.ipynb', stat.S_IFLNK | 0o777), 'symbolic link'),
    (kind('ada', stat.S_IFLNK | 0o777), 'symbolic link'),
    (kind('ada/hw2/x.ipynb', stat.S_IFIFO | 0o666), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFCHR | 0o666), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFSOCK), 'regular'),
    (kind('ada/hw2/x.ipynb', stat.S_IFDIR), 'regular'),
    ('ada/hw2/hw2.zip', 'not opened'), ('ada/hw2/hw2.tar.gz', 'not opened'),
]


@pytest.mark.parametrize('entry, reason', REFUSED)
def test_what_is_unsafe_is_refused_and_the_rest_goes_on(
        unpack, class_, entry, reason):
    found = unpack((entry, b'/etc/shadow'), 's6/hw2/x.ipynb')
    (_, why), = found.refused
    assert re.search(reason, why), why
    assert found.unpacked == ['s6']
    assert list(submitted(class_)) == ['s6/hw2/x.ipynb']


def test_an_encrypted_entry_is_refused(unpack, tmp_path):
    path = archive(tmp_path, 'ada.ipynb', 's6.ipynb')
    data = bytearray(path.read_bytes())
    for mark, at in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    found = unpack(path)
    assert 'encrypted' in found.refused[0][1] and found.unpacked == ['s6']


@pytest.mark.parametrize('compression', [zipfile.ZIP_BZIP2,
                                         zipfile.ZIP_LZMA])
def test_a_method_that_inflates_at_once_is_refused(unpack, compression):
    start = time.process_time()
    found = unpack(('ada.ipynb', bytes(19 * 2 ** 20)),
                   compression=compression)
    assert 'compression method' in found.refused[0][1]
    assert time.process_time() - start < 5


def noise(size):
    return hashlib.shake_128(b'noise').digest(size)


def test_a_large_file_is_refused(unpack, class_):
    found = unpack(('ada.ipynb', noise(20 * 2 ** 20)),
                   ('s6.ipynb', noise(20 * 2 ** 20 + 1)),
                   compression=zipfile.ZIP_STORED)
    assert found.unpacked == ['ada']
    assert 'more than 20 MiB' in found.refused[0][1]


def test_zeros_are_refused_above_1_MiB_alone(unpack):
    found = unpack(('ada.ipynb', bytes(2 ** 20)),
                   ('s6.ipynb', bytes(2 ** 20 + 1)))
    assert found.unpacked == ['ada']
    assert '200 times' in found.refused[0][1]


def bomb(tmp_path, size, said):
    """Make an archive whose first entry lies about how large it is."""
    part = zlib.compressobj(9, wbits=-15)
    piece = part.compress(bytes(10 ** 6)) + part.flush(zlib.Z_FULL_FLUSH)
    path = archive(tmp_path, ('ada.ipynb', piece * (size // 10 ** 6)),
                   's6.ipynb', compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for mark, method, length in ((b'PK\3\4', 8, 22), (b'PK\1\2', 10, 24)):
        start = data.index(mark)
        data[start + method] = zipfile.ZIP_DEFLATED
        data[start + length:start + length + 4] = struct.pack('<I', said)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize('said', [0, 100, 2 ** 31])
@pytest.mark.parametrize('size, reason, most', [
    (300 * 10 ** 6, 'more than 20 MiB', 21 * 2 ** 20),
    (42 * 10 ** 6, '200 times', 10 * 2 ** 20)])
def test_a_bomb_that_says_another_size_stops_early(
        unpack, tmp_path, monkeypatch, said, size, reason, most):
    path = bomb(tmp_path, size, said)
    assert path.stat().st_size < size / 900
    read, chunks = [], intake._chunks
    monkeypatch.setattr(intake, '_chunks', lambda *a: (
        read.append(len(c)) or c for c in chunks(*a)))
    found = unpack(path)
    assert reason in found.refused[0][1]
    assert found.unpacked == ['s6']
    assert sum(read) < most


@pytest.mark.parametrize('said', [1, 5000])
def test_a_size_that_is_false_is_refused(unpack, tmp_path, said):
    path = archive(tmp_path, ('ada.ipynb', noise(1000)))
    data = bytearray(path.read_bytes())
    start = data.index(b'PK\1\2') + 24
    data[start:start + 4] = struct.pack('<I', said)
    path.write_bytes(data)
    assert 'archive says' in unpack(path).refused[0][1]


def test_a_damaged_file_is_refused(unpack, tmp_path):
    path = archive(tmp_path, ('ada.ipynb', noise(1000)), 's6.ipynb')
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(data)
    found = unpack(path)
    assert 'damaged' in found.refused[0][1] and found.unpacked == ['s6']


def repeated(tmp_path, times):
    """Make 42 kB whose list of entries names the same bytes many times."""
    path = archive(tmp_path, ('ada.ipynb', bytes(40 * 2 ** 20)))
    data = path.read_bytes()
    start, end = data.index(b'PK\1\2'), data.index(b'PK\5\6')
    entry = data[start:end] * times
    path.write_bytes(data[:start] + entry + data[end:end + 8] + struct.pack(
        '<HHIIH', times, times, len(entry), start, 0))
    return path


def test_entries_that_share_their_bytes_are_refused_at_once(
        unpack, tmp_path, class_):
    path = repeated(tmp_path, 8)
    assert path.stat().st_size < 43_000
    with pytest.raises(intake.IntakeError, match='claim more than'):
        unpack(path)
    assert not (class_ / 'submitted').exists()


def test_the_list_of_entries_is_looked_at_before_it_is_read(
        unpack, tmp_path):
    path = repeated(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[-10:-6] = struct.pack('<I', intake.DIRECTORY + 1)
    path.write_bytes(data)
    with pytest.raises(intake.IntakeError, match='list of entries'):
        unpack(path)


def test_too_many_entries_are_refused_at_once(unpack, class_, monkeypatch):
    monkeypatch.setattr(intake, 'ENTRIES', 3)
    unpack(*('ada/hw2/' + c for c in 'abc'))
    with pytest.raises(intake.IntakeError, match='4 entries, expected 3'):
        unpack(*('s6/hw2/' + c for c in 'abcd'))
    assert 's6' not in str(submitted(class_))


def test_too_much_in_all_leaves_nothing(unpack, class_, monkeypatch):
    monkeypatch.setattr(intake, 'TOTAL', 100)
    with pytest.raises(intake.IntakeError, match='in all'):
        unpack(('ada.ipynb', b'a' * 60), ('s6.ipynb', b'a' * 60))
    assert not submitted(class_)


@pytest.mark.parametrize('data', [b'', b'no zip', b'PK\5\6' + b'\xff' * 18])
def test_what_is_no_zip_is_named(unpack, tmp_path, data):
    path = tmp_path / 'in.zip'
    path.write_bytes(data)
    with pytest.raises(intake.IntakeError, match=r'in\.zip'):
        unpack(path)


def test_an_assignment_is_a_plain_name(unpack):
    with pytest.raises(intake.IntakeError, match=r"'\.\./x'"):
        unpack('ada.ipynb', hw='../x')


@pytest.mark.parametrize('link', [
    'submitted', 'submitted/ada', 'submitted/ada/hw2', 'submitted/.older'])
def test_a_link_in_the_class_is_not_followed(unpack, class_, tmp_path, link):
    away = tmp_path / 'away'
    away.mkdir()
    place = class_ / 'submitted/ada/hw2'
    if link.endswith('.older'):
        place.mkdir(parents=True)
        (place / 'x.ipynb').write_text('older')
    (class_ / link).parent.mkdir(parents=True, exist_ok=True)
    (class_ / link).symlink_to(away)
    try:
        found = unpack('ada.ipynb')
    except intake.IntakeError as e:
        assert link == 'submitted' and 'is a link' in str(e)
    else:
        assert 'is a link' in found.refused[0][1]
    assert not list(away.iterdir())


def test_junk_is_left_out_quietly(unpack, class_):
    found = unpack('__MACOSX/ada/._x.ipynb', '.DS_Store', 'ada/.DS_Store',
                   'ada/x.ipynb', 'ada/.ipynb_checkpoints/x.ipynb', 'ada/',
                   'Ada Lovelace_1_assignsubmission_onlinetext_/t.html')
    assert list(submitted(class_)) == ['ada/hw2/x.ipynb']
    assert not found.refused and len(found.ignored) == 5


# Again ----------------------------------------------------------------------

def test_nothing_is_lost_when_a_submission_is_replaced(unpack, class_):
    for text, done in (('a', 'unpacked'), ('a', 'unchanged'),
                       ('b', 'replaced'), ('c', 'replaced'),
                       ('c', 'unchanged')):
        found = unpack(('ada/hw2/x.ipynb', text.encode()))
        assert {k: v for k, v in found._asdict().items()
                if k != 'missing' and v} == {done: ['ada']}
    assert submitted(class_) == {
        'ada/hw2/x.ipynb': 'c', '.older/ada/hw2/1/x.ipynb': 'a',
        '.older/ada/hw2/2/x.ipynb': 'b'}


def test_an_unchanged_submission_is_not_touched(unpack, class_):
    unpack('ada.ipynb')
    place = class_ / 'submitted/ada/hw2/hw2.ipynb'
    before = place.stat()
    assert unpack('ada.ipynb').unchanged == ['ada']
    assert place.stat() == before


def test_the_rest_of_a_submission_does_not_replace_a_whole_one(
        unpack, class_):
    unpack(('ada/hw2/x.ipynb', b'good'))
    found = unpack(('ada/hw2/x.ipynb', bytes(2 ** 21)), 'ada/hw2/data.csv')
    assert [name for name, _ in found.refused] == [
        'ada/hw2/x.ipynb', 'ada/hw2/data.csv']
    assert submitted(class_) == {'ada/hw2/x.ipynb': 'good'}
    found = unpack(('ada/hw2/big.csv', bytes(2 ** 21)), 'ada/hw2/y.ipynb')
    assert found.replaced == ['ada'] and len(found.refused) == 1


def test_an_empty_folder_is_no_submission(unpack, class_):
    (class_ / 'submitted/ada/hw2').mkdir(parents=True)
    assert 'ada' in unpack('s6.ipynb').missing
    assert unpack('ada.ipynb').unpacked == ['ada']


# Any name -------------------------------------------------------------------

PIECES = st.sampled_from([
    '..', '.', '/', '\\', 'ada', 'hw2', 'x.ipynb', '_1_2_', 'lovelaceada',
    '_assignsubmission_file_', 'Ada Lovelace_1', 'C:', '\0', '~', ' ', '-1',
    '.older', '.part-', 'submitted', 'LATE', '%2e%2e',
    '\uff0e\uff0e', '\uff0f', '\u2215'])


@settings(max_examples=100, deadline=None, suppress_health_check=list(
    HealthCheck))
@given(st.lists(st.lists(PIECES | st.characters(codec='utf-8'), min_size=1,
                         max_size=8).map(''.join), min_size=1, max_size=4),
       st.booleans())
def test_no_name_escapes(names, with_list):
    with tempfile.TemporaryDirectory() as world:
        world = Path(world)
        class_ = world / 'a/class'
        class_.mkdir(parents=True)
        (world / 'secret').write_text('a secret')
        if with_list:
            (class_ / 'students.csv').write_text(LIST)
        path = archive(world, *((name, b'x') for name in names))
        before = tree(world)
        found = intake.unpack(path, 'hw2', class_)
        after = tree(world)
        assert {k: after.pop(k) for k in before} == before
        for name, digest in after.items():
            parts = Path(name).parts
            assert parts[:3] == ('a', 'class', 'submitted')[:len(parts)]
            if digest:
                student, hw = parts[3:5]
                assert student in found.unpacked and hw == 'hw2'
                assert intake.PLAIN.fullmatch(student)
        assert set(found.unpacked) == {
            Path(name).parts[3] for name in after
            if len(Path(name).parts) == 4}


# The command ----------------------------------------------------------------

def test_the_command_says_what_it_did(class_, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('CLASS', str(class_))
    path = archive(tmp_path, 'ada.ipynb', '../\x1b]0;x', 'eve.ipynb')
    assert intake.main(['hw2', str(path)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line.partition(':')[0] for line in lines] == [
        r'refused ../\x1b]0;x', 'refused eve.ipynb',
        '1 unpacked, 0 unchanged, 0 replaced, 2 refused, 5 of the class list '
        'without a submission', 'without']
    assert intake.main(['hw2', str(archive(tmp_path, 'ada.ipynb'))]) == 0
    assert '1 unchanged' in capsys.readouterr().out
    assert intake.main(['hw2', str(tmp_path / 'none.zip')]) == 2
    assert 'none.zip' in capsys.readouterr().err


def test_a_class_of_1000_takes_seconds(class_, tmp_path):
    ids = [f's{i}' for i in range(1000)]
    (class_ / 'students.csv').write_text('id\n' + '\n'.join(ids))
    path = archive(tmp_path, *(f'{i}_hw2.ipynb' for i in ids))
    start = time.process_time()
    assert len(intake.unpack(path, 'hw2', class_).unpacked) == 1000
    assert time.process_time() - start < 10
