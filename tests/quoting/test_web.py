"""The same for what only shows in a running web server and a browser."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provision.deploy import quoting
from tests.quoting import values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


CONFIG = """
pid {folder}/pid; error_log {folder}/error.log; daemon off; master_process off;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    server {{
        listen 127.0.0.1:{port};
        root {folder};
        ssi on;
        charset utf-8;
        {content}
    }}
}}
"""


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    """Skip where there is no nginx."""
    if not shutil.which("nginx"):
        pytest.skip("nginx is not installed")


@contextmanager
def nginx(folder: Path, content: str) -> Iterator[int]:
    """Run nginx with this in its server block; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    path = folder / "nginx.conf"
    path.write_text(CONFIG.format(folder=folder, port=port, content=content))
    command = ["nginx", "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    time.sleep(0.01)
            yield port
        finally:
            process.terminate()


def get(port: int, path: str) -> tuple[int, str | None, str]:
    """Return status, the header X-Value and the body of an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    answer = connection.getresponse()
    header = answer.getheader("X-Value")
    body = answer.read().decode()
    connection.close()
    return answer.status, header and header.encode("latin-1").decode(), body


def answers(folder: Path, texts: list[str]) -> None:
    """Let nginx answer with each text, as body and as header, and compare."""
    accepted: list[tuple[str, str]] = []
    for text in texts:
        try:
            accepted.append((text, quoting.nginx(text)))
        except AnsibleFilterError:
            assert not values.is_text(text) or values.has_control(text) or "$" in text
        else:
            assert values.is_text(text)
            assert not values.has_control(text)
            assert "$" not in text
    content = "".join(
        f"location = /{number} {{ add_header X-Value {word}; return 200 {word}; }}\n"
        for number, (_, word) in enumerate(accepted)
    )
    with nginx(folder, content) as port:
        for number, (text, _) in enumerate(accepted):
            status, header, body = get(port, f"/{number}")
            assert (status, body) == (200, text)
            # Blanks around a header do not count, and nginx leaves out an empty one.
            assert (header or "").strip(" ") == text.strip(" ")


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(texts=st.lists(values.texts, max_size=30))
def test_nginx_answers_with_the_text(tmp_path: Path, texts: list[str]) -> None:
    answers(tmp_path, texts)


def test_no_known_trick_leaves_the_quotes_of_nginx(tmp_path: Path) -> None:
    answers(tmp_path, values.HOSTILE)


@pytest.mark.parametrize(("size", "accepted"), [(3998, True), (3999, False), (5000, False)])
def test_a_text_too_long_for_nginx_is_refused(tmp_path: Path, size: int, accepted: bool) -> None:
    if accepted:
        answers(tmp_path, ["x" * size, "\u00e4" * (size // 2)])
    else:
        for text in ("x" * size, "\u00e4" * (size // 2 + 1), '"' * (size // 2 + 1)):
            with pytest.raises(AnsibleFilterError, match="longer"):
                quoting.nginx(text)


def test_a_browser_reads_scripts_and_attributes_as_written(tmp_path: Path) -> None:
    """An inline script and attributes, in a page that nginx assembles from parts, in Chromium."""
    if not shutil.which("chromium"):
        pytest.skip("chromium is not installed")
    texts = [text for text in values.HOSTILE if values.is_text(text)]
    plain = [text for text in texts if not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text)]
    (tmp_path / "part.js").write_text(f"var texts = {quoting.javascript(texts)};\n")
    spans = "".join(
        f'<span title="{quoting.xml(text)}">{quoting.xml(text)}</span>' for text in plain
    )
    (tmp_path / "index.html").write_text(
        f"<!DOCTYPE html><meta charset=utf-8><body>{spans}"
        '<script><!--#include virtual="/part.js" --></script>'
        "<script>"
        "var spans = [...document.querySelectorAll('span')];"
        "var seen = {texts, title: spans.map(s => s.title), text: spans.map(s => s.textContent)};"
        "document.body.textContent = encodeURIComponent(JSON.stringify(seen));"
        "document.body.id = 'done';"
        "</script>"
    )
    with nginx(tmp_path, "") as port:
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command += [f"--user-data-dir={tmp_path}/profile", f"http://127.0.0.1:{port}/"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<body id="done">([^<]*)</body>', done.stdout)
    assert found, done.stdout[-2000:]
    seen = json.loads(unquote(found[1]))
    assert seen == {"texts": texts, "title": plain, "text": plain}
