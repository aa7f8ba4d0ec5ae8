/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"
#include "children.h"

#include <elf.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "target/proc.h"

static void describes_this_process(void)
{
	struct proc_info info;
	char exe[4096] = "";

	CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	CHECK_EQ(proc__info(getpid(), &info), 0);
	CHECK_STR(info.exe, exe);
	CHECK(!strncmp(info.comm, "test_proc", 9));
	CHECK_EQ(info.live_tid, getpid());
	CHECK(!info.kernel_thread && !info.zombie && !info.leader_exited && !info.is_32bit);
	CHECK_EQ(proc__live_tid(getpid()), getpid());
}

static void cleans_the_name(void)
{
	static const struct {
		const char *name, *shown;
	} cases[] = {
		{"plain", "plain"},
		{"with ) R 1 (x", "with ) R 1 (x"}, /* must not confuse the parser of stat */
		{"a\nb\x1b[31m\x7f", "a?b?[31m?"},
		{"gr\xc3\xbc\xc3\x9f\xe2\x82\xac", "gr\xc3\xbc\xc3\x9f\xe2\x82\xac"},
		{"\xf0\x9f\x90\x9b bug", "\xf0\x9f\x90\x9b bug"},
		{"\xff\xfe\xc3", "???"},
		{"\xc0\xaf\xed\xa0\x80", "?????"}, /* overlong, surrogate */
		{"c1\xc2\x9b.", "c1??."},	   /* a terminal's CSI in one character */
		{"\xe2\x80\xae"
		 "abc",
		 "???abc"}, /* right-to-left override */
		{"", ""},
	};
	char before[17] = "";

	prctl(PR_GET_NAME, before);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct proc_info info;

		prctl(PR_SET_NAME, cases[i].name);
		CHECK_EQ(proc__info(getpid(), &info), 0);
		CHECK_STR(info.comm, cases[i].shown);
	}
	prctl(PR_SET_NAME, before);
}

static void no_such_process(void)
{
	struct proc_info info;

	CHECK_EQ(proc__info(0x7fffffff, &info), -ESRCH);
	CHECK_EQ(proc__info(0, &info), -ESRCH);
	CHECK_EQ(proc__info(-1, &info), -ESRCH);
	CHECK_EQ(proc__live_tid(0x7fffffff), -ESRCH);
}

static void sees_a_zombie(void)
{
	struct proc_info info;
	siginfo_t end;
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	/* Wait for the end, but leave the zombie. */
	CHECK_EQ(waitid(P_PID, pid, &end, WEXITED | WNOWAIT), 0);
	CHECK_EQ(proc__info(pid, &info), 0);
	CHECK(info.zombie);
	CHECK(!info.leader_exited);
	CHECK_EQ(info.live_tid, 0);
	CHECK_STR(info.exe, "");
	waitpid(pid, NULL, 0);
	CHECK_EQ(proc__info(pid, &info), -ESRCH);
}

static void sees_that_it_stands_still(void)
{
	struct proc_info info;
	siginfo_t stop;
	pid_t pid = fork();

	if (!pid) {
		raise(SIGSTOP);
		_exit(0);
	}
	CHECK_EQ(waitid(P_PID, pid, &stop, WSTOPPED), 0);
	CHECK_EQ(proc__info(pid, &info), 0);
	CHECK(info.stopped);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
	CHECK_EQ(proc__info(getpid(), &info), 0);
	CHECK(!info.stopped);
}

struct thread {
	int ready[2], done[2];
	pid_t tid;
};

static void *wait_in_thread(void *arg)
{
	struct thread *t = arg;
	pid_t tid = syscall(SYS_gettid);
	char byte;

	if (write(t->ready[1], &tid, sizeof(tid)) != sizeof(tid) || read(t->done[0], &byte, 1) < 0)
		return NULL;
	return NULL;
}

static void refuses_a_thread_id(void)
{
	struct proc_info info;
	struct thread t = {0};
	pthread_t thread;

	CHECK(!pipe(t.ready) && !pipe(t.done));
	CHECK_EQ(pthread_create(&thread, NULL, wait_in_thread, &t), 0);
	CHECK_EQ(read(t.ready[0], &t.tid, sizeof(t.tid)), sizeof(t.tid));
	CHECK_EQ(proc__info(t.tid, &info), -EINVAL);
	CHECK_EQ(info.live_tid, getpid());
	close(t.done[1]);
	pthread_join(thread, NULL);
	close(t.done[0]);
	close(t.ready[0]);
	close(t.ready[1]);
}

