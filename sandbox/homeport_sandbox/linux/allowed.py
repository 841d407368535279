"""Which system calls confined code may make: one list for all, what Node.js needs besides, what is never forgiven."""

from __future__ import annotations

_ANYHOW = """
read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 close close_range lseek
fstat stat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getcwd
chdir fchdir getdents getdents64 mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2
symlink symlinkat ftruncate fallocate fadvise64 fsync fdatasync flock copy_file_range sendfile umask
dup dup2 dup3 pipe pipe2 poll ppoll select pselect6 epoll_create epoll_create1 epoll_ctl epoll_wait
epoll_pwait epoll_pwait2 eventfd eventfd2 timerfd_create timerfd_settime timerfd_gettime signalfd signalfd4
mmap munmap mremap mprotect madvise msync brk mincore membarrier pkey_alloc pkey_free pkey_mprotect
futex futex_waitv futex_wake futex_wait futex_requeue set_robust_list get_robust_list rseq set_tid_address
arch_prctl exit exit_group gettid getpid getppid getpgid getpgrp getsid getuid geteuid getgid getegid getresuid
getresgid getgroups getrusage times uname getcpu getrandom sysinfo getpriority capget
rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait sigaltstack
restart_syscall pause wait4 waitid
clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time alarm getitimer setitimer
timer_create timer_settime timer_gettime timer_getoverrun timer_delete
sched_yield sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
getsockname getpeername getsockopt setsockopt shutdown recvfrom recvmsg recvmmsg sendmsg sendmmsg
"""

#: With the network on; which addresses are reached is limited by the network namespace or by Landlock.
NETWORK = frozenset(("connect", "bind", "listen", "accept", "accept4"))

#: Answered "no such call", so that the C library falls back to one whose arguments can be checked.
PRETEND_MISSING = frozenset(("clone3", "openat2"))

_NEVER = """
ptrace process_vm_readv process_vm_writev process_madvise kcmp mount umount2 pivot_root chroot move_mount open_tree
fsopen fsconfig fsmount fspick mount_setattr unshare setns bpf perf_event_open userfaultfd keyctl add_key
request_key init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
sethostname setdomainname iopl ioperm modify_ldt quotactl quotactl_fd acct syslog personality
open_by_handle_at name_to_handle_at settimeofday clock_settime clock_adjtime adjtimex vhangup nfsservctl
lookup_dcookie fanotify_init vmsplice io_uring_setup io_uring_enter io_uring_register memfd_secret
pidfd_getfd migrate_pages move_pages uselib ustat sysfs _sysctl
"""

#: Node.js asks for these at its start and takes a refusal.
FORGIVEN_NODE = frozenset(("io_uring_setup", "io_uring_enter", "io_uring_register"))

#: Allowed whatever the arguments are. Files among them are limited by Landlock, memory by rlimits.
ANYHOW = frozenset(_ANYHOW.split())

#: Nothing but an attack makes these: the process is killed.
NEVER = frozenset(_NEVER.split())
