"""Probes of the walls: files, namespaces, devices, engines, shells, secrets, networks."""

from sandbox.cases import ACCEPTED, PROBE, Case, attack, probe

X86 = {
    "unshare": (272, 0x10000000), "setns": (308, 0, 0), "clone3": (435, 0, 0), "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 0), "pivot_root": (155, 0, 0), "chroot": (161, 0), "open_tree": (428, -1, 0, 1),
    "move_mount": (429, 0, 0, 0, 0, 0), "fsopen": (430, 0, 0), "mount_setattr": (442, -1, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0), "perf_event_open": (298, 0, 0, -1, -1, 0), "userfaultfd": (323, 0),
    "io_uring_setup": (425, 1, 0), "io_setup": (206, 1, 0), "keyctl": (250, 0, -3, 1), "add_key": (248, 0, 0, 0, 0, -3),
    "request_key": (249, 0, 0, 0, 0), "init_module": (175, 0, 0, 0), "finit_module": (313, 0, 0, 0),
    "delete_module": (176, 0, 0), "kexec_load": (246, 0, 0, 0, 0), "reboot": (169, 0xFEE1DEAD, 672274793, 0, 0),
    "swapon": (167, 0, 0), "acct": (163, 0), "iopl": (172, 3), "ioperm": (173, 0, 1, 1), "syslog": (103, 3, 0, 0),
    "settimeofday": (164, 0, 0), "clock_settime": (227, 0, 0), "adjtimex": (159, 0), "quotactl": (179, 0, 0, 0, 0),
    "ptrace": (101, 0, 0, 0, 0), "process_vm_readv": (310, 0, 0, 0, 0, 0, 0), "memfd_create": (319, 0, 0),
    "memfd_secret": (447, 0), "shmget": (29, 7, 4096, 0o1777), "shmat": (30, 0, 0, 0), "msgget": (68, 7, 0o1777),
    "semget": (64, 7, 1, 0o1777), "mq_open": (240, 0, 0, 0, 0), "socket": (41, 2, 1, 0), "socket unix": (41, 1, 1, 0),
    "socket netlink": (41, 16, 3, 0), "socket vsock": (41, 40, 1, 0), "socket alg": (41, 38, 5, 0),
    "socketpair inet": (53, 2, 1, 0, 0), "bind": (49, 0, 0, 0), "connect": (42, 0, 0, 0), "listen": (50, 0, 1),
    "accept4": (288, 0, 0, 0, 0), "open_by_handle_at": (304, 0, 0, 0), "name_to_handle_at": (303, 0, 0, 0, 0, 0),
    "fanotify_init": (300, 0, 0), "inotify_init1": (294, 0), "lookup_dcookie": (212, 0, 0, 0),
    "modify_ldt": (154, 0, 0, 0), "personality": (135, 0x0040000), "seccomp": (317, 0, 0, 0),
    "pkey_alloc": (330, 0, 0), "move_pages": (279, 0, 0, 0, 0, 0, 0), "mbind": (237, 0, 0, 0, 0, 0, 0),
    "migrate_pages": (256, 0, 0, 0, 0), "vmsplice": (278, 0, 0, 0, 0), "splice": (275, 0, 0, 0, 0, 0, 0), "tee": (276, 0, 0, 0, 0),
    "setpriority": (141, 0, 0, 5), "sched_setattr": (314, 0, 0, 0), "sched_setaffinity": (203, 0, 8, 0),
    "ioprio_set": (251, 1, 0, 0), "timer_create": (222, 0, 0, 0), "kcmp": (312, 0, 0, 0, 0, 0), "pidfd_getfd": (438, 0, 0, 0),
    "process_madvise": (440, 0, 0, 0, 0, 0), "landlock_create_ruleset": (444, 0, 0, 0), "vhangup": (153,),
    "sethostname": (170, 0, 0), "setdomainname": (171, 0, 0), "mknod": (133, 0, 0o20666, 259), "mlockall": (151, 3),
    "execveat": (322, -100, 0, 0, 0, 0), "creat": (85, 0, 0o666), "unlink": (87, 0), "rename": (82, 0, 0), "link": (86, 0, 0),
    "symlink": (88, 0, 0), "chmod": (90, 0, 0o777), "truncate": (76, 0, 0), "ftruncate": (77, 0, 0), "fallocate": (285, 0, 0, 0, 1),
}  # fmt: skip

