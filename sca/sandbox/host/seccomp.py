"""System calls that a container may make: those that Python and the guest need. Any other fails with EPERM.

Not among them: sockets (but pairs of Unix sockets), tracing, shared memory, queues and memory files that would
outlive a program, io_uring, keys, mounts, namespaces, priorities, everything that writes to a file system, and what
could wake a stopped program: timers, some descriptors, process groups.
"""

import json

_FILES = """access chdir close close_range dup dup2 dup3 faccessat faccessat2 fchdir fstat fstatfs getcwd
getdents getdents64 lseek lstat newfstatat open openat pipe pipe2 pread64 preadv read readlink readlinkat readv
stat statfs statx umask write writev"""
_MEMORY = "brk madvise membarrier mincore mmap mprotect mremap msync munmap"
_PROCESSES = """arch_prctl capget capset execve exit exit_group fork getpgid getpgrp getpid getppid getpriority
getrlimit getrusage getsid gettid kill pidfd_open pidfd_send_signal prlimit64 rseq set_robust_list
set_tid_address setrlimit setsid tgkill tkill uname vfork wait4 waitid get_robust_list futex futex_waitv
sched_getaffinity sched_yield getcpu sysinfo restart_syscall riscv_flush_icache"""
_USERS = """getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid
setresgid setresuid setreuid setuid"""
_SIGNALS = """alarm pause rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd4"""
_TIME = """clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time times"""
_WAITING = """epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd2 poll ppoll pselect6
select timerfd_create timerfd_gettime timerfd_settime"""
_PAIRS = "getpeername getsockname getsockopt recvfrom recvmsg sendmsg sendto setsockopt shutdown"
_RANDOM = "getrandom"

_COMMANDS: dict[str, tuple[int, dict[str, int]]] = {
    "socketpair": (0, {"AF_UNIX": 1}),
    "prctl": (0, {"PR_SET_NAME": 15, "PR_GET_NAME": 16, "PR_GET_DUMPABLE": 3, "PR_GET_SECCOMP": 21,
                  "PR_GET_NO_NEW_PRIVS": 39}),
    "fcntl": (1, {"F_DUPFD": 0, "F_GETFD": 1, "F_SETFD": 2, "F_GETFL": 3, "F_SETFL": 4, "F_GETLK": 5, "F_SETLK": 6,
                  "F_SETLKW": 7, "F_DUPFD_CLOEXEC": 1030, "F_GETPIPE_SZ": 1032}),
    "ioctl": (1, {"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B, "FIONBIO": 0x5421, "FIONCLEX": 0x5450,
                  "FIOCLEX": 0x5451}),
}  # fmt: skip
"""Calls of which some uses are allowed: the argument that says which, and its values. Were a program to become
dumpable, for one, it could write to `/proc/self` and have the kernel kill the supervisor in its stead."""
_CLONE_LOOKED_AT = 0x7E020000 | 0x8000 | 0xFF
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET; CLONE_PARENT, for the fork server would
not know its new child; and CLONE_NEWTIME with the signal at the child's end, which could wake a stopped parent."""
_CLONE_ALLOWED = (0, 17)
"""A thread; a child whose end is told by SIGCHLD."""
_ENOSYS = 38


def profile() -> str:
    """The profile as the engine takes it: JSON in Docker's form."""
    groups = (_FILES, _MEMORY, _PROCESSES, _USERS, _SIGNALS, _TIME, _WAITING, _PAIRS, _RANDOM)
    plain = sorted({name for group in groups for name in group.split()})
    chosen = [
        {"names": [name], "action": "SCMP_ACT_ALLOW", "args": [{"index": index, "value": value, "op": "SCMP_CMP_EQ"}]}
        for name, (index, values) in _COMMANDS.items()
        for value in values.values()
    ]
    clones = [
        {"index": 0, "value": _CLONE_LOOKED_AT, "valueTwo": flags, "op": "SCMP_CMP_MASKED_EQ"}
        for flags in _CLONE_ALLOWED
    ]
    return json.dumps(
        {
            "defaultAction": "SCMP_ACT_ERRNO",
            "archMap": [
                {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []},
                {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": []},
            ],
            "syscalls": [
                {"names": plain, "action": "SCMP_ACT_ALLOW"},
                *chosen,
                *({"names": ["clone"], "action": "SCMP_ACT_ALLOW", "args": [flags]} for flags in clones),
                # Its flags lie in memory, where no filter sees them; the C library then does with clone.
                {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": _ENOSYS},
            ],
        }
    )
