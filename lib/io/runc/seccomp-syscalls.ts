/** Names separated by white space. */
const words = (text: string): readonly string[] => text.trim().split(/\s+/)

/** System calls of every container, whatever its capabilities, on any processor. */
export const ALLOWED: readonly string[] = [
  // Files and directories.
  ...words(`
    _llseek access cachestat chdir chmod chown chown32 close close_range copy_file_range creat
    dup dup2 dup3 faccessat faccessat2 fadvise64 fadvise64_64 fallocate fanotify_mark fchdir
    fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl fcntl64 fdatasync fgetxattr
    flistxattr flock fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs fstatfs64 fsync
    ftruncate ftruncate64 futimesat getcwd getdents getdents64 getxattr getxattrat
    inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lchown lchown32
    lgetxattr link linkat listmount listxattr listxattrat llistxattr lremovexattr lseek
    lsetxattr lstat lstat64 mkdir mkdirat mknod mknodat name_to_handle_at newfstatat open openat
    openat2 readahead readlink readlinkat removexattr removexattrat rename renameat renameat2
    rmdir setxattr setxattrat stat stat64 statfs statfs64 statmount statx symlink symlinkat sync
    sync_file_range syncfs truncate truncate64 umask unlink unlinkat utime utimensat
    utimensat_time64 utimes
  `),
  // Reading, writing and waiting for both.
  ...words(`
    _newselect epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2
    epoll_wait epoll_wait_old eventfd eventfd2 io_cancel io_destroy io_getevents io_pgetevents
    io_pgetevents_time64 io_setup io_submit ioprio_get ioprio_set pipe pipe2 poll ppoll
    ppoll_time64 pread64 preadv preadv2 pselect6 pselect6_time64 pwrite64 pwritev pwritev2 read
    readv select sendfile sendfile64 signalfd signalfd4 splice tee timerfd_create
    timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 vmsplice write writev
  `),
  // Sockets.
  ...words(`
    accept accept4 bind connect getpeername getsockname getsockopt listen recv recvfrom recvmmsg
    recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto setsockopt shutdown socketcall
    socketpair
  `),
  // Memory.
  ...words(`
    brk madvise map_shadow_stack membarrier memfd_create memfd_secret mincore mlock mlock2
    mlockall mmap mmap2 mprotect mremap mseal msync munlock munlockall munmap pkey_alloc
    pkey_free pkey_mprotect process_vm_readv process_vm_writev remap_file_pages
  `),
  // Messages, semaphores and shared memory.
  ...words(`
    ipc mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend
    mq_timedsend_time64 mq_unlink msgctl msgget msgrcv msgsnd semctl semget semop semtimedop
    semtimedop_time64 shmat shmctl shmdt shmget
  `),
  // Time.
  ...words(`
    adjtimex alarm clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime
    clock_gettime64 clock_nanosleep clock_nanosleep_time64 getitimer gettimeofday nanosleep
    setitimer time timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64
    timer_settime timer_settime64 times
  `),
  // Signals.
  ...words(`
    kill pause pidfd_open pidfd_send_signal restart_syscall rt_sigaction rt_sigpending
    rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait
    rt_sigtimedwait_time64 rt_tgsigqueueinfo sigaltstack sigprocmask sigreturn tgkill tkill
  `),
  // Accounts and rights.
  ...words(`
    capget capset getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32
    getresgid getresgid32 getresuid getresuid32 getuid getuid32 landlock_add_rule
    landlock_create_ruleset landlock_restrict_self seccomp setfsgid setfsgid32 setfsuid
    setfsuid32 setgid setgid32 setgroups setgroups32 setpgid setregid setregid32 setresgid
    setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32
  `),
  // Processes and threads.
  ...words(`
    execve execveat exit exit_group fork futex futex_requeue futex_time64 futex_wait futex_waitv
    futex_wake get_robust_list get_thread_area getcpu getpgid getpgrp getpid getppid getpriority
    getrandom getrlimit getrusage getsid gettid prctl prlimit64 process_mrelease ptrace
    riscv_hwprobe rseq sched_get_priority_max sched_get_priority_min sched_getaffinity
    sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval
    sched_rr_get_interval_time64 sched_setaffinity sched_setattr sched_setparam
    sched_setscheduler sched_yield set_robust_list set_thread_area set_tid_address setpriority
    setrlimit setsid sysinfo ugetrlimit uname uretprobe vfork wait4 waitid waitpid
  `),
]

/** More of them on x86. */
export const ALLOWED_X86: readonly string[] = words(`arch_prctl modify_ldt`)

/** More of them on ARM. */
export const ALLOWED_ARM: readonly string[] = words(`
  arm_fadvise64_64 arm_sync_file_range breakpoint cacheflush set_tls sync_file_range2
`)

/** More of them for those who have a capability. */
export const ALLOWED_WITH: Readonly<Record<string, readonly string[]>> = {
  CAP_BPF: words(`bpf`),
  CAP_DAC_READ_SEARCH: words(`open_by_handle_at`),
  CAP_PERFMON: words(`perf_event_open`),
  CAP_SYSLOG: words(`syslog`),
  CAP_SYS_ADMIN: words(`
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie
    lsm_get_self_attr lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount
    open_tree perf_event_open quotactl quotactl_fd setdomainname sethostname setns syslog umount
    umount2 unshare
  `),
  CAP_SYS_BOOT: words(`reboot`),
  CAP_SYS_CHROOT: words(`chroot`),
  CAP_SYS_MODULE: words(`delete_module finit_module init_module`),
  CAP_SYS_NICE: words(`get_mempolicy mbind set_mempolicy set_mempolicy_home_node`),
  CAP_SYS_PACCT: words(`acct`),
  CAP_SYS_PTRACE: words(`kcmp pidfd_getfd process_madvise`),
  CAP_SYS_RAWIO: words(`ioperm iopl`),
  CAP_SYS_TIME: words(`clock_settime clock_settime64 settimeofday stime`),
  CAP_SYS_TTY_CONFIG: words(`vhangup`),
}
