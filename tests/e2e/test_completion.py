# SPDX-License-Identifier: BSD-2-Clause
"""Completion, in the shells themselves: each is started, given the script that the program prints for
it, and asked what it would propose."""

import os
import pty
import re
import subprocess
import time

import pytest

from ready import readable
from sight import PROGRAM

PATIENCE_SEC = 60


def said(*words):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, check=True).stdout


def commands():
    text = said("help").split("commands:\n")[1].split("\n\n")[0]
    return [line.split()[0] for line in text.splitlines()]


def options_of(command):
    """As --help tells them: {"-o", "--columns", ...}."""
    if command == "help":
        return {"--completion"}
    text = said(command, "--help").split("options:\n")[1]
    found = re.findall(r"^  (?:(-\w),|   ) (--[a-z0-9-]+)", text, re.M)
    return {word for pair in found for word in pair if word}


class Bash:
    """Asks bash's own function, with the words broken as readline breaks them."""

    def __init__(self, script):
        self.script = script

    @staticmethod
    def words(line):
        """Split at blanks, and at = and : which are words of their own."""
        found = re.findall(r"[=:]+|[^\s=:]+", line)
        return found + ([""] if line[-1] in " =:" else [])

    def propose(self, lines):
        program = f"source {self.script}\n"
        for line in lines:
            words = self.words(line)
            quoted = " ".join("'" + word + "'" for word in words)
            called = words[0]
            program += (f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMPREPLY=()\n"
                        f"command=$(complete -p {called}); [[ $command == *'-F _tcpsight '* ]] || exit 3\n"
                        "_tcpsight; printf '%s\\n' \"${COMPREPLY[@]}\" @@\n")
        done = subprocess.run(["bash", "--norc", "-c", program], capture_output=True, text=True, check=True)
        # compopt complains outside of a completion; nothing else may.
        assert not done.stderr, done.stderr
        return [set(part.split("\n")) - {""} for part in done.stdout.split("@@\n")[:-1]]


class Fish:
    def __init__(self, script):
        self.script = script

    def propose(self, lines):
        program = f"source {self.script}\n"
        for line in lines:
            program += f"complete -C '{line}'; echo @@\n"
        done = subprocess.run(["fish", "--no-config", "-c", program], capture_output=True, text=True,
                              check=True)
        assert not done.stderr, done.stderr
        return [{one.split("\t")[0] for one in part.split("\n")} - {""}
                for part in done.stdout.split("@@\n")[:-1]]


class Terminal:
    """A shell on a terminal that is wide and high enough for any list."""

    def __init__(self, argv, environment):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.execvpe(argv[0], argv, {**os.environ, **environment})
        self.text = ""
        self.marks = 0

    def wait_for(self, what):
        end = time.monotonic() + PATIENCE_SEC
        while what not in self.text:
            assert time.monotonic() < end, f"no {what!r} in {self.text[-2000:]!r}"
            if readable(self.fd, seconds=1):
                self.text += os.read(self.fd, 65536).decode(errors="replace")
        before, _, self.text = self.text.partition(what)
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


ZSHRC = """
unsetopt prompt_sp prompt_cr
PS1= PROMPT_EOL_MARK=
setopt no_list_beep no_beep
LISTMAX=100000
stty rows 3000 cols 200
autoload -U compinit
compinit -u -D
zstyle ':completion:*' verbose no
source {script}
zle-line-init() {{ print READY }}
zle -N zle-line-init
"""


class Zsh:
    """Types the line and Tab, as a user does."""

    def __init__(self, script):
        self.script = script
        (script.parent / ".zshrc").write_text(ZSHRC.format(script=script))

    def propose(self, lines):
        shell = Terminal(["zsh", "-d", "-i"], {"TERM": "vt100", "ZDOTDIR": str(self.script.parent)})
        try:
            return [self.ask(shell, line, n) for n, line in enumerate(lines)]
        finally:
            shell.end()

    @staticmethod
    def ask(shell, line, n):
        # What is ambiguous is listed; what is not then stands in the line, which is not run.
        shell.wait_for("READY")
        shell.type(f"{line}\t\x01: \x05; echo DO''NE{n}\n")
        text = shell.wait_for(f"DONE{n}\r\n")
        shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00\x07\r\x08]", " ", text)
        # What was typed is echoed, and is no answer.
        return set(shown.split()) - set(line.split())


