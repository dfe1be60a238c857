"""An archive lands in its class's folder, and nowhere else."""
import hashlib
import struct
import zipfile
import zlib

import pytest

from classroom import archive
from classroom.__main__ import main
from classroom.roster import IntakeError
from tests.classroom.support import make_archive, submitted


def test_an_encrypted_entry_is_refused(unpack, tmp_path):
    path = make_archive(tmp_path, 'ada.ipynb', 's6.ipynb')
    data = bytearray(path.read_bytes())
    for mark, at in ((b'PK\3\4', 6), (b'PK\1\2', 8)):
        data[data.index(mark) + at] |= 1
    path.write_bytes(data)
    found = unpack(path)
    assert 'encrypted' in found.refused[0][1] and found.unpacked == ['s6']


@pytest.mark.parametrize('compression', [zipfile.ZIP_BZIP2,
                                         zipfile.ZIP_LZMA])
def test_a_method_that_inflates_at_once_is_refused(unpack, compression):
    found = unpack(('ada.ipynb', bytes(19 * 2 ** 20)),
                   compression=compression)
    assert 'compression method' in found.refused[0][1]


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
    path = make_archive(tmp_path, ('ada.ipynb', piece * (size // 10 ** 6)),
                   's6.ipynb', compression=zipfile.ZIP_STORED)
    data = bytearray(path.read_bytes())
    for mark, method, length in ((b'PK\3\4', 8, 22), (b'PK\1\2', 10, 24)):
        start = data.index(mark)
        data[start + method] = zipfile.ZIP_DEFLATED
        data[start + length:start + length + 4] = struct.pack('<I', said)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize('said, reason', [
    (0, 'damaged'), (100, 'damaged'), (2 ** 31, 'more than 20 MiB')])
def test_a_bomb_that_says_another_size_is_not_inflated(
        unpack, tmp_path, monkeypatch, said, reason):
    path = bomb(tmp_path, 300 * 10 ** 6, said)
    assert path.stat().st_size < 300 * 10 ** 6 / 900
    read, copy = [], archive.shutil.copyfileobj
    monkeypatch.setattr(archive.shutil, 'copyfileobj', lambda source, to: (
        copy(source, to), read.append(to.tell())))
    found = unpack(path)
    assert reason in found.refused[0][1]
    assert found.unpacked == ['s6']
    assert sum(read) < 1000


def test_a_size_that_is_too_small_is_refused(unpack, tmp_path):
    path = make_archive(tmp_path, ('ada.ipynb', noise(1000)))
    data = bytearray(path.read_bytes())
    start = data.index(b'PK\1\2') + 24
    data[start:start + 4] = struct.pack('<I', 1)
    path.write_bytes(data)
    assert 'damaged' in unpack(path).refused[0][1]


def test_a_damaged_file_is_refused(unpack, tmp_path):
    path = make_archive(tmp_path, ('ada.ipynb', noise(1000)), 's6.ipynb')
    data = bytearray(path.read_bytes())
    data[300] ^= 1
    path.write_bytes(data)
    found = unpack(path)
    assert 'damaged' in found.refused[0][1] and found.unpacked == ['s6']


def repeated(tmp_path, times):
    """Make 42 kB whose list of entries names the same bytes many times."""
    path = make_archive(tmp_path, ('ada.ipynb', bytes(40 * 2 ** 20)))
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
    with pytest.raises(IntakeError, match='claim more than'):
        unpack(path)
    assert not (class_ / 'submitted').exists()


def test_the_list_of_entries_is_looked_at_before_it_is_read(
        unpack, tmp_path):
    path = repeated(tmp_path, 1)
    data = bytearray(path.read_bytes())
    data[-10:-6] = struct.pack('<I', archive.DIRECTORY + 1)
    path.write_bytes(data)
    with pytest.raises(IntakeError, match='list of entries'):
        unpack(path)


def test_too_many_entries_are_refused_at_once(unpack, class_, monkeypatch):
    monkeypatch.setattr(archive, 'ENTRIES', 3)
    unpack(*('ada/hw2/' + c for c in 'abc'))
    with pytest.raises(IntakeError, match='4 entries, expected 3'):
        unpack(*('s6/hw2/' + c for c in 'abcd'))
    assert 's6' not in str(submitted(class_))


def test_too_much_in_all_leaves_nothing(unpack, class_, monkeypatch):
    monkeypatch.setattr(archive, 'TOTAL', 100)
    with pytest.raises(IntakeError, match='in all'):
        unpack(('ada.ipynb', b'a' * 60), ('s6.ipynb', b'a' * 60))
    assert not submitted(class_)


@pytest.mark.parametrize('data', [b'', b'no zip', b'PK\5\6' + b'\xff' * 18])
def test_what_is_no_zip_is_named(unpack, tmp_path, data):
    path = tmp_path / 'in.zip'
    path.write_bytes(data)
    with pytest.raises(IntakeError, match=r'in\.zip'):
        unpack(path)


def test_an_assignment_is_a_plain_name(unpack):
    with pytest.raises(IntakeError, match=r"'\.\./x'"):
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
    except IntakeError as e:
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


# The command ----------------------------------------------------------------

def test_the_command_says_what_it_did(class_, tmp_path, capsys):
    def submissions(path):
        return main(['submissions', 'hw2', str(path), '--class',
                     str(class_)])

    path = make_archive(tmp_path, 'ada.ipynb', '../\x1b]0;x', 'eve.ipynb')
    assert submissions(path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert all(line.isprintable() for line in lines)
    assert [line.partition(':')[0] for line in lines] == [
        r'refused ../\x1b]0;x', 'refused eve.ipynb',
        '1 unpacked, 0 unchanged, 0 replaced, 2 refused, 5 of the class list '
        'without a submission', 'without']
    assert submissions(make_archive(tmp_path, 'ada.ipynb')) == 0
    assert '1 unchanged' in capsys.readouterr().out
    assert submissions(tmp_path / 'none.zip') == 2
    assert 'none.zip' in capsys.readouterr().err


def test_a_class_of_1000_is_unpacked(class_, tmp_path):
    ids = [f's{i}' for i in range(1000)]
    (class_ / 'students.csv').write_text('id\n' + '\n'.join(ids))
    path = make_archive(tmp_path, *(f'{i}_hw2.ipynb' for i in ids))
    assert len(archive.unpack(path, 'hw2', class_).unpacked) == 1000
