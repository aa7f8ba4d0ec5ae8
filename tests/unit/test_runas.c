/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/runas.h"

static char problem[256];

static int look_up(const char *spec, char *const env[], struct runas **r)
{
	problem[0] = '\0';
	return runas__new(spec, env, r, problem, sizeof(problem));
}

static const char *value(char *const env[], const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (!strncmp(*env, name, len) && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

static size_t count(char *const env[])
{
	size_t n = 0;

	while (env[n])
		n++;
	return n;
}

static char *const no_env[] = {NULL};

/* An id that neither a user nor a group has. */
#define NOBODYS "3141592653"

static void takes_numbers(void)
{
	struct runas *r;
	size_t n;

	CHECK_EQ(look_up(NOBODYS, no_env, &r), 0);
	CHECK_EQ(runas__uid(r), 3141592653U);
	CHECK_EQ(runas__gid(r), 3141592653U);
	CHECK_STR(runas__name(r), NOBODYS);
	runas__groups(r, &n);
	CHECK_EQ(n, 0);
	CHECK_EQ(count(runas__environ(r)), 0); /* nothing is known of it */
	runas__free(r);

	CHECK_EQ(look_up(NOBODYS ":27182818", no_env, &r), 0);
	CHECK_EQ(runas__uid(r), 3141592653U);
	CHECK_EQ(runas__gid(r), 27182818);
	runas__free(r);
	runas__free(NULL);
}

static void refuses_what_is_none(void)
{
	static const struct {
		const char *spec, *problem;
	} bad[] = {
		{"no-such-user", "there is no user 'no-such-user'"},
		{"12x", "there is no user '12x'"},
		{"-1", "there is no user '-1'"},
		{" 1", "there is no user ' 1'"},
		{"", "there is no user ''"},
		{"4294967295", "there is no user '4294967295'"}, /* (uid_t)-1: "leave it" */
		{"18446744073709551617", "there is no user '18446744073709551617'"},
		{"1:no-such-group", "there is no group 'no-such-group'"},
		{"1:4294967295", "there is no group '4294967295'"},
		{"1:", "there is no group ''"},
		{"1:2:3", "there is no group '2:3'"},
	};
	struct runas *r;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_EQ(look_up(bad[i].spec, no_env, &r), -ENOENT);
		CHECK_STR(problem, bad[i].problem);
		CHECK(!r);
	}
}

/* What we are needs no change. */
static void leaves_us_alone(void)
{
	char ids[64];
	struct runas *r;

	snprintf(ids, sizeof(ids), "%u:%u", getuid(), getgid());
	CHECK_EQ(look_up(ids, no_env, &r), 0);
	CHECK(!r);
}

static const struct passwd *somebody(void)
{
	const struct passwd *pw;

	setpwent();
	do
		pw = getpwent();
	while (pw && (!pw->pw_uid || pw->pw_uid == getuid() || !*pw->pw_dir || !*pw->pw_shell));
	endpwent();
	return pw;
}

static void knows_users(void)
{
	const struct passwd *pw = somebody();
	char *env[] = {"A=1", "HOME=/somewhere", "XHOME=2", NULL};
	struct passwd user;
	gid_t groups[64];
	int n = 64;
	struct runas *r;
	size_t got;

	if (!pw) {
		SKIP("there is no user but us");
		return;
	}
	user = *pw;
	user.pw_name = strdup(pw->pw_name);
	user.pw_dir = strdup(pw->pw_dir);
	user.pw_shell = strdup(pw->pw_shell);
	CHECK_EQ(look_up(user.pw_name, env, &r), 0);
	CHECK_EQ(runas__uid(r), user.pw_uid);
	CHECK_EQ(runas__gid(r), user.pw_gid);
	CHECK_STR(runas__name(r), user.pw_name);
	CHECK(getgrouplist(user.pw_name, user.pw_gid, groups, &n) >= 0);
	CHECK(!memcmp(runas__groups(r, &got), groups, n * sizeof(groups[0])));
	CHECK_EQ(got, n);
	/* one's own choice is kept, what is missing is set */
	CHECK_STR(value(runas__environ(r), "HOME"), "/somewhere");
	CHECK_STR(value(runas__environ(r), "USER"), user.pw_name);
	CHECK_STR(value(runas__environ(r), "LOGNAME"), user.pw_name);
	CHECK_STR(value(runas__environ(r), "SHELL"), user.pw_shell);
	CHECK_STR(value(runas__environ(r), "A"), "1");
	CHECK_STR(value(runas__environ(r), "XHOME"), "2");
	CHECK_EQ(count(runas__environ(r)), 6);
	runas__free(r);
	free(user.pw_name);
	free(user.pw_dir);
	free(user.pw_shell);
}

/* What sudo leaves behind: root's environment, and who has called it. */
static void goes_back_to_who_called_sudo(void)
{
	const struct passwd *pw = somebody(), *root;
	char *env[] = {NULL, NULL, NULL, NULL, "SUDO_COMMAND=x", "SUDO_USER=who", "B=2", NULL};
	char *name, *dir;
	struct runas *r;

	if (geteuid() || !pw) {
		SKIP("only root goes back to anybody");
		return;
	}
	name = strdup(pw->pw_name);
	dir = strdup(pw->pw_dir);
	CHECK(asprintf(&env[0], "SUDO_UID=%u", pw->pw_uid) > 0);
	CHECK(asprintf(&env[1], "SUDO_GID=%u", 54321) > 0);
	root = getpwuid(0);
	CHECK(asprintf(&env[2], "HOME=%s", root->pw_dir) > 0);
	CHECK(asprintf(&env[3], "USER=%s", root->pw_name) > 0);
	CHECK_EQ(look_up(NULL, env, &r), 0);
	CHECK_STR(runas__name(r), name);
	CHECK_EQ(runas__gid(r), 54321);
	CHECK_STR(value(runas__environ(r), "HOME"), dir);
	CHECK_STR(value(runas__environ(r), "USER"), name);
	CHECK(!value(runas__environ(r), "SUDO_UID"));
	CHECK(!value(runas__environ(r), "SUDO_GID"));
	CHECK(!value(runas__environ(r), "SUDO_USER"));
	CHECK(!value(runas__environ(r), "SUDO_COMMAND"));
	CHECK_STR(value(runas__environ(r), "B"), "2");
	runas__free(r);

	/* who is named is not asked for: then sudo's words stay */
	CHECK_EQ(look_up(name, env, &r), 0);
	CHECK_STR(value(runas__environ(r), "SUDO_USER"), "who");
	runas__free(r);

	env[0][9] = 'x';
	CHECK_EQ(look_up(NULL, env, &r), -EINVAL);
	CHECK(strstr(problem, "--user"));
	CHECK(!r);
	for (int i = 0; i < 4; i++)
		free(env[i]);
	free(name);
	free(dir);
}

static void needs_sudo_to_go_back(void)
{
	char *root[] = {"SUDO_UID=0", "SUDO_GID=0", NULL};
	struct runas *r;

	CHECK_EQ(look_up(NULL, no_env, &r), 0);
	CHECK(!r);
	CHECK_EQ(look_up(NULL, root, &r), 0);
	CHECK(!r);
}

static void becomes_it(void)
{
	struct runas *r;
	int status = -1;
	pid_t pid;

	if (geteuid()) {
		SKIP("only root becomes anybody");
		return;
	}
	CHECK_EQ(look_up(NOBODYS ":27182818", no_env, &r), 0);
	pid = fork();
	if (!pid) {
		uid_t ruid, euid, suid;
		gid_t rgid, egid, sgid;
		bool ok = !runas__apply(r) && !getresuid(&ruid, &euid, &suid) &&
			  !getresgid(&rgid, &egid, &sgid) && ruid == 3141592653U && euid == ruid &&
			  suid == ruid && rgid == 27182818 && egid == rgid && sgid == rgid &&
			  !getgroups(0, NULL) && setuid(0);

		_exit(!ok);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	runas__free(r);
}

int main(void)
{
	RUN(takes_numbers);
	RUN(refuses_what_is_none);
	RUN(leaves_us_alone);
	RUN(knows_users);
	RUN(goes_back_to_who_called_sudo);
	RUN(needs_sudo_to_go_back);
	RUN(becomes_it);
	return check_done();
}
