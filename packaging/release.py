#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Makes a release of what is committed, in one folder: $B/release.

    packaging/release.py [--build DIR] [--check]

The source as a tar archive, the Debian packages, the static programs, the image and the manifest that runs it,
what they are made of (SPDX), and checksums of them all. The same commit gives the same bytes.
--check: the checksums, the packages (packaging/debian.py), the image as other tools read and run it, the
manifest against Kubernetes' schema. `packaging/guests.py` runs the static programs on other kernels.
"""

import argparse
import gzip
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "packaging"))

import debian  # noqa: E402 (found through the line above)
import image  # noqa: E402
import sbom  # noqa: E402
import static  # noqa: E402

VERSION = debian.VERSION
# npm's: Kubernetes' schemas as validators, and a reader of YAML.
NODE_PACKAGES = ["kubernetes-models@4.5.1", "js-yaml@5.5.0"]
# Grafana's own types of a dashboard, and what compares with types.
GRAFANA_PACKAGES = ["@grafana/schema@13.2.3", "typescript@5.6.3"]
BOARD = """import type { Dashboard } from "@grafana/schema/dist/types/raw/dashboard/x/types.gen";
export const board: Dashboard = %s;
"""
# As packaging/daemonset.yaml gives them.
CAPABILITIES = ["CAP_BPF", "CAP_PERFMON", "CAP_SETGID", "CAP_SETUID"]


def make_source(folder):
    packed = subprocess.run(["git", "-C", ROOT, "archive", f"--prefix=tcpsight-{VERSION}/", "HEAD"], check=True,
                            stdout=subprocess.PIPE).stdout
    (folder / f"tcpsight-{VERSION}.tar.gz").write_bytes(gzip.compress(packed, 9, mtime=0))


def make_sums(folder):
    names = sorted(path.name for path in folder.iterdir() if path.name != "SHA256SUMS")
    sums = subprocess.run(["sha256sum", *names], cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout
    (folder / "SHA256SUMS").write_text(sums)


def make(build, folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    make_source(folder)
    debs = debian.packages(build / "packages")
    for deb in debs:
        shutil.copy(deb, folder)
    programs = {}
    for architecture in static.MACHINES:
        programs[architecture] = folder / f"tcpsight-{VERSION}-static-{architecture}"
        shutil.copy(static.build(build, architecture), programs[architecture])
    image.build(folder / f"tcpsight-{VERSION}-image.tar", programs)
    shutil.copy(ROOT / "packaging/daemonset.yaml", folder)
    own = sbom.read_versions(build / "static/amd64/libraries.txt")
    listed = sbom.document(sorted(folder.iterdir()), sbom.released(), own)
    (folder / f"tcpsight-{VERSION}.spdx.json").write_text(json.dumps(listed, indent=1) + "\n")
    make_sums(folder)
    return debs


def said(*words, **more):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def check_sums(folder, _):
    return f"{len(said('sha256sum', '-c', 'SHA256SUMS', cwd=folder).splitlines())} files"


def check_manifest(_, build):
    """Against the schemas of the API server; the version of the image must be this one."""
    node = build / "node"
    node.mkdir(exist_ok=True)
    said("npm", "install", "--silent", "--no-fund", "--no-audit", "--no-save", *NODE_PACKAGES, cwd=node)
    manifest = ROOT / "packaging/daemonset.yaml"
    answer = said("node", ROOT / "packaging/check-manifest.cjs", manifest,
                  env={**os.environ, "NODE_PATH": str(node / "node_modules")})
    return f"{len(answer.splitlines())} documents valid"


def check_dashboard(_, build):
    """Against Grafana's types; a field of another type must be noticed."""
    node = build / "node-grafana"
    node.mkdir(exist_ok=True)
    said("npm", "install", "--silent", "--no-fund", "--no-audit", "--no-save", *GRAFANA_PACKAGES, cwd=node)
    words = [node / "node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "node",
             "--module", "commonjs", "--target", "es2020", "board.ts"]
    text = (ROOT / "doc/alerts/tcpsight.grafana.json").read_text()
    (node / "board.ts").write_text(BOARD % text.replace('"editable": true', '"editable": "yes"', 1))
    if subprocess.run(words, cwd=node, stdout=subprocess.DEVNULL, check=False).returncode == 0:
        raise SystemExit("a dashboard that is none would pass")
    (node / "board.ts").write_text(BOARD % text)
    said(*words, cwd=node)
    return f"{text.count('gridPos')} panels valid"


