"""A PEP 517 backend for this package alone: a wheel of pure Python is a zip file with three more files in it."""

import base64
import hashlib
import os
import pathlib
import re
import tarfile
import zipfile

_ROOT = pathlib.Path(__file__).resolve().parent
_PACKAGE = "agentgrid"
# The earliest that a zip file can say: the same sources make the same wheel.
_TIME = (1980, 1, 1, 0, 0, 0)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    files = {str(path.relative_to(_ROOT)): path.read_bytes() for path in _sources()}
    return _write_wheel(wheel_directory, files)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _write_wheel(wheel_directory, {f"__editable__.{_PACKAGE}.pth": f"{_ROOT}\n".encode()})


def build_sdist(sdist_directory, config_settings=None):
    base = f"{_PACKAGE}-{_setting('version')}"
    with tarfile.open(os.path.join(sdist_directory, f"{base}.tar.gz"), "w:gz", format=tarfile.PAX_FORMAT) as archive:
        for path in [*_sources(), _ROOT / "pyproject.toml", _ROOT / "README.md", _ROOT / "build_backend.py"]:
            archive.add(path, f"{base}/{path.relative_to(_ROOT)}")
    return f"{base}.tar.gz"


def _write_wheel(directory, files):
    version = _setting("version")
    info = f"{_PACKAGE}-{version}.dist-info"
    name = f"{_PACKAGE}-{version}-py3-none-any.whl"
    files = {
        **files,
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: {_PACKAGE}\nVersion: {version}\nSummary: {_setting('description')}\n"
            f"Requires-Python: {_setting('requires-python')}\nDescription-Content-Type: text/markdown\n\n"
            f"{(_ROOT / 'README.md').read_text('utf-8')}").encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: agentgrid\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={_hash(data)},{len(data)}\n" for path, data in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(os.path.join(directory, name), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in files.items():
            entry = zipfile.ZipInfo(path, _TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED)
    return name


def _sources():
    return sorted((_ROOT / _PACKAGE).rglob("*.py"))


# A TOML reader is in the standard library from Python 3.11 on; of our own file this is enough.
def _setting(key):
    text = (_ROOT / "pyproject.toml").read_text("utf-8")
    return re.search(rf'^{key} = "(.*)"$', text, re.MULTILINE).group(1)


def _hash(data):
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