static void finds_a_living_thread(void)
{
	struct thread t = {0};
	struct proc_info info;
	char exe[4096] = "";
	pid_t pid;

	CHECK(readlink("/proc/self/exe", exe, sizeof(exe) - 1) > 0);
	CHECK(!pipe(t.ready) && !pipe(t.done));
	pid = fork();
	if (!pid) {
		pthread_t thread;

		close(t.done[1]);
		if (pthread_create(&thread, NULL, wait_in_thread, &t))
			_exit(1);
		syscall(SYS_exit, 0); /* this thread only */
	}
	close(t.done[0]);
	CHECK_EQ(read(t.ready[0], &t.tid, sizeof(t.tid)), sizeof(t.tid));
	/* The main thread ends soon. */
	for (int i = 0; i < 2000; i++) {
		CHECK_EQ(proc__info(pid, &info), 0);
		if (info.leader_exited)
			break;
		usleep(1000);
	}
	CHECK(info.leader_exited);
	CHECK(!info.zombie);
	CHECK_EQ(info.live_tid, t.tid);
	CHECK_EQ(proc__live_tid(pid), t.tid);
	CHECK_STR(info.exe, exe);
	close(t.done[1]);
	close(t.ready[0]);
	close(t.ready[1]);
	waitpid(pid, NULL, 0);
}

static void sees_a_kernel_thread(void)
{
	struct proc_info info;

	/* kthreadd is 2 in the initial pid namespace only. */
	if (proc__info(2, &info) || strcmp(info.comm, "kthreadd")) {
		SKIP("no kernel thread to be seen here");
		return;
	}
	CHECK(info.kernel_thread);
	CHECK(!info.zombie);
	CHECK_STR(info.exe, "");
}

static void sees_a_deleted_executable(void)
{
	char dir[256], path[300], shown[320];
	struct proc_info info;
	struct child c;

	CHECK_EQ(scratch_make(dir, sizeof(dir)), 0);
	snprintf(path, sizeof(path), "%s/gone", dir);
	CHECK_EQ(copy_file("/bin/cat", path), 0);
	CHECK_EQ(child_start(&c, path, NULL), 0);
	unlink(path);
	CHECK_EQ(proc__info(c.pid, &info), 0);
	snprintf(shown, sizeof(shown), "%s (deleted)", path);
	CHECK_STR(info.exe, shown);
	CHECK_STR(info.comm, "gone");
	CHECK(!info.is_32bit);
	child_stop(&c);
	scratch_remove(dir);
}

#ifdef __x86_64__
/* A whole i386 program: read(0), write(1), read(0), exit. */
static void sees_a_32bit_process(void)
{
	static const unsigned char code[] = {
		0x83, 0xec, 0x10,		    /* sub esp, 16 */
		0x31, 0xdb,			    /* xor ebx, ebx */
		0x89, 0xe1,			    /* mov ecx, esp */
		0xba, 1,    0,	  0, 0,		    /* mov edx, 1 */
		0xb8, 3,    0,	  0, 0, 0xcd, 0x80, /* read */
		0x43,				    /* inc ebx */
		0xb8, 4,    0,	  0, 0, 0xcd, 0x80, /* write */
		0x4b,				    /* dec ebx */
		0xb8, 3,    0,	  0, 0, 0xcd, 0x80, /* read */
		0xb8, 1,    0,	  0, 0, 0xcd, 0x80, /* exit */
	};
	struct {
		Elf32_Ehdr eh;
		Elf32_Phdr ph;
		unsigned char code[sizeof(code)];
	} file = {
		.eh =
			{
				.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32,
					    ELFDATA2LSB, EV_CURRENT},
				.e_type = ET_EXEC,
				.e_machine = EM_386,
				.e_version = EV_CURRENT,
				.e_phoff = sizeof(Elf32_Ehdr),
				.e_ehsize = sizeof(Elf32_Ehdr),
				.e_phentsize = sizeof(Elf32_Phdr),
				.e_phnum = 1,
				.e_entry = 0x08048000 + sizeof(Elf32_Ehdr) + sizeof(Elf32_Phdr),
			},
		.ph =
			{
				.p_type = PT_LOAD,
				.p_vaddr = 0x08048000,
				.p_filesz = sizeof(file),
				.p_memsz = sizeof(file),
				.p_flags = PF_R | PF_X,
				.p_align = 4096,
			},
	};
	char dir[256], path[300];
	struct proc_info info;
	struct child c;

	memcpy(file.code, code, sizeof(code));
	CHECK_EQ(scratch_make(dir, sizeof(dir)), 0);
	snprintf(path, sizeof(path), "%s/small", dir);
	CHECK_EQ(write_file(path, &file, sizeof(file), 0755), 0);
	if (child_start(&c, path, NULL)) {
		SKIP("this kernel runs no 32-bit programs");
	} else {
		CHECK_EQ(proc__info(c.pid, &info), 0);
		CHECK(info.is_32bit);
	}
	child_stop(&c);
	scratch_remove(dir);
}
#endif

int main(void)
{
	RUN(describes_this_process);
	RUN(cleans_the_name);
	RUN(no_such_process);
	RUN(sees_a_zombie);
	RUN(sees_that_it_stands_still);
	RUN(refuses_a_thread_id);
	RUN(finds_a_living_thread);
	RUN(sees_a_kernel_thread);
	RUN(sees_a_deleted_executable);
#ifdef __x86_64__
	RUN(sees_a_32bit_process);
#endif
	return check_done();
}
