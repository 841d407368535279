# For the sandbox's container at the level "isolated": what engines forbid by their own profile (mounts, a root of one's
# own) is allowed, what reaches the host is not. Load it on the host, then name it to the engine:
#   apparmor_parser --replace apparmor.profile
#   docker run --security-opt apparmor=homeport-sandbox ...
abi <abi/3.0>,

include <tunables/global>

profile homeport-sandbox flags=(attach_disconnected, mediate_deleted) {
  # Which files the container has decides the engine; which of them code sees, the sandbox.
  file,
  mount,
  remount,
  umount,
  pivot_root,

  # Of what the engine gives the container, no more than this.
  capability chown,
  capability kill,
  capability net_admin,
  capability setgid,
  capability setuid,
  capability sys_admin,

  network inet stream,
  network inet dgram,
  network inet6 stream,
  network inet6 dgram,
  network netlink raw,
  unix,

  # Among themselves, and from the engine when the container is stopped.
  signal (send, receive) peer=homeport-sandbox,
  signal (receive) peer=unconfined,
  signal (receive) peer=/usr/bin/{dockerd,runc,crun,podman},

  # The kernel's controls, and the memory of whatever else runs.
  deny @{PROC}/sys/kernel/** wklx,
  deny @{PROC}/sys/vm/** wklx,
  deny @{PROC}/sysrq-trigger rwklx,
  deny @{PROC}/kcore rwklx,
  deny @{PROC}/kmem rwklx,
  deny @{PROC}/mem rwklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
  deny /dev/{mem,kmem,port} rwklx,
}
