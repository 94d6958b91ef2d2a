"""The desk under a path behind a real nginx."""

import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.desk import CABLE, DemoFolder, demo, desk
from tests.serving import announced

__all__ = ["demo", "desk"]

pytestmark = [pytest.mark.interop, pytest.mark.slow]

_ROOT = Path(__file__).parents[2]
_UNPACKED = _ROOT / ".oracles" / "debian" / "usr" / "sbin" / "nginx"
_CONFIG = """
daemon off; {user} worker_processes 1; pid {top}/nginx.pid; error_log {top}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {top}/t1; proxy_temp_path {top}/t2; fastcgi_temp_path {top}/t3; uwsgi_temp_path {top}/t4;
  scgi_temp_path {top}/t5;
  server {{
    listen 127.0.0.1:{port};
    merge_slashes off;
    location /cables/ {{
      proxy_pass {desk};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Prefix /cables;
    }}
  }}
}}
"""


def test_every_link_stays_under_the_path(demo: DemoFolder, desk: Any, tmp_path: Path, free_ports: list[int]) -> None:
    program = shutil.which("nginx") or (str(_UNPACKED) if _UNPACKED.is_file() else None)
    if program is None:
        pytest.skip("nginx is not here: run `make oracles`")
    words = ["--archives", str(demo.folder / "archives"), "--config", str(demo.folder / "config"), "--json"]
    with subprocess.Popen(
        [sys.executable, "-m", "preserve", "serve", "--desk", "127.0.0.1:0", "--proxy", "127.0.0.1", *words],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
    ) as serving:
        address = announced(serving)["listening"]
        top = tmp_path / "nginx"
        top.mkdir()
        user = "user root root;" if os.geteuid() == 0 else ""
        config = _CONFIG.format(user=user, top=top, port=free_ports[0], desk=address)
        (top / "nginx.conf").write_text(config, "utf-8")
        command = [program, "-p", str(top), "-c", str(top / "nginx.conf"), "-e", str(top / "error.log")]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL) as proxy:
            try:
                for _attempt in range(500):
                    assert proxy.poll() is None, (top / "error.log").read_text("utf-8")
                    if (top / "nginx.pid").is_file() and (top / "nginx.pid").read_text("ascii").strip():
                        break
                    time.sleep(0.01)
                base = f"http://127.0.0.1:{free_ports[0]}/cables"
                with urllib.request.urlopen(f"{base}/cable/{CABLE}") as answer:
                    text = answer.read().decode()
                    links = answer.headers["link"]
                assert 'href="/cables/static/desk.css"' in text
                assert 'href="/search' not in text
                assert "http://127.0.0.1/cables/cable/" in links
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(f"{base}/page.json?url=http%3A%2F%2Fx%2F%2Fy")
                assert refused.value.code == 404
                assert "http://x//y" in refused.value.read().decode()
            finally:
                proxy.terminate()
                serving.terminate()
