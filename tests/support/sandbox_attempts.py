"""What untrusted code tries: one table for the tests and for docs/build/sandbox-threats.md.

Each attempt prints ESCAPED when it got what it wanted. An `OSError` and the like mean that it was refused; any other
exception is a fault of the attempt itself and fails its test. Marks such as `<TCP>` stand for what the harness offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

#: What every Python attempt begins with, and what its calls are named by: x86-64, 64-bit ARM.
CALLS = {
    "execveat": (322, 281),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "pidfd_open": (434, 434),
    "pidfd_send_signal": (424, 424),
    "memfd_create": (319, 279),
    "shmget": (29, 194),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
    "inotify_init1": (294, 26),
    "truncate": (76, 45),
    "linkat": (265, 37),
    "mknodat": (259, 33),
    "sync": (162, 81),
    "set_mempolicy": (238, 237),
    "setxattr": (188, 5),
    "splice": (275, 76),
    "sethostname": (170, 161),
    "ptrace": (101, 117),
    "mount": (165, 40),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "init_module": (175, 105),
    "kexec_load": (246, 104),
    "personality": (135, 92),
    "io_uring_setup": (425, 425),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "chroot": (161, 51),
    "pivot_root": (155, 41),
    "clone": (56, 220),
    "clone3": (435, 435),
    "openat2": (437, 437),
    "fsopen": (430, 430),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fanotify_init": (300, 262),
    "clock_settime": (227, 112),
    "settimeofday": (164, 170),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "memfd_secret": (447, 447),
    "kcmp": (312, 272),
    "syslog": (103, 116),
    "seccomp": (317, 277),
    "setresuid": (117, 147),
    "capset": (126, 91),
    "pidfd_getfd": (438, 438),
    "vmsplice": (278, 75),
    "sched_setscheduler": (144, 119),
    "execve": (59, 221),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "statmount": (457, 457),
    "mlock": (149, 228),
    "utimensat": (280, 88),
    "quotactl": (179, 60),
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One thing tried."""

    name: str
    #: The layers that hold it, the one that is asked first at the front.
    held_by: tuple[str, ...]
    code: str
    language: str = "python3"
    network: bool = False
    #: The least level at which it is held: `isolated` where only namespaces hide it.
    since: str = "confined"
    #: Only where each run is a user of its own.
    needs_own_user: bool = False
    #: Was among the attempts the first design was tried with.
    established: bool = True
    #: Tried only where the processor has it.
    machine: str = ""
    #: How often it is run; what one run leaves behind the next would find.
    times: int = 1


CALL, FILES, VIEW, NET = "system calls", "landlock", "root view", "network namespace"
USER, LIMITS, WORK, CLEAN = "own user", "rlimits", "work directory", "clean start"
_ESCAPED = "print('ESCAPED')"


def _reads(path: str) -> str:
    return f"open({path!r}, 'rb').read(1); {_ESCAPED}"


def _calls(name: str, *arguments: str) -> str:
    return f"call({name!r}{''.join(', ' + one for one in arguments)}); {_ESCAPED}"


