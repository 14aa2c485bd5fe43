# SPDX-License-Identifier: BSD-2-Clause
"""Two network namespaces with a wire between them, and somebody who reads at the far end."""

import contextlib
import json
import subprocess

from harness import private

NEAR, FAR = "10.79.0.1", "10.79.0.2"


@contextlib.contextmanager
def joined():
    """Enter a new network namespace, joined with a second one. Yields what enters the second."""
    private.enter_network()
    with subprocess.Popen(["unshare", "--net", "sh", "-c", "echo; read _"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        far = ["nsenter", f"--target={holder.pid}", "--net"]
        for command in (["ip", "link", "add", "near", "type", "veth", "peer", "name", "far",
                         "netns", str(holder.pid)],
                        ["ip", "addr", "add", f"{NEAR}/24", "dev", "near"],
                        ["ip", "link", "set", "near", "up"],
                        [*far, "ip", "addr", "add", f"{FAR}/24", "dev", "far"],
                        [*far, "ip", "link", "set", "far", "up"]):
            subprocess.run(command, check=True)
        try:
            yield far
        finally:
            holder.stdin.close()


@contextlib.contextmanager
def sink(bench, far):
    """Let the load tool take what comes at the far end; yields its port and its process."""
    with subprocess.Popen([*far, bench.tools / "bulk", "sink", FAR], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        try:
            yield json.loads(process.stdout.readline())["port"], process
        finally:
            process.stdin.close()
