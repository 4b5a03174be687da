/* SPDX-License-Identifier: LGPL-2.1 OR BSD-2-Clause */
/* tools/commands.h - the subcommands, a file each. argv[0] is their own name. */
#ifndef DWUNW_TOOLS_COMMANDS_H
#define DWUNW_TOOLS_COMMANDS_H

int dwu_cmd_stack(int argc, char **argv);
int dwu_cmd_rows(int argc, char **argv);
int dwu_cmd_symbolize(int argc, char **argv);
/* leaks/leaks.c, or leaks/absent.c in a build without it */
int dwu_cmd_leaks(int argc, char **argv);
/* leaks/check.c, or the same */
int dwu_cmd_check(int argc, char **argv);
/* leaks/count.c, or the same */
int dwu_cmd_count(int argc, char **argv);
/* leaks/top.c, or the same */
int dwu_cmd_top(int argc, char **argv);
/* leaks/record.c, or the same */
int dwu_cmd_record(int argc, char **argv);
/* report/report.c, or report/absent.c */
int dwu_cmd_report(int argc, char **argv);
/* report/diff.c, or the same */
int dwu_cmd_diff(int argc, char **argv);

#endif