_ESTABLISHED = (
    Attempt("read /etc/shadow", (FILES, VIEW, USER), _reads("/etc/shadow")),
    Attempt("read /etc/passwd", (FILES, VIEW), _reads("/etc/passwd")),
    Attempt("secrets in the environment", (CLEAN,), "if '<SECRET>' in repr(dict(os.environ)): " + _ESCAPED),
    Attempt("read /proc/self/environ", (FILES, VIEW), _reads("/proc/self/environ")),
    Attempt("read the environment of init", (FILES, VIEW, USER), _reads("/proc/1/environ")),
    Attempt("read the environment of the server", (FILES, VIEW, USER), _reads("/proc/<SERVER>/environ")),
    Attempt("read the memory of the server", (FILES, VIEW, USER), _reads("/proc/<SERVER>/mem")),
    Attempt(
        "strings left in memory",
        (CLEAN,),
        "import gc\nwhole = '-'.join(['<SECRET1>', '<SECRET2>'])\n"
        "seen = [o for o in gc.get_objects() if isinstance(o, (dict, list, tuple))]\n"
        "texts = [v for o in seen for v in (o.values() if isinstance(o, dict) else o)]\n"
        "if any(isinstance(t, (str, bytes)) and t is not whole and t in (whole, whole.encode()) for t in texts): "
        + _ESCAPED,
    ),
    Attempt("write to /etc", (FILES, VIEW, USER), "open('/etc/homeport-escape', 'w'); " + _ESCAPED),
    Attempt("write beside the work directory", (FILES, VIEW), "open('/var/tmp/homeport-escape', 'w'); " + _ESCAPED),
    Attempt("write into shared memory", (FILES, VIEW), "open('/dev/shm/homeport-escape', 'w'); " + _ESCAPED),
    Attempt("list /", (FILES,), "os.listdir('/'); " + _ESCAPED),
    Attempt("read a folder of the server", (FILES, VIEW), _reads("<FILE>")),
    Attempt(
        "a symbolic link to what is not seen",
        (FILES, VIEW),
        "os.symlink('<FILE>', 'link'); open('link').read(); " + _ESCAPED,
    ),
    Attempt("a hard link to what is not seen", (CALL, FILES), "os.link('/etc/passwd', 'hard'); " + _ESCAPED),
    Attempt("fork", (CALL,), "pid = os.fork()\nif pid == 0: os._exit(0)\nos.waitpid(pid, 0); " + _ESCAPED),
    Attempt(
        "thread bomb",
        (LIMITS,),
        "import threading\nwait = threading.Event()\n"
        "try:\n    for n in range(200): threading.Thread(target=wait.wait, daemon=True).start()\n"
        "    " + _ESCAPED + "\nfinally:\n    sys.stdout.flush(); os._exit(3)",
    ),
    Attempt("memory bomb", (LIMITS,), "import mmap; x = mmap.mmap(-1, 700 << 20); " + _ESCAPED),
    Attempt(
        "endless loop", ("wall limit", LIMITS), "end = time.time() + 5\nwhile time.time() < end: pass\n" + _ESCAPED
    ),
    Attempt("sleep past the limit", ("wall limit",), "time.sleep(5); " + _ESCAPED),
    Attempt(
        "ignore every signal",
        ("wall limit",),
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n"
        "time.sleep(5); " + _ESCAPED,
    ),
    Attempt("endless output", ("output limit",), "for n in range(3000): print('x' * 1000)\n" + _ESCAPED),
    Attempt(
        "one big file",
        (LIMITS, WORK),
        "f = open('big', 'wb')\nfor n in range(40): f.write(bytes(1 << 20)); f.flush()\n" + _ESCAPED,
    ),
    Attempt(
        "many files that fill the disk",
        (WORK,),
        "for n in range(6):\n    with open(f'f{n}', 'wb') as f: f.write(bytes(6 << 20))\n" + _ESCAPED,
    ),
    Attempt(
        "loopback with the network off",
        (CALL, FILES, NET),
        "socket.create_connection(('127.0.0.1', <TCP>), 2); " + _ESCAPED,
    ),
    Attempt(
        "metadata address with the network off",
        (CALL, FILES, NET),
        "socket.create_connection(('169.254.169.254', 80), 1); " + _ESCAPED,
    ),
    Attempt(
        "loopback with the network on",
        (NET, FILES),
        "socket.create_connection(('127.0.0.1', <TCP>), 2); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "datagram to loopback with the network on",
        (NET, CALL),
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'escaped', ('127.0.0.1', <UDP>))\n"
        "time.sleep(0.2)  # the harness tells whether it came",
        network=True,
    ),
    Attempt(
        "abstract unix socket with the network on",
        (CALL, FILES),
        "socket.socket(socket.AF_UNIX).connect('\\0<ABSTRACT>'); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "unix socket of a path with the network on",
        (CALL, FILES, VIEW),
        "socket.socket(socket.AF_UNIX).connect('<UNIX>'); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "inherited descriptors",
        ("closed descriptors",),
        "for fd in range(3, 1024):\n    try: os.fstat(fd)\n    except OSError: continue\n    " + _ESCAPED,
    ),
    Attempt("ptrace", (CALL,), _calls("ptrace", "0", "0", "0", "0")),
    Attempt(
        "read the memory of another process",
        (CALL, USER),
        "b = ctypes.create_string_buffer(8); v = (ctypes.c_uint64 * 2)(ctypes.addressof(b), 8)\n"
        "w = (ctypes.c_uint64 * 2)(0x400000, 8)\n" + _calls("process_vm_readv", "<SERVER>", "v", "1", "w", "1", "0"),
    ),
    Attempt("mount", (CALL, FILES, "capabilities"), _calls("mount", "b'x'", "b'/tmp'", "b'tmpfs'", "0", "0")),
    Attempt("unshare", (CALL,), _calls("unshare", "0x10000000")),
    Attempt("signal the server", (CALL, FILES, USER), "os.kill(<SERVER>, 0); " + _ESCAPED),
    Attempt("signal a thread of the server", (CALL, FILES, USER), _calls("tgkill", "<SERVER>", "<SERVER>", "0")),
    Attempt("run a program", (CALL, FILES, VIEW), "os.execv('/bin/sh', ['sh', '-c', 'echo ESCAPED'])"),
    Attempt("subprocess", (CALL, FILES), "import subprocess; subprocess.run(['/bin/true'], check=True); " + _ESCAPED),
    Attempt("become root", (CALL, "capabilities"), "os.setuid(0); " + _ESCAPED),
    Attempt("io_uring", (CALL,), _calls("io_uring_setup", "1", "ctypes.create_string_buffer(256)")),
    Attempt("x32 system calls", (CALL,), "libc.syscall(0x40000000 + 39); " + _ESCAPED, machine="x86_64"),
    Attempt(
        "32-bit system calls",
        (CALL,),
        "import mmap\nm = mmap.mmap(-1, 4096, prot=7)\n"
        "m.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')  # getpid by int 0x80\n"
        "run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "if run() == os.getpid(): " + _ESCAPED,
        machine="x86_64",
    ),
    Attempt(
        "a program in memory",
        (CALL,),
        "fd = call('memfd_create', b'x', 0)\n" + _calls("execveat", "fd", "b''", "0", "0", "0x1000"),
    ),
    Attempt(
        "raise a limit",
        (LIMITS, CALL),
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1)); " + _ESCAPED,
    ),
    Attempt("core pattern", (FILES, VIEW, USER), "open('/proc/sys/kernel/core_pattern', 'w'); " + _ESCAPED),
    Attempt("type into a terminal", (CALL,), "import fcntl; fcntl.ioctl(0, 0x5412, b'x'); " + _ESCAPED),
    Attempt("kernel keys", (CALL,), _calls("keyctl", "0", "0xfffffffd", "1")),
    Attempt("change the mode of a file", (CALL, VIEW), "os.chmod('<OWN>', 0o777); " + _ESCAPED),
    Attempt(
        "raw socket",
        (CALL, "capabilities"),
        "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "packet socket",
        (CALL, "capabilities"),
        "socket.socket(socket.AF_PACKET, socket.SOCK_RAW); " + _ESCAPED,
        network=True,
    ),
)