def settings_of_manifest(port):
    """What the manifest's ConfigMap says, at another port."""
    (found,) = [one for one in yaml.safe_load_all((ROOT / "packaging/daemonset.yaml").read_text())
                if one["kind"] == "ConfigMap"]
    return found["data"]["agent.conf"].replace(":9900", f":{port}")


def free_port():
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return probe.getsockname()[1]


def prepare_bundle(bundle, settings):
    """As the manifest has it: its capabilities, no writable root, its file of settings."""
    config = json.loads((bundle / "config.json").read_text())
    config["process"].update(terminal=False, noNewPrivileges=True, user={"uid": 0, "gid": 0},
                             args=["/tcpsight", "agent", "--config", "/etc/tcpsight/agent.conf"])
    config["process"]["capabilities"] = {name: CAPABILITIES for name in ("bounding", "effective", "permitted")}
    config["root"]["readonly"] = True
    config["mounts"] = [one for one in config["mounts"] if one["destination"] != "/sys/fs/cgroup"]
    config["mounts"] += [
        {"destination": "/etc/tcpsight/agent.conf", "type": "bind", "source": str(settings), "options": ["bind", "ro"]},
        {"destination": "/run/tcpsight", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=755"]}]
    # It is asked from here.
    config["linux"]["namespaces"] = [one for one in config["linux"]["namespaces"] if one["type"] != "network"]
    (bundle / "config.json").write_text(json.dumps(config))


def run_in_container(bundle):
    """The agent's container by a runtime of others: it must answer its probes, and end when it is told to."""
    port, settings = free_port(), bundle / "agent.conf"
    settings.write_text(settings_of_manifest(port))
    prepare_bundle(bundle, settings)
    log, name = bundle / "log", f"tcpsight-check-{os.getpid()}"
    with log.open("w") as out, subprocess.Popen(
            ["runc", "run", "--bundle", bundle, name], stdout=out, stderr=out) as container:
        try:
            for probe in "/readyz", "/healthz", "/metrics":
                answer = said("curl", "-sS", "--fail", "--retry", "60", "--retry-all-errors", f"http://[::1]:{port}{probe}")
            pid = json.loads(said("runc", "state", name))["pid"]
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
        finally:
            container.terminate()
            container.wait()
    if "tcpsight_build_info" not in answer or "warning" in log.read_text():
        raise SystemExit(f"image: {answer[:500]}\n{log.read_text()}")
    if "Uid:\t65534" not in status or "CapEff:\t0000000000000000" not in status.replace("0000008000000000", "0" * 16):
        raise SystemExit(f"image: it kept what it does not need\n{status}")


def check_image(folder, build):
    """Read by skopeo, unpacked by umoci, run by runc."""
    archive = folder / f"tcpsight-{VERSION}-image.tar"
    layout, bundle = build / "image-layout", build / "image-bundle"
    for path in layout, bundle:
        shutil.rmtree(path, ignore_errors=True)
    raw = json.loads(said("skopeo", "inspect", "--raw", f"oci-archive:{archive}:{VERSION}"))
    platforms = sorted(one["platform"]["architecture"] for one in raw["manifests"])
    if platforms != sorted(static.MACHINES):
        raise SystemExit(f"image: {platforms}")
    said("skopeo", "copy", "--quiet", f"oci-archive:{archive}:{VERSION}", f"oci:{layout}:{VERSION}")
    said("umoci", "unpack", "--image", f"{layout}:{VERSION}", bundle)
    if (bundle / "rootfs/tcpsight").read_bytes() != (folder / f"tcpsight-{VERSION}-static-amd64").read_bytes():
        raise SystemExit("image: another program")
    run_in_container(bundle)
    return f"{' '.join(platforms)}; unpacked; the agent of the manifest answers, with {' '.join(CAPABILITIES)}"


CHECKS = {"checksums": check_sums, "manifest": check_manifest, "dashboard": check_dashboard, "image": check_image}


def main():
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    words.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    words.add_argument("--check", action="store_true")
    args = words.parse_args()
    build = args.build.absolute()
    folder = build / "release"
    debs = make(build, folder)
    print(said("ls", "-l", "--time-style=+", folder), end="")
    if args.check:
        for name, check in CHECKS.items():
            print(f"{name}: {check(folder, build)}", flush=True)
        for name, check in debian.CHECKS.items():
            print(f"{name}: {check(build / 'packages', debs)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
