# SPDX-License-Identifier: GPL-2.0-or-later
"""C source for a compiler to work on: the same text each time, without any header."""

HEAD = """
typedef unsigned long u64;
struct node { struct node *next, *child; u64 key, weight; int kind; double score; };
extern struct node *make(u64 key, int kind);
extern void emit(const char *what, u64 value);
"""
STATEMENTS = [
    "for (i = 0; i < (n & {a}); i++) sum += table[i & 63] * {b}UL ^ (sum >> {c});",
    "switch (n % 7) {{ case 0: sum += {a}; break; case 1: sum ^= {b}; break; case 4: sum -= i;"
    " break; default: sum = sum * {b} + {c}; }}",
    "for (p = list; p; p = p->next) {{ if (p->key % {b} == {c}) sum += p->weight; else if"
    " (p->child) sum ^= p->child->key + {a}; }}",
    "while (n > {b} && sum) {{ n -= (sum & {c}) + 1; sum >>= 1; if (sum == {a}) emit(\"step\", n); }}",
    "if (sum > {b}) {{ p = make(sum ^ {a}, {c}); if (p) {{ p->next = list; list = p; }} }}",
    "x = x * {a}.5 + (double)(sum % {b}); if (x > {b}e6) x /= {a};",
    "table[(sum + {a}) & 63] = table[(n ^ {b}) & 63] + (u64)x;",
    "for (i = 0; i < 64; i += 4) {{ table[i] ^= sum; table[i + 1] += table[i] << {c};"
    " table[i + 2] -= n; table[i + 3] |= {a}; }}",
]


class Numbers:
    """Knuth's MMIX generator: the same numbers whatever the version of Python."""

    def __init__(self, seed):
        self.state = seed

    def below(self, limit):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) % limit


def function(i, numbers):
    body = "\n\t".join(
        STATEMENTS[numbers.below(len(STATEMENTS))].format(
            a=3 + numbers.below(250), b=2 + numbers.below(5000), c=1 + numbers.below(30)
        )
        for _ in range(5)
    )
    call = f"sum += f{numbers.below(i)}(list, n >> 1);" if i else ""
    return f"""
u64 f{i}(struct node *list, u64 n)
{{
	static u64 table[64];
	u64 sum = n * {3 + numbers.below(1000)}, i;
	struct node *p;
	double x = (double)n;

	{body}
	{call}
	return sum + (u64)x;
}}
"""


def functions(n):
    """A translation unit of n functions; one of more begins with the same ones."""
    numbers = Numbers(1)
    return HEAD + "".join(function(i, numbers) for i in range(n))