_MORE = (
    Attempt("see whether a file exists", (VIEW,), "os.stat('<FILE>'); " + _ESCAPED, since="isolated"),
    Attempt("the host's name", (VIEW,), "if os.uname().nodename == '<HOST>': " + _ESCAPED, since="isolated"),
    Attempt("read a file of another user among the libraries", (USER,), _reads("<PRIVATE>"), needs_own_user=True),
    Attempt(
        "privileged socket option",
        ("capabilities",),
        "s = socket.socket(socket.AF_INET, socket.SOCK_STREAM); s.setsockopt(0, 19, 1); " + _ESCAPED,
        network=True,
    ),
    Attempt("be dumpable", ("memory hidden",), "if libc.prctl(3, 0, 0, 0, 0) != 0: " + _ESCAPED),
    Attempt(
        "become dumpable again", (CALL,), "libc.prctl(4, 1, 0, 0, 0)\nif libc.prctl(3, 0, 0, 0, 0) != 0: " + _ESCAPED
    ),
    Attempt("without no_new_privs", ("no new privileges",), "if libc.prctl(39, 0, 0, 0, 0) != 1: " + _ESCAPED),
    Attempt("a filter of one's own", (CALL,), _calls("seccomp", "1", "0", "0")),
    Attempt("clone with new namespaces", (CALL,), _calls("clone", "0x10000000 | 0x10000", "0", "0", "0", "0")),
    Attempt("clone a process", (CALL,), "pid = call('clone', 17, 0, 0, 0, 0)\nif pid == 0: os._exit(0)\n" + _ESCAPED),
    Attempt(
        "clone3",
        (CALL,),
        "a = (ctypes.c_uint64 * 8)(0, 0, 0, 0, 17)\npid = call('clone3', a, 64)\nif pid == 0: os._exit(0)\n" + _ESCAPED,
    ),
    Attempt("enter another namespace", (CALL,), _calls("setns", "0", "0")),
    Attempt("change the root", (CALL, "capabilities"), _calls("chroot", "b'/tmp'")),
    Attempt("swap the root", (CALL, "capabilities"), _calls("pivot_root", "b'.'", "b'.'")),
    Attempt("the new mount interface", (CALL,), _calls("fsopen", "b'tmpfs'", "0")),
    Attempt("open a tree of mounts", (CALL,), _calls("open_tree", "-100", "b'/'", "1")),
    Attempt("a program for the kernel", (CALL,), _calls("bpf", "0", "ctypes.create_string_buffer(128)", "128")),
    Attempt(
        "performance counters",
        (CALL,),
        _calls("perf_event_open", "ctypes.create_string_buffer(128)", "0", "-1", "-1", "0"),
    ),
    Attempt("handle page faults", (CALL,), _calls("userfaultfd", "0")),
    Attempt("add a key", (CALL,), _calls("add_key", "b'user'", "b'x'", "b'y'", "1", "0xfffffffd")),
    Attempt("load a kernel module", (CALL, "capabilities"), _calls("init_module", "0", "0", "b''")),
    Attempt(
        "open a file by handle",
        (CALL, "capabilities"),
        _calls("open_by_handle_at", "-100", "ctypes.create_string_buffer(128)", "0"),
    ),
    Attempt("the kernel's log", (CALL,), _calls("syslog", "10", "0", "0")),
    Attempt("another personality", (CALL,), _calls("personality", "0x0040000")),
    Attempt("set the clock", (CALL, "capabilities"), _calls("clock_settime", "0", "(ctypes.c_uint64 * 2)(1, 1)")),
    Attempt(
        "take a descriptor of the server",
        (CALL, USER),
        "fd = call('pidfd_open', <SERVER>, 0)\n" + _calls("pidfd_getfd", "fd", "0", "0"),
    ),
    Attempt(
        "signal by process descriptor",
        (CALL, USER),
        "fd = call('pidfd_open', <SERVER>, 0)\n" + _calls("pidfd_send_signal", "fd", "0", "0", "0"),
    ),
    Attempt(
        "queue a signal to the server",
        (CALL, USER),
        "i = ctypes.create_string_buffer(128); i[8:12] = (-1).to_bytes(4, 'little', signed=True)\n"
        + _calls("rt_sigqueueinfo", "<SERVER>", "0", "i"),
    ),
    Attempt("signal everybody", (CALL, USER), "os.kill(-1, 0); " + _ESCAPED),
    Attempt(
        "signal by descriptor owner",
        (CALL,),
        "import fcntl\na, b = socket.socketpair()\nfcntl.fcntl(a, 8, <SERVER>); " + _ESCAPED,
    ),
    Attempt(
        "limits of the server",
        (CALL, USER),
        "import resource; resource.prlimit(<SERVER>, resource.RLIMIT_NOFILE); " + _ESCAPED,
    ),
    Attempt(
        "set one's own limits by prlimit",
        (CALL, LIMITS),
        "import resource; resource.prlimit(0, resource.RLIMIT_CORE, (1, 1)); " + _ESCAPED,
    ),
    Attempt("System V shared memory", (CALL,), _calls("shmget", "0", "4096", "0o1666")),
    Attempt("System V message queue", (CALL,), _calls("msgget", "0", "0o1666")),
    Attempt("System V semaphores", (CALL,), _calls("semget", "0", "1", "0o1666")),
    Attempt("POSIX message queue", (CALL,), _calls("mq_open", "b'x'", "0o102", "0o600", "0")),
    Attempt("watch the files of others", (CALL,), _calls("inotify_init1", "0")),
    Attempt("make a device", (CALL, FILES), _calls("mknodat", "-100", "b'dev'", "0o20666", "0x103")),
    Attempt("make a named pipe", (CALL,), "os.mkfifo('pipe'); " + _ESCAPED),
    Attempt("empty a file by its name", (CALL, FILES, VIEW), _calls("truncate", "b'<OWN>'", "0")),
    Attempt(
        "empty a file that may be read only",
        (CALL, FILES, VIEW),
        "os.open('<OWN>', os.O_RDONLY | os.O_TRUNC); " + _ESCAPED,
    ),
    Attempt("change the times of a file", (CALL, VIEW), "os.utime('<OWN>', (1, 1)); " + _ESCAPED),
    Attempt("an extended attribute", (CALL, VIEW), "os.setxattr('<OWN>', 'user.x', b'1'); " + _ESCAPED),
    Attempt("remove a file one may read", (FILES, VIEW), "os.unlink('<OWN>'); " + _ESCAPED),
    Attempt("rename a file one may read", (FILES, VIEW), "os.rename('<OWN>', '<OWN>.moved'); " + _ESCAPED),
    Attempt("write to all disks at once", (CALL,), _calls("sync")),
    Attempt(
        "first in line for the processor",
        (CALL, "capabilities"),
        _calls("sched_setscheduler", "0", "1", "(ctypes.c_int * 1)(50)"),
    ),
    Attempt(
        "datagram pair as a way to other sockets",
        (CALL,),
        "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', '<UNIXD>'); " + _ESCAPED,
    ),
    Attempt("netlink", (CALL,), "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0); " + _ESCAPED, network=True),
    Attempt(
        "a socket to the host (vsock)", (CALL,), "socket.socket(40, socket.SOCK_STREAM); " + _ESCAPED, network=True
    ),
    Attempt("kernel crypto socket", (CALL,), "socket.socket(38, socket.SOCK_SEQPACKET); " + _ESCAPED, network=True),
    Attempt(
        "loopback by IPv6 with the network on",
        (NET, FILES),
        "socket.create_connection(('::1', <TCP6>), 2); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "metadata address with the network on",
        (NET, FILES),
        "socket.create_connection(('169.254.169.254', 80), 1); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "listen to others",
        (FILES, NET),
        "s = socket.socket(); s.bind(('0.0.0.0', 0)); s.listen(); " + _ESCAPED,
        network=True,
    ),
    Attempt("parent folder of the work directory", (FILES,), "os.listdir('..'); " + _ESCAPED),
    Attempt("up and out with dots", (FILES, VIEW), "open('../../../../../../etc/passwd').read(1); " + _ESCAPED),
    Attempt("the root of the server's process", (FILES, VIEW), "os.listdir('/proc/<SERVER>/root'); " + _ESCAPED),
    Attempt(
        "a descriptor of the server by path", (FILES, VIEW), "os.open('/proc/<SERVER>/fd/2', os.O_WRONLY); " + _ESCAPED
    ),
    Attempt("one's own memory by path", (FILES, VIEW), "open('/proc/self/mem', 'r+b'); " + _ESCAPED),
    Attempt("control groups", (FILES, VIEW), "os.listdir('/sys/fs/cgroup'); " + _ESCAPED),
    Attempt(
        "the container engine's socket",
        (CALL, VIEW),
        "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock'); " + _ESCAPED,
        network=True,
    ),
    Attempt(
        "disk devices",
        (FILES, VIEW, USER),
        "for n in ('vda', 'sda', 'nvme0n1', 'mem', 'kmsg'):\n    try: open(f'/dev/{n}', 'rb')\n"
        "    except OSError: continue\n"
        "    " + _ESCAPED,
    ),
    Attempt("many small files", (WORK,), "for n in range(3000): open(f's{n}', 'w').close()\n" + _ESCAPED),
    Attempt("many open files", (LIMITS,), "k = [os.dup(1) for n in range(100)]; " + _ESCAPED),
    Attempt("memory by a file in memory", (CALL,), "os.memfd_create('x'); " + _ESCAPED),
    Attempt(
        "memory by big pipes", (CALL,), "import fcntl; r, w = os.pipe(); fcntl.fcntl(w, 1031, 1 << 20); " + _ESCAPED
    ),
    Attempt("memory that cannot be swapped", (CALL, LIMITS), _calls("mlock", "id(object())", "4096")),
    Attempt(
        "import the server",
        (CLEAN, FILES),
        "try: import homeport_sandbox.api\nexcept ImportError: pass\nelse: " + _ESCAPED,
    ),
    Attempt(
        "a private module without a name",
        (CLEAN,),
        "if any('homeport_sandbox' in p or 'sandbox' == os.path.basename(p) for p in sys.path): " + _ESCAPED,
    ),
    Attempt(
        "what earlier code left in memory",
        (CLEAN,),
        "import builtins\nif hasattr(builtins, 'left_by_another'): " + _ESCAPED + "\nbuiltins.left_by_another = 1",
        times=2,
    ),
    Attempt(
        "what earlier code left on disk",
        (WORK,),
        "if os.path.exists('left'): " + _ESCAPED + "\nopen('left', 'w').close()",
        times=2,
    ),
    Attempt(
        "crash by recursion in C",
        (LIMITS,),
        "sys.setrecursionlimit(10**9)\nx = []\nfor n in range(10**6): x = [x]\nrepr(x); " + _ESCAPED,
    ),
    Attempt(
        "a lie about being confined",
        (CLEAN,),
        "for fd in range(3, 64):\n    try: os.write(fd, b'confined')\n    except OSError: continue\n    " + _ESCAPED,
    ),
)