SHELLS = {"bash": Bash, "zsh": Zsh, "fish": Fish}


@pytest.fixture(name="shell", params=SHELLS, scope="module")
def _shell(request, tmp_path_factory):
    script = tmp_path_factory.mktemp("completion") / f"_tcpsight.{request.param}"
    script.write_text(said("help", "--completion", request.param))
    subprocess.run([request.param, "-n", str(script)], check=True)
    return SHELLS[request.param](script)


def test_every_option_of_every_command_is_proposed(shell):
    names = commands()
    assert {"top", "life", "doctor", "help"} <= set(names)
    for name, got in zip(names, shell.propose([f"tcpsight {name} --" for name in names])):
        wanted = {option for option in options_of(name) if option.startswith("--")}
        # zsh and fish may write --sort=.
        got = {word.rstrip("=").split("=")[0] for word in got}
        assert wanted <= got, f"{name}: not proposed: {sorted(wanted - got)}"
        assert not {word for word in got if word.startswith("--")} - wanted


def test_commands_are_proposed(shell):
    (got,) = shell.propose(["tcpsight "])
    assert set(commands()) <= got


@pytest.mark.parametrize("line,wanted,unwanted", [
    ("tcpsight do", "doctor", "top"),
    ("tcpsight top --sort tx_by", "tx_bytes", "rx_bytes"),
    ("tcpsight top -s tx_by", "tx_bytes", "rx_bytes"),
    ("tcpsight life -o comm,tx_byt", "comm,tx_bytes", "rx_bytes"),
    ("tcpsight life --columns=comm,tx_byt", "comm,tx_bytes", "rx_bytes"),
    ("tcpsight stat --state close-wait,syn-s", "close-wait,syn-sent", "close-wait,close-wait"),
    ("tcpsight top --by cont", "container", "port"),
    ("tcpsight record --with extra,hands", "extra,handshakes", "extra,extra"),
    ("tcpsight life --source netl", "netlink", "bpf"),
    ("tcpsight life -i l", "lo", "any"),
    ("tcpsight peek -l deb", "debug", "info"),
    ("tcpsight top portr", "portrange", "host"),
    ("tcptop --nosumm", "--nosummary", "--json"),
    ("tcpeekstat --gme", "--gmetric", "--icmp"),
    ("tcpsight help --completion zs", "zsh", "bash"),
    ("tcpsight help lif", "life", "top"),
])
def test_values_are_proposed(shell, line, wanted, unwanted):
    (got,) = shell.propose([line])
    got = {word.split("=", 1)[1] if word.startswith("--col") else word for word in got}
    assert wanted in got and unwanted not in got, got


def test_rungs_are_proposed_behind_their_need(shell):
    """With an equals sign in the word, which bash breaks words at."""
    (got,) = shell.propose(["tcpsight life --rung edges=tracep"])
    assert got & {"edges=tracepoint", "tracepoint"}, got


def test_files_are_proposed(shell, tmp_path):
    (tmp_path / "unmistakable.pcap").touch()
    (got,) = shell.propose([f"tcpsight life --read {tmp_path}/unmis"])
    assert any("unmistakable.pcap" in word for word in got), got


def test_what_does_not_complete_is_no_error(shell):
    shell.propose(["tcpsight nosuch --x", "tcpsight top --duration 5", "tcpsight peek :RX@%:8"])


def test_no_shell_of_that_name():
    done = subprocess.run([PROGRAM, "help", "--completion", "ksh"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and not done.stdout
    assert "expected a shell" in done.stderr
