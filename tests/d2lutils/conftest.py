"""What the launcher's tests share."""
import pytest


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / 'script.py'
        path.write_text(text)
        return path
    return write