_NODE = (
    Attempt(
        "node: run a program",
        (CALL, FILES),
        "require('child_process').execSync('/bin/true'); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: read /etc/passwd",
        (FILES, VIEW),
        "require('fs').readFileSync('/etc/passwd'); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: write to /etc",
        (FILES, VIEW, USER),
        "require('fs').writeFileSync('/etc/homeport-escape', ''); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: the server's environment",
        (FILES, VIEW, USER),
        "require('fs').readFileSync('/proc/<SERVER>/environ'); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: secrets in the environment",
        (CLEAN,),
        "if (JSON.stringify(process.env).includes('<SECRET>')) console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: loopback",
        (CALL, FILES, NET),
        "require('net').connect(<TCP>, '127.0.0.1', () => console.log('ESCAPED')).on('error', () => {})",
        "nodejs",
    ),
    Attempt(
        "node: loopback with the network on",
        (NET, FILES),
        "require('net').connect(<TCP>, '127.0.0.1', () => console.log('ESCAPED')).on('error', () => {})",
        "nodejs",
        network=True,
    ),
    Attempt(
        "node: memory of the heap",
        (LIMITS,),
        "const x = []; for (let n = 0; n < 4000; n++) x.push(new Array(100000).fill(n)); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: memory of buffers",
        (LIMITS,),
        "const x = []; for (let n = 0; n < 30; n++) x.push(Buffer.alloc(50 << 20, 1)); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: endless loop",
        ("wall limit", LIMITS),
        "const end = Date.now() + 5000; while (Date.now() < end); console.log('ESCAPED')",
        "nodejs",
    ),
    Attempt(
        "node: signal the server", (CALL, FILES, USER), "process.kill(<SERVER>, 0); console.log('ESCAPED')", "nodejs"
    ),
    Attempt("node: become root", (CALL, "capabilities"), "process.setuid(0); console.log('ESCAPED')", "nodejs"),
    Attempt(
        "node: load a library of one's own",
        (FILES, VIEW),
        "process.dlopen({exports: {}}, '<FILE>'); console.log('ESCAPED')",
        "nodejs",
    ),
)

