"""What tests that start processes share."""
import pytest


@pytest.fixture
def script(tmp_path):
    def write(text):
        path = tmp_path / 'script.py'
        path.write_text(text)
        return path
    return write


@pytest.fixture
def untraced(monkeypatch):
    """Let coverage trace no process that the test starts."""
    monkeypatch.delenv('COVERAGE_PROCESS_CONFIG', raising=False)
