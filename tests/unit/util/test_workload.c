// SPDX-License-Identifier: BSD-2-Clause
/*
 * Paths as machines have them: from published listings, logs and bug reports, ids as they stand
 * there (A64 where they were cut). The name before each says which runtime and which cgroup driver
 * made it. "tried" are those that the runtime itself made here.
 */
#include "util/workload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define A64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define KIND "/docker/744ba5524431986481406cfd13382cbeb7e59a4739dec5ff8b458bc821969662"
#define USER "/user.slice/user-1000.slice/user@1000.service"

static const struct {
	const char *name, *path, *unit, *container, *pod;
} cases[] = {
	{"root", "/", "", "", ""},
	{"nothing", "", "", "", ""},
	{"init", "/init.scope", "init.scope", "", ""},
	{"service", "/system.slice/containerd.service", "containerd.service", "", ""},
	{"instance in a slice with an escaped dash",
	 "/system.slice/system-serial\\x2dgetty.slice/serial-getty@ttyS0.service",
	 "serial-getty@ttyS0.service", "", ""},
	{"socket", "/system.slice/ssh.socket", "ssh.socket", "", ""},
	{"slice alone", "/system.slice", "", "", ""},
	{"session", "/user.slice/user-1000.slice/session-4.scope", "session-4.scope", "", ""},
	{"user manager", USER "/init.scope", "init.scope", "", ""},
	{"user's service", USER "/app.slice/claudeclaw.service", "claudeclaw.service", "", ""},
	{"user's application with an escaped dash",
	 USER "/app.slice/app-firefox\\x2desr-07dd78c014ab4fe48f7395474e0b5c5e.scope",
	 "app-firefox-esr-07dd78c014ab4fe48f7395474e0b5c5e.scope", "", ""},
	{"user's autostart",
	 USER "/app.slice/app-graphical.slice/app-print\\x2dapplet@autostart.service",
	 "app-print-applet@autostart.service", "", ""},
	{"folders that a delegated unit made", "/system.slice/nginx.service/worker/1",
	 "nginx.service", "", ""},
	{"unit with the name of a controller", "/system.slice/_memory.service", "memory.service",
	 "", ""},

	{"docker, systemd",
	 "/system.slice/docker-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope",
	 "docker-9ec39b91f3d70e1beff50a308f77067065ea6be0d91a3378375056cd4422cf3d.scope",
	 "docker:9ec39b91f3d7", ""},
	{"docker, systemd, below it",
	 "/system.slice/docker-89ac90181a86fdea23d87ab993ceb698aa61528123c23135ef43fe5246a1b11e.scope"
	 "/system.slice/containerd.service",
	 "containerd.service", "docker:89ac90181a86", ""},
	{"docker, cgroupfs",
	 "/docker/3726184226f5d3147c25fdeab5b60097e378e8a720503a5e19ecfdf29f869860", "",
	 "docker:3726184226f5", ""},
	{"docker, rootless",
	 "/user.slice/user-1003.slice/user@1003.service/user.slice"
	 "/docker-6e18a15cbc237c9ff76af70cc8ef16c3c5b9f002a989f74cf0c7a22b5c8e4c9f.scope",
	 "docker-6e18a15cbc237c9ff76af70cc8ef16c3c5b9f002a989f74cf0c7a22b5c8e4c9f.scope",
	 "docker:6e18a15cbc23", ""},
	{"docker itself", "/system.slice/docker.service", "docker.service", "", ""},
	{"docker's mount, which is no container",
	 "/system.slice/var-lib-docker-containers-"
	 "b25aa6e03826d42d0d4ad6788365cc7e1db006f24278c57cc4160f5fd1b19d2a-shm.mount",
	 "var-lib-docker-containers-"
	 "b25aa6e03826d42d0d4ad6788365cc7e1db006f24278c57cc4160f5fd1b19d2a-shm.mount",
	 "", ""},
	{"docker of GitHub's runners",
	 "/actions_job/e62ef4349cc5a70f4b49f8a150ace391da6ad6df27073c83ecc03dbf81fde1ce", "",
	 "docker:e62ef4349cc5", ""},
	{"minikube in it",
	 "/actions_job/e62ef4349cc5a70f4b49f8a150ace391da6ad6df27073c83ecc03dbf81fde1ce/kubepods"
	 "/burstable/poda1de58db0ce81d19df7999f6808def1b"
	 "/5df53230fe3483fd65f341923f18a477fda92ae9cd71061168130ef164fe479c",
	 "", "kubernetes:5df53230fe34", "a1de58db0ce81d19df7999f6808def1b"},
	{"docker of ECS",
	 "/ecs/test-ecs-classic/5a0d5ceddf6c44c1928d367a815d890f"
	 "/38fac3e99302b3622be089dd41e7ccf38aff368a86cc339972075136ee2710ce",
	 "", "docker:38fac3e99302", ""},
	{"buildkit, cgroupfs", "/docker/buildkit/n4eu0udvbz9vfzjy71jkvgkwh", "",
	 "buildkit:n4eu0udvbz9v", ""},
	{"buildkit, systemd", "/system.slice/system.slice:docker:md2kplbtnz0r6e31e4lnpve1k", "",
	 "buildkit:md2kplbtnz0r", ""},
	{"buildkit, older", "/buildkit/" A64, "", "docker:0123456789ab", ""},

	{"podman, systemd",
	 "/machine.slice/libpod-a2bc7b153f034b17f358cde43a7f8c7475147e8a0d1b2573c26473244ec44ce4.scope"
	 "/container",
	 "libpod-a2bc7b153f034b17f358cde43a7f8c7475147e8a0d1b2573c26473244ec44ce4.scope",
	 "podman:a2bc7b153f03", ""},
	{"podman, its monitor",
	 "/machine.slice/libpod-conmon-"
	 "a2bc7b153f034b17f358cde43a7f8c7475147e8a0d1b2573c26473244ec44ce4.scope",
	 "libpod-conmon-a2bc7b153f034b17f358cde43a7f8c7475147e8a0d1b2573c26473244ec44ce4.scope", "",
	 ""},
	{"podman 4.3, cgroupfs, tried",
	 "/libpod_parent/libpod-0afd199fecf426aa125d06b8917f18b09bed1212ecc10b2a8f0b5c68a99e673e",
	 "", "podman:0afd199fecf4", ""},
	{"podman 4.3, cgroupfs, its monitor, tried", "/libpod_parent/conmon", "", "", ""},
	{"podman, rootless",
	 USER
	 "/user.slice"
	 "/libpod-be131b155b6a8ac24cfbafd05aa72c1575512f60dd242b24eec1c3cbb05e543a.scope/container",
	 "libpod-be131b155b6a8ac24cfbafd05aa72c1575512f60dd242b24eec1c3cbb05e543a.scope",
	 "podman:be131b155b6a", ""},
	{"podman, root's own manager",
	 "/user.slice/user-0.slice/user@0.service/machine.slice"
	 "/libpod-cf21d19260ace8544fe8b769fc2638bf2c0873dfbfff0b6253f0569b26a1d5eb.scope/container",
	 "libpod-cf21d19260ace8544fe8b769fc2638bf2c0873dfbfff0b6253f0569b26a1d5eb.scope",
	 "podman:cf21d19260ac", ""},
	{"podman, a pod of its own, which is none of Kubernetes",
	 "/machine.slice"
	 "/machine-libpod_pod_ddf44d54b520f0b4469fcd01c3155ca49e6911dc2175471eb3a7b789187a7a89.slice"
	 "/libpod-1dadda571b14eefb3158a15d0fff7e0089f9dd92f922679ed0116cccdfe8bb0f.scope/container",
	 "libpod-1dadda571b14eefb3158a15d0fff7e0089f9dd92f922679ed0116cccdfe8bb0f.scope",
	 "podman:1dadda571b14", ""},
	{"podman, Quadlet",
	 "/system.slice/nginx.service"
	 "/libpod-payload-9687bac58d5c4d1606aa46af33d1a21c1d1652e0ac9fb3fc0fc86e3495f42869",
	 "nginx.service", "podman:9687bac58d5c", ""},
	{"podman, Quadlet, its monitor", "/system.slice/nginx.service/runtime", "nginx.service", "",
	 ""},

	{"cri-o, systemd",
	 "/kubepods.slice/kubepods-besteffort.slice"
	 "/kubepods-besteffort-podb3922967_14e1_4867_9388_461bac94b37e.slice"
	 "/crio-2327a2aec169e25cf05f2a901486b7463fdb513ae097fc0ae6a3ca94381ddc40.scope",
	 "crio-2327a2aec169e25cf05f2a901486b7463fdb513ae097fc0ae6a3ca94381ddc40.scope",
	 "cri-o:2327a2aec169", "b3922967-14e1-4867-9388-461bac94b37e"},
	{"cri-o, crun",
	 "/kubepods.slice/kubepods-pod1858680e_b044_4fd5_9dd4_f137e30e2180.slice/crio-" A64
	 ".scope/container",
	 "crio-" A64 ".scope", "cri-o:0123456789ab", "1858680e-b044-4fd5-9dd4-f137e30e2180"},
	{"cri-o, cgroupfs",
	 "/kubepods/besteffort/pod74c13223-5a00-11e9-b385-42010a80018d/crio-" A64, "",
	 "cri-o:0123456789ab", "74c13223-5a00-11e9-b385-42010a80018d"},
	{"cri-o, its monitor",
	 "/kubepods.slice/kubepods-burstable.slice"
	 "/kubepods-burstable-pod0185634f_eef8_427e_a2c5_884d45bc5503.slice"
	 "/crio-conmon-78283d52a8505805e4138f05dcecc6e90fd1c3f6fbc0261b4654f3d763c5ed97.scope",
	 "crio-conmon-78283d52a8505805e4138f05dcecc6e90fd1c3f6fbc0261b4654f3d763c5ed97.scope", "",
	 "0185634f-eef8-427e-a2c5-884d45bc5503"},
	{"cri-o, its monitor elsewhere",
	 "/system.slice"
	 "/crio-conmon-5819a498721cf8bb7e334809c9e48aa310bfc98801eb8017034ad17fb0749920.scope",
	 "crio-conmon-5819a498721cf8bb7e334809c9e48aa310bfc98801eb8017034ad17fb0749920.scope", "",
	 ""},
	{"cri-o, its monitor, cgroupfs",
	 "/kubepods/pod1cc61d33-5ca1-11e9-90bc-525400cfa589"
	 "/crio-conmon-1b05886a39901ef3a7555796d38dcfaafd8fda929aef223ea576324a4949f9ef",
	 "", "", "1cc61d33-5ca1-11e9-90bc-525400cfa589"},
	{"cri-o, a path for systemd that nobody took apart",
	 "/system.slice/crio.service/kubepods-burstable-pod9da3b2a14682e1fb23be3c2492753207.slice:crio:"
	 "fe018d944f87b227b3b7f86226962639020e99eac8991463bf7126ef8e929589",
	 "crio.service", "cri-o:fe018d944f87", "9da3b2a14682e1fb23be3c2492753207"},

	{"containerd, systemd, static pod",
	 "/kubepods.slice/kubepods-burstable.slice"
	 "/kubepods-burstable-podc704ef4c297ab11032b83ce52cbfc87b.slice"
	 "/cri-containerd-2327a2aec169e25cf05f2a901486b7463fdb513ae097fc0ae6a3ca94381ddc42.scope",
	 "cri-containerd-2327a2aec169e25cf05f2a901486b7463fdb513ae097fc0ae6a3ca94381ddc42.scope",
	 "containerd:2327a2aec169", "c704ef4c297ab11032b83ce52cbfc87b"},
	{"containerd, a path for systemd that nobody took apart",
	 "/system.slice/containerd.service"
	 "/kubepods-besteffort-pod214f3ba8_4b69_4bdb_a7d5_5ecc73f04ae9.slice:cri-containerd:"
	 "d4e8e05a546c86b6443f101966c618e47753ed01fa9929cae00d3b692f7a9f80",
	 "containerd.service", "containerd:d4e8e05a546c", "214f3ba8-4b69-4bdb-a7d5-5ecc73f04ae9"},
	{"containerd, the same at the top",
	 "/kubepods-besteffort-pod72f7f152_440c_66ac_9084_e0fc1d8a910c.slice:cri-containerd:"
	 "b2a102854b4969b2ce98dc329c86b4fb2b06e4ad2cc8da9d8a7578c9cd2004a2",
	 "", "containerd:b2a102854b49", "72f7f152-440c-66ac-9084-e0fc1d8a910c"},
	{"containerd itself", "/system.slice/containerd.service", "containerd.service", "", ""},
	{"containerd's namespace of Kubernetes",
	 "/k8s.io/3d8f6f63ac932eaea905aceb8f4549b019a92f4917365b6eb0011af11d809476", "",
	 "containerd:3d8f6f63ac93", ""},
	{"nerdctl, systemd", "/system.slice/nerdctl-" A64 ".scope", "nerdctl-" A64 ".scope",
	 "containerd:0123456789ab", ""},
	{"nerdctl, rootless", USER "/user.slice/nerdctl-" A64 ".scope", "nerdctl-" A64 ".scope",
	 "containerd:0123456789ab", ""},
	{"nerdctl, cgroupfs", "/default/" A64 "/init.scope", "init.scope",
	 "containerd:0123456789ab", ""},

	{"docker under Kubernetes, uid with dashes",
	 "/kubepods.slice/kubepods-burstable.slice"
	 "/kubepods-burstable-pod2c48913c-b29f-11e7-9350-020968147796.slice"
	 "/docker-9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961.scope",
	 "docker-9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961.scope",
	 "docker:9bca8d63d5fa", "2c48913c-b29f-11e7-9350-020968147796"},
	{"kubepods, cgroupfs, best effort",
	 "/kubepods/besteffort/pod3d274242-8ee0-11e9-a8a6-1e68d864ef1a"
	 "/3e74d3fd9db4c9dd921ae05c2502fb984d0cde1b36e581b13f79c639da4518a1",
	 "", "kubernetes:3e74d3fd9db4", "3d274242-8ee0-11e9-a8a6-1e68d864ef1a"},
	{"kubepods, cgroupfs, burstable",
	 "/kubepods/burstable/podf6adb0af-0855-4bab-b25b-c853f18d0ce2"
	 "/35b97177dada20362ab90d90ac63cd54e8a41cf87bea34f270631b6da17f4a93",
	 "", "kubernetes:35b97177dada", "f6adb0af-0855-4bab-b25b-c853f18d0ce2"},
	{"kubepods, cgroupfs, guaranteed",
	 "/kubepods/pod821ad831-6a9a-4970-b623-8cb43cd3462d"
	 "/f246d96ff6bd76f65c4a687ce17812a8189b735fd6ed643165db2c61e19bc31e",
	 "", "kubernetes:f246d96ff6bd", "821ad831-6a9a-4970-b623-8cb43cd3462d"},
	{"kubepods, twice",
	 "/kubepods/kubepods/besteffort/pod0e886e9a-3879-45f9-b44d-86ef9df03224"
	 "/244a65edefdffe31685c42317c9054e71dc1193048cf9459e2a4dd35cbc1dba4",
	 "", "kubernetes:244a65edefdf", "0e886e9a-3879-45f9-b44d-86ef9df03224"},
	{"kubepods, names of slices without slices",
	 "/kubepods/kubepods-besteffort/kubepods-besteffort-podb3922967_14e1_4867_9388_461bac94b37e"
	 "/2327a2aec169e25cf05f2a901486b7463fdb513ae097fc0ae6a3ca94381ddc41",
	 "", "kubernetes:2327a2aec169", "b3922967-14e1-4867-9388-461bac94b37e"},
	{"kubepods below kubelet.service",
	 "/system.slice/kubelet.service/kubepods/pod821ad831-6a9a-4970-b623-8cb43cd3462d/" A64,
	 "kubelet.service", "kubernetes:0123456789ab", "821ad831-6a9a-4970-b623-8cb43cd3462d"},
	{"pod without a container", "/kubepods/burstable/podf6adb0af-0855-4bab-b25b-c853f18d0ce2",
	 "", "", "f6adb0af-0855-4bab-b25b-c853f18d0ce2"},
	{"cut off by a cgroup namespace",
	 "/../../pod2c48913c-b29f-11e7-9350-020968147796"
	 "/9bca8d63d5fa610783847915bcff0ecac1273e5b4bed3f6fa1b07350e0135961",
	 "", "kubernetes:9bca8d63d5fa", "2c48913c-b29f-11e7-9350-020968147796"},
	{"cut off by a cgroup namespace, systemd",
	 "/../crio-45490e76e0878aaa4d9808f7d2eefba37f093c3efbba9838b6d8ab804d9bd814.scope",
	 "crio-45490e76e0878aaa4d9808f7d2eefba37f093c3efbba9838b6d8ab804d9bd814.scope",
	 "cri-o:45490e76e087", ""},

	{"kind, cgroupfs",
	 KIND "/kubelet/kubepods/besteffort/pod3716cd27-4591-40fc-9dae-3851142b1d51"
	      "/e06769b086acea415152f733574033db4dc5e81c9a8f6563648fd5f3b60227af",
	 "", "kubernetes:e06769b086ac", "3716cd27-4591-40fc-9dae-3851142b1d51"},
	{"kind, the node's own services", KIND "/system.slice/containerd.service",
	 "containerd.service", "docker:744ba5524431", ""},
	{"kind, a monitor in the node", KIND "/kubelet/kubepods/crio-conmon-" A64, "",
	 "docker:744ba5524431", ""},
	{"kind, systemd",
	 "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice"
	 "/kubelet-kubepods-burstable-podb1e89a2fcc688644de3eb95aee8025ce.slice"
	 "/cri-containerd-ee3fc60554cd9eefdd745a10dda84e041a7883c0381d067e76185d342de64759.scope",
	 "cri-containerd-ee3fc60554cd9eefdd745a10dda84e041a7883c0381d067e76185d342de64759.scope",
	 "containerd:ee3fc60554cd", "b1e89a2fcc688644de3eb95aee8025ce"},
	{"kind, the node by systemd, its pods by cgroupfs",
	 "/system.slice/docker-c1146e7ccca9ab4436abd69923c07d097b37b762ed21cc3f24584c2f84e77c57.scope"
	 "/kubelet/kubepods/burstable/pod09a70ae9ccc491e651e5c773579b3490"
	 "/b0e6aa50e847c3d3b1880e307ec7996040275c8063832cffc9274defce2cb655",
	 "docker-c1146e7ccca9ab4436abd69923c07d097b37b762ed21cc3f24584c2f84e77c57.scope",
	 "kubernetes:b0e6aa50e847", "09a70ae9ccc491e651e5c773579b3490"},
	{"minikube in docker",
	 "/system.slice/docker-2d0bdb07d9875685a9444722fb0c9a5a602c7c0fb43df67bc15298d65f55d7ca.scope"
	 "/kubepods.slice/kubepods-besteffort.slice"
	 "/kubepods-besteffort-podccb388c7_7a47_44fe_8a22_c4ba2e3cb768.slice"
	 "/docker-878d41c03caa1b1033c1e7cb6c5ed75aafa2673d8aaaae5025e959a7b5c5dc38.scope",
	 "docker-878d41c03caa1b1033c1e7cb6c5ed75aafa2673d8aaaae5025e959a7b5c5dc38.scope",
	 "docker:878d41c03caa", "ccb388c7-7a47-44fe-8a22-c4ba2e3cb768"},
	{"minikube in podman",
	 "/libpod_parent/libpod-6dc3fdffbf66b1239d55e98da9aaa759ea51ed35d04eb09d19ebd78963aa26c2"
	 "/kubepods.slice/kubepods-burstable.slice"
	 "/kubepods-burstable-poda2acd1bccd50fd7790183537181f658e.slice"
	 "/docker-1575e8b4a92a9c340a657f3df4ddc0f6a6305c200879f3898b26368ad019b503.scope",
	 "docker-1575e8b4a92a9c340a657f3df4ddc0f6a6305c200879f3898b26368ad019b503.scope",
	 "docker:1575e8b4a92a", "a2acd1bccd50fd7790183537181f658e"},

	{"LXC, Incus, LXD", "/lxc.payload.openwrt/init.scope", "init.scope", "lxc:openwrt", ""},
	{"Incus of a user", "/lxc.payload.user-1000_alpine-container/.lxc", "",
	 "lxc:user-1000_alpine-container", ""},
	{"LXC 3.2", "/lxc.payload/demo", "", "lxc:demo", ""},
	{"LXC, its monitor", "/lxc.monitor.f4", "", "", ""},
	{"Proxmox", "/lxc/107/ns/system.slice/paperless-task-queue.service",
	 "paperless-task-queue.service", "lxc:107", ""},
	{"docker in Proxmox", "/lxc/201/ns/system.slice/docker-" A64 ".scope",
	 "docker-" A64 ".scope", "docker:0123456789ab", ""},

	{"nspawn",
	 "/machine.slice/systemd-nspawn@jammy.service/payload/system.slice/console-getty.service",
	 "console-getty.service", "machine:jammy", ""},
	{"nspawn with a dot, itself", "/machine.slice/systemd-nspawn@delphix.uE0noy5.service",
	 "systemd-nspawn@delphix.uE0noy5.service", "machine:delphix.uE0noy5", ""},
	{"nspawn from a shell", "/machine.slice/machine-my\\x2dvm\\x2eorg.scope/payload/init.scope",
	 "init.scope", "machine:my-vm\\x2eorg", ""},
	{"libvirt, qemu",
	 "/machine.slice/machine-qemu\\x2d1\\x2ddebian12\\x2d1.scope/libvirt/emulator",
	 "machine-qemu-1-debian12-1.scope", "machine:qemu-1-debian12-1", ""},
	{"libvirt, a slice between",
	 "/machine.slice/machine-test.slice/machine-qemu\\x2d16\\x2dtest14.scope/libvirt/vcpu0",
	 "machine-qemu-16-test14.scope", "machine:qemu-16-test14", ""},
	{"libvirt, LXC",
	 "/machine.slice/machine-lxc\\x2d2293906\\x2dlibvirt\\x2dcontainer.scope/libvirt",
	 "machine-lxc-2293906-libvirt-container.scope", "machine:lxc-2293906-libvirt-container",
	 ""},
	{"libvirt without systemd", "/machine/qemu-1-instance-00000001.libvirt-qemu/emulator", "",
	 "machine:qemu-1-instance-00000001", ""},
	{"machine without a name", "/machine.slice/machine-.scope", "machine-.scope", "", ""},
	{"no machine, since not below machine.slice", "/user.slice/machine-x.scope",
	 "machine-x.scope", "", ""},
	{"libvirt seen through a cgroup namespace",
	 "/../../../../machine/qemu-1-instance-00000001.libvirt-qemu/emulator", "",
	 "machine:qemu-1-instance-00000001", ""},
};

