/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cli_help - the text of --help. Part of cli. */
#include "cli.h"

#include <string.h>

#include "gate/options.h"
#include "render/render.h"

#define FORMAT_HELP(name, help) {#name, help},

void cli__help(FILE *out)
{
	static const struct {
		const char *name, *help;
	} formats[] = {RENDER_FORMATS(FORMAT_HELP)};
	size_t i;

	fputs("Usage: memleak-bpf [OPTIONS] -p PID [INTERVAL [COUNT]]\n"
	      "       memleak-bpf [OPTIONS] [INTERVAL [COUNT]] -- COMMAND [ARGUMENTS]\n"
	      "       memleak-bpf -k [OPTIONS] [INTERVAL [COUNT]]\n"
	      "       memleak-bpf report [OPTIONS] FILE                   (report --help)\n"
	      "       memleak-bpf diff [OPTIONS] OLD NEW                  (diff --help)\n"
	      "       memleak-bpf symbolize [OPTIONS] FILE                (symbolize --help)\n"
	      "       memleak-bpf triage [OPTIONS] [INTERVAL [COUNT]]     (triage --help)\n"
	      "       memleak-bpf maps [OPTIONS] PID [INTERVAL [COUNT]]   (maps --help)\n"
	      "\n"
	      "Report the memory that a program has allocated and not freed, by call stack.\n"
	      "A report comes every INTERVAL seconds (5; with a command: only when it ends),\n"
	      "COUNT times (without COUNT: until Ctrl-C or the end of the program).\n"
	      "\n"
	      "What to trace:\n"
	      "  -p, --pid PID              a running process\n"
	      "  -c, --command 'COMMAND'    start a command; its exit status becomes ours\n"
	      "      --user USER[:GROUP]    as whom the command runs: name or number (whoever\n"
	      "                             called sudo, else root)\n"
	      "      --follow               what it forks and executes, too: a report for each\n"
	      "                             process, and the sum of them, which files hold\n"
	      "      --follow-max N         so many at once (32); others are named only\n"
	      "  -O, --object OBJECT        allocator in this object only: path or file name\n"
	      "  -S, --symbols-prefix PFX   allocator with functions called PFXmalloc, PFXfree\n"
	      "      --offset LIST          addresses where symbols lack: malloc=0x12,free=0x34\n"
	      "  -z, --min-size BYTES       only allocations of at least this (4096, 4K, 1M)\n"
	      "  -Z, --max-size BYTES       only allocations of at most this\n"
	      "  -s, --sample-rate N        only about one allocation in N; figures are scaled\n"
	      "      --sample-bytes BYTES   only a sample: about one block in so many bytes\n"
	      "                             (512K); figures are scaled, with error bars\n"
	      "  -F, --wa-missing-free      accepted as bcc has it; always on: a block whose\n"
	      "                             address is allocated again counts as freed\n"
	      "\n"
	      "What to report:\n"
	      "  -o, --older MS             only blocks older than this (500); up to two ticks\n"
	      "                             of the kernel's clock older may be left out\n"
	      "  -T, --top N                only the N largest stacks (10; 0: all)\n"
	      "      --sort BY              verdict: what leaks first, then by bytes (default);\n"
	      "                             size: by bytes; count: by number of blocks\n"
	      "  -a, --show-allocs          address and size of every block, too\n"
	      "  -t, --trace                print each allocation and free when it happens\n"
	      "  -C, --combined-only        totals only: no ages, nothing left out as young\n"
	      "  -d, --duration SECONDS     stop after this time, with a last report;\n"
	      "                             a started command is ended, too\n"
	      "      --reach                tell which blocks the program can still reach, and\n"
	      "                             which are lost; stops it for a moment. Of a command\n"
	      "                             by default, when it exits\n"
	      "      --no-reach             not so\n"
	      "      --confirm SECONDS      with --reach: look twice, so far apart\n"
	      "      --max-pause MS         with --reach: never stop a process for longer (500)\n"
	      "      --heap                 with -p: what is on the heap already, by class or\n"
	      "                             contents, and what of it is lost; traces nothing\n"
	      "      --by-whom              with --heap: by which variable, and through what\n"
	      "      --profile              count all that is allocated, freed and temporary by\n"
	      "                             stack, what the stacks held at the peak, lifetimes\n"
	      "      --view leaked|peak|total|temporary  show stacks by this (leaked: what is\n"
	      "                             outstanding); the others with --profile\n"
	      "      --no-color             no colour on a terminal\n"
	      "      --debuginfod           ask debuginfod servers for debug information\n"
	      "\n"
	      "The kernel's memory:\n"
	      "  -k, --kernel               kmalloc and caches; with -p what one process does\n"
	      "  -f, --filter EXPRESSION    only allocations like 'bytes_alloc == 4096', in the\n"
	      "                             language of trace events\n"
	      "      --pages                pages, too\n"
	      "  -P, --percpu               percpu memory, too\n"
	      "      --vmalloc              vmalloc areas, too (6.3 and newer)\n"
	      "      --stack-every N        the stack of one allocation in N (64; 1: of all);\n"
	      "                             the call site is always known\n"
	      "      --dump[=BYTES]         what is in the objects (256 bytes of each); also of\n"
	      "                             processes, and with --heap\n"
	      "      --type STRUCT          the same, as fields of a structure\n"
	      "\n"
	      "Formats (files hold all stacks of the last report, whatever -T says):\n"
	      "      --format FORMAT        standard output is one of these (text)\n",
	      out);
	for (i = 0; i < RENDER_N; i++)
		fprintf(out, "      --%s FILE%*s%s\n", formats[i].name,
			(int)(16 - strlen(formats[i].name)), "", formats[i].help);
	fputs("\n"
	      "Gate, for CI; also of memleak-bpf report:\n",
	      out);
	gate_options__help(out, 29);
	fputs("\n"
	      "Limits:\n"
	      "      --max-live N           blocks followed at once, at least (1048576; at most\n"
	      "                             112M); takes 36 bytes of kernel memory for each\n"
	      "      --max-stacks N         different stacks kept (16384)\n"
	      "      --max-depth N          frames of a stack (127)\n"
	      "      --stack table|fp       walk stacks by unwind tables (default) or by frame\n"
	      "                             pointers only\n"
	      "      --probes auto|pair|point  follow an allocation with one probe where that\n"
	      "                             proves right (default), always with two, or with\n"
	      "                             one without proof\n"
	      "\n"
	      "  -v, --verbose              say more about what is done; twice: still more\n"
	      "      --version              print version, libbpf and kernel features\n"
	      "  -h, --help                 print this help\n"
	      "\n"
	      "Examples:\n"
	      "  memleak-bpf -p $(pidof -s redis-server)   a report every 5 s until Ctrl-C\n"
	      "  memleak-bpf -p 4312 10 3                  every 10 s, 3 times\n"
	      "  memleak-bpf -- ./server --port 80         a command, from its very start\n"
	      "  memleak-bpf -c './server --port 80' 60    the same, a report every minute\n"
	      "  memleak-bpf -p 4312 -o 60000              only what is older than a minute\n"
	      "  memleak-bpf -p 4312 -z 16K -Z 1M          only blocks of 16 KiB to 1 MiB\n"
	      "  memleak-bpf -p 4312 --sample-bytes 512K   large leaks, at a low price\n"
	      "  memleak-bpf -p 4312 -a -T 3               every block of the 3 largest stacks\n"
	      "  memleak-bpf -p 4312 -S je_                jemalloc built with the prefix je_\n"
	      "  memleak-bpf -p 4312 -O libc.so.6          only the allocator in that object\n"
	      "  memleak-bpf -k -f 'bytes_alloc==4096' --dump   who leaks kmalloc-4k, and what\n"
	      "\n"
	      "Exit status: 0, or the command's; 1 on failure, 2 for a wrong option; 23 when\n"
	      "the gate fails, 24 when that cannot be told.\n",
	      out);
}
