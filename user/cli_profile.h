/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_profile - --profile and --view, and what goes with them. Part of cli. */
#ifndef CLI_PROFILE_H
#define CLI_PROFILE_H

struct cli;

/* What is wrong about their combination, in a sentence that says what to do; NULL: nothing. */
const char *cli_profile__problem(const struct cli *cli);
#endif