static struct workload read_text(const char *path)
{
	struct workload w;

	memset(&w, 0xa5, sizeof(w));
	workload_read(path, strlen(path), &w);
	return w;
}

static void paths_of_each_runtime_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct workload w = read_text(cases[i].path);

		if (strcmp(w.unit, cases[i].unit) || strcmp(w.container, cases[i].container) ||
		    strcmp(w.pod, cases[i].pod))
			fail_msg("%s: unit '%s' container '%s' pod '%s'", cases[i].name, w.unit,
				 w.container, w.pod);
	}
}

static void what_only_looks_like_one_is_none(void **state)
{
	static const char *const paths[] = {
		/* not 64 digits, not small hexadecimal ones */
		"/docker/0123456789ab",
		"/docker/" A64 "0",
		"/docker/g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"/docker/0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
		"/libpod_parent/libpod-",
		/* an id in a place that says nothing */
		"/" A64,
		"/user.slice/" A64,
		"/default/more/" A64,
		"/mydocker/" A64,
		/* prefixes */
		"/xdocker-" A64,
		"/docker--" A64,
		"/docker-" A64 "-x",
		/* empty names */
		"/lxc.payload.",
		"/system.slice/.service",
		"/system.slice/_.service",
		"/.libvirt-qemu",
		/* pods */
		"/kubepods/besteffort/pod",
		"/kubepods/besteffort/podnotauid",
		"/kubepods/pod74c13223-5a00-11e9-b385-42010a80018",
		"/kubepods/pod74c132235a00-11e9-b385-42010a80018d0",
		"/elsewhere/pod74c13223-5a00-11e9-b385-42010a80018d",
		"/xkubepods-pod74c13223_5a00_11e9_b385_42010a80018d.slice",
		"/podman-pod74c13223_5a00_11e9_b385_42010a80018d.slice",
		"/lxc/..",
		"/:/::",
		"/a:docker:",
		"//////",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct workload w = read_text(paths[i]);

		if (w.unit[0] || w.container[0] || w.pod[0])
			fail_msg("%s: unit '%s' container '%s' pod '%s'", paths[i], w.unit,
				 w.container, w.pod);
	}
}