CASES = [
    probe("system calls", {
        name: f"refused({arguments[0]}, {', '.join(map(str, arguments[1:]))})" for name, arguments in X86.items()
    }, """
import platform
def refused(number, *arguments):
    if platform.machine() != "x86_64": raise OSError(1, "another machine")
    ctypes.set_errno(0)
    if libc.syscall(number, *[ctypes.c_long(a) for a in arguments]) == -1 and ctypes.get_errno() in (1, 38):
        raise PermissionError
    return f"errno {ctypes.get_errno()}"
"""),
    probe("writing anywhere", {
        **{f"a file in {place}": f"open('{place}/x', 'w')" for place in (
            "", "/etc", "/usr", "/usr/bin", "/opt", "/tmp", "/run", "/dev", "/proc", "/proc/self", "/proc/sys/kernel", "/sys",
            "/sys/fs/cgroup", "/sys/fs/cgroup/memory", "/sys/kernel", "/home", "/root", "/var",
        )},
        **{path: f"os.write(os.open('{path}', os.O_WRONLY), b'0')" for path in (
            "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory",
            "/proc/sys/kernel/ns_last_pid", "/proc/sysrq-trigger", "/proc/self/uid_map", "/proc/self/setgroups",
            "/proc/self/oom_score_adj", "/proc/self/attr/current", "/proc/self/loginuid", "/proc/self/mem",
            "/proc/irq/default_smp_affinity", "/proc/bus/x", "/proc/fs/x", "/sys/kernel/mm/transparent_hugepage/enabled",
            "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/pids/pids.max",
            "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/release_agent", "/proc/1/oom_score_adj", "/proc/self/clear_refs",
        )},
    }),
    probe("namespaces", {
        **{name: f"call('unshare', {flag})" for name, flag in (
            ("user", 0x10000000), ("mount", 0x20000), ("net", 0x40000000), ("pid", 0x20000000), ("ipc", 0x8000000),
            ("uts", 0x4000000), ("cgroup", 0x2000000), ("time", 0x80), ("files", 0x400),
        )},
        **{f"{name} of PID 1": f"call('setns', os.open('/proc/1/ns/{name}', 0), 0)" for name in ("net", "mnt", "pid", "user")},
        **{f"{name} of its own": f"call('setns', os.open('/proc/self/ns/{name}', 0), 0)" for name in ("net", "mnt", "user")},
        "a cloned user namespace": "system(56, 0x10000000 | 17, 0, 0, 0, 0)",
        "a cloned mount namespace": "system(56, 0x20000 | 17, 0, 0, 0, 0)",
    }),
    probe("devices", {
        **{f"node {major}:{minor}": f"os.mknod('/tmp/node', 0o60666, os.makedev({major}, {minor}))" for major, minor in ((8, 0), (1, 1), (254, 0))},
        **{path: f"open('{path}', 'rb').read(1)" for path in (
            "/dev/sda", "/dev/vda", "/dev/mem", "/dev/kmem", "/dev/kmsg", "/dev/port", "/dev/kvm", "/dev/fuse", "/dev/loop0",
            "/dev/loop-control", "/dev/net/tun", "/dev/console", "/dev/tty", "/proc/kcore", "/proc/kmsg", "/sys/firmware/acpi",
        )},
    }),
    probe("the engine and its host", {
        **{path: f"os.stat('{path}')" for path in (
            "/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock",
            "/run/sca-docker", "/etc/shadow", "/etc/passwd", "/root", "/home", "/.dockerenv/x", "/host", "/mnt", "/work", "/var/lib/docker",
        )},
        "mounts of the host": "[line for line in open('/proc/self/mountinfo') if ' /etc/' in line and ' rw,' in line.split(' - ')[0]]"
                              " or 1 / 0",
    }),
    probe("other programs", {
        "a shell": "subprocess.run(['/bin/sh', '-c', 'true'])", "a shell by name": "subprocess.run('true', shell=True)",
        "system": "os.system('true') == 0 or 1 / 0", "popen": "os.popen('true').read() or 1 / 0",
        "itself": "subprocess.run([sys.executable, '-c', 'print(1)'])",
        "python": "subprocess.run(['/usr/bin/python3', '-c', 'print(1)'])",
        "its own image": "subprocess.run(['/proc/self/exe', '-c', 'print(1)'])",
        "the loader": "[subprocess.run([p, '/usr/bin/python3', '-c', '1']) for p in "
                      "('/lib64/ld-linux-x86-64.so.2', '/lib/ld-linux-aarch64.so.1') if os.path.exists(p)] or 1 / 0",
        "a library": "subprocess.run(['/usr/lib/sca/libc.so.6'])",
        "spawn": "os.posix_spawn('/usr/bin/python3', ['python3', '-c', '1'], {})",
        "exec": "os.execv('/usr/bin/python3', ['python3', '-c', '1'])",
        "sudo": "subprocess.run(['sudo', 'true'])",
        "set-uid files": "[os.path.join(d, f) for d, _, names in os.walk('/usr') for f in names "
                         "if os.lstat(os.path.join(d, f)).st_mode & 0o6000] or 1 / 0",
        "writable files": "[d for d, _, _ in os.walk('/usr') if os.access(d, os.W_OK)] or 1 / 0",
    }),
    probe("rights", {
        **{f"uid {uid}": f"os.setuid({uid})" for uid in (0, 1, 1000, 65534)},
        "gid 0": "os.setgid(0)", "groups": "os.setgroups([0])", "another effective uid": "os.seteuid(0)",
        "the next uid": "os.setresuid(os.getuid() + 1, -1, -1)", "the state's uid": "os.setuid((os.getuid() & ~4095) + 4094)",
        "capabilities": "libc.capset(b'\\x22\\x05\\x08\\x20' + bytes(4), b'\\xff' * 24) == 0 or 1 / 0",
        "kept capabilities": "libc.prctl(8, 1, 0, 0, 0) == 0 or 1 / 0",
        "ambient capabilities": "libc.prctl(47, 2, 0, 0, 0) == 0 or 1 / 0",
        "dropping no-new-privileges": "libc.prctl(38, 0, 0, 0, 0) == 0 or 1 / 0",
        "secure bits": "libc.prctl(28, 0, 0, 0, 0) == 0 or 1 / 0",
        "becoming dumpable": "libc.prctl(4, 1, 0, 0, 0) == 0 or 1 / 0",
        "a filter of its own": "libc.prctl(22, 2, 0, 0, 0) == 0 or 1 / 0",
        "letting others trace it": "libc.prctl(0x59616D61, -1, 0, 0, 0) == 0 or 1 / 0",
        "adopting orphans": "libc.prctl(36, 1, 0, 0, 0) == 0 or 1 / 0",
        "memory map settings": "libc.prctl(35, 1, 0, 0, 0) == 0 or 1 / 0",
        "terminal input": "__import__('fcntl').ioctl(1, 0x5412, b'x')",
        "a terminal": "__import__('fcntl').ioctl(os.open('/dev/ptmx', os.O_RDWR), 0x80045430, bytes(4))",
        "waking itself by input": "__import__('fcntl').fcntl(socket.socketpair()[0], 10, signal.SIGCONT)",
    }),
    probe("the network", {
        "a socket": "socket.socket()", "UDP": "socket.socket(type=socket.SOCK_DGRAM)", "IPv6": "socket.socket(socket.AF_INET6)",
        "raw": "socket.socket(socket.AF_INET, socket.SOCK_RAW)", "packets": "socket.socket(17, 3)", "netlink": "socket.socket(16, 3)",
        "vsock": "socket.socket(40, 1)", "bluetooth": "socket.socket(31, 1)", "crypto": "socket.socket(38, 5)",
        "TCP": "socket.create_connection(('1.1.1.1', 53), 1)", "DNS": "socket.getaddrinfo('example.org', 80)",
        "metadata": "socket.create_connection(('169.254.169.254', 80), 1)", "localhost": "socket.create_connection(('127.0.0.1', 80), 1)",
        "a server": "socket.create_server(('127.0.0.1', 0))", "http": "__import__('urllib.request').request.urlopen('http://1.1.1.1', timeout=1)",
        "the engine": "socket.socket(socket.AF_UNIX).connect('/var/run/docker.sock')",
        "a pair of inet": "socket.socketpair(socket.AF_INET)",
        "interfaces": "[line for line in open('/proc/net/dev').readlines()[2:] if not line.strip().startswith('lo')] or 1 / 0",
        "routes": "open('/proc/net/route').readlines()[1:] or 1 / 0",
    }),
    probe("secrets of the host", {
        "variables": "[name for name in os.environ if name not in ('TZ', 'LANG')] or 1 / 0",
        "variables of C": "libc.getenv(b'SCA_CANARY') or 1 / 0",
        "variables of PID 1": "open('/proc/1/environ').read()",
        "arguments of PID 1": "'canary' in open('/proc/1/cmdline').read() or 1 / 0",
        "the host's name": "socket.gethostname() == 'sandbox' and 1 / 0",
        "the data of the environment": "os.listdir('/opt/sca')",
        "the environment's source": "open('/opt/sca/environments/shop/environment.py').read()",
        "the tasks": "os.stat('/opt/sca/environments/shop/tasks')",
        "the guest's source": "open('/opt/sca/sca/sandbox/guest/supervisor.py').read()",
    }),
    attack("a call of another architecture", "rejected", f"{PROBE}\nlibc.syscall(0x40000000 + 39)\nwhile True: pass"),
    attack("a file that it may not read", "solution_exception", "open('/opt/sca/environments/shop/data/orders.json').read()"),
    Case("a change of root", ACCEPTED, work=True, S=PROBE + "denied('chroot', lambda: os.chroot('/tmp'))"),
]  # fmt: skip