ATTEMPTS = (*_ESTABLISHED, *(replace(attempt, established=False) for attempt in (*_MORE, *_NODE)))


def table() -> str:
    """The attempts as the threats page lists them."""
    rows = []
    for number, attempt in enumerate(ATTEMPTS, 1):
        first, *others = attempt.held_by
        only = "isolated" if attempt.since == "isolated" else "own user" if attempt.needs_own_user else ""
        rows.append(f"| {number} | {attempt.name} | {first} | {', '.join(others)} | {only} |")
    return "\n".join(rows)


#: Each layer, the attempt it alone holds, and as whom to try: with only that layer off, the attempt must succeed.
SOLE = (
    ("system calls", "fork", "root"),
    ("system calls", "fork", "bare"),
    ("landlock", "read /etc/passwd", "bare"),
    ("root view", "see whether a file exists", "root"),
    ("root view", "see whether a file exists", "user"),
    ("network namespace", "datagram to loopback with the network on", "root"),
    ("work directory", "many files that fill the disk", "root"),
    ("work directory", "many files that fill the disk", "user"),
    ("own user", "read a file of another user among the libraries", "root"),
    ("capabilities", "privileged socket option", "user"),
    ("rlimits", "memory bomb", "bare"),
    ("rlimits", "many open files", "root"),
    ("memory hidden", "be dumpable", "bare"),
    ("closed descriptors", "inherited descriptors", "root"),
    ("wall limit", "sleep past the limit", "bare"),
    ("output limit", "endless output", "bare"),
)