static void any_bytes_are_taken(void **state)
{
	char longest[512] = "/", nul[] = "/a\0b.service";
	struct workload w;

	(void)state;
	/* The longest name that the kernel has, and one that it cannot have. */
	memset(longest + 1, 'x', 255);
	memcpy(longest + 256 - 8, ".service", 9);
	assert_string_equal(read_text(longest).unit, longest + 1);
	memset(longest + 1, 'x', 256);
	memcpy(longest + 257 - 8, ".service", 9);
	assert_string_equal(read_text(longest).unit, "");
	memset(longest, 0, sizeof(longest));
	memcpy(longest, "/lxc/", 5);
	memset(longest + 5, 'n', 255);
	w = read_text(longest);
	assert_memory_equal(w.container, "lxc:", 4);
	assert_string_equal(w.container + 4, longest + 5);
	workload_read(nul, sizeof(nul) - 1, &w);
	assert_string_equal(w.unit, "");
	/* Bytes are kept; only dashes are written out, so no line feed comes of \x0a. */
	assert_string_equal(read_text("/a\xff\x1b[1m\\x0a.service").unit,
			    "a\xff\x1b[1m\\x0a.service");
	assert_string_equal(read_text("/a\\x2.service").unit, "a\\x2.service");
	assert_string_equal(read_text("no-slash.service").unit, "no-slash.service");
	assert_string_equal(read_text("/a.service//").unit, "a.service");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_each_runtime_are_understood),
		cmocka_unit_test(what_only_looks_like_one_is_none),
		cmocka_unit_test(any_bytes_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
