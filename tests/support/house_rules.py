"""House rules over source files: each finds lines and brings what it must and must not find.

A rule reads one file; `exempt` says, with the reason, where it does not hold.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType

Finder = Callable[[str], Iterator[int]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for the files that `files` matches; `find` yields the numbers of offending lines."""

    name: str
    why: str
    files: tuple[str, ...]
    find: Finder
    good: tuple[str, ...]
    bad: tuple[str, ...]
    exempt: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def covers(self, path: Path) -> bool:
        name = path.as_posix()
        return any(fnmatch(name, pattern) for pattern in self.files) and not any(
            fnmatch(name, pattern) for pattern in self.exempt
        )


def lines_with(pattern: str, flags: int = 0) -> Finder:
    compiled = re.compile(pattern, flags)

    def find(source: str) -> Iterator[int]:
        for number, line in enumerate(source.splitlines(), start=1):
            if compiled.search(line):
                yield number

    return find


def comments_with(pattern: str) -> Finder:
    compiled = re.compile(pattern)

    def find(source: str) -> Iterator[int]:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT and compiled.search(token.string):
                yield token.start[0]

    return find


def nodes_where(is_bad: Callable[[ast.AST], bool]) -> Finder:
    def find(source: str) -> Iterator[int]:
        for node in ast.walk(ast.parse(source)):
            if is_bad(node):
                yield getattr(node, "lineno", 0)

    return find


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` of a name or attribute, "" of anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (prefix := dotted(node.value)):
        return f"{prefix}.{node.attr}"
    return ""


def calls(*names: str) -> Callable[[ast.AST], bool]:
    return lambda node: isinstance(node, ast.Call) and dotted(node.func) in names


def _runs_text(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        shell = any(
            word.arg == "shell"
            and not (isinstance(word.value, ast.Constant) and not word.value.value)
            for word in node.keywords
        )
        return shell or calls("eval", "exec", "os.system", "os.popen", "builtins.eval")(node)
    return False


def _is_textual_sql(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith("sqlalchemy") and any(
            one.name in ("text", "TextClause") for one in node.names
        )
    if calls("sa.literal_column", "sqlalchemy.literal_column")(node):
        return not isinstance(node.args[0], ast.Constant)
    return calls("sa.text", "sqlalchemy.text")(node)


def _swallows_everything(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    caught = [""] if node.type is None else [dotted(one) for one in _alternatives(node.type)]
    if not {"", "Exception", "BaseException"}.intersection(caught):
        return False
    return not isinstance(node.body[-1], ast.Raise)


def _alternatives(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]


def _is_hidden_message(source: str) -> Iterator[int]:
    tree = ast.parse(source)
    at_top = {
        id(node.value)
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and dotted(node.func) == "Message" and id(node) not in at_top:
            yield node.lineno


# The words are put together so that this file may hold them.
OPEN_POINT = r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"
ADDRESS = (
    r"\bhttps?://(?!(?:[\w-]+\.)*example(?:\.(?:com|org|net))?\b|127\.0\.0\.1\b"
    # names of formats, never fetched
    r"|json-schema\.org/|vega\.github\.io/schema/|www\.w3\.org/|schemas\.openxmlformats\.org/)"
    r"[\w-]+(?:\.[\w-]+)+"
)
MACHINE_PATH = r"(?<![\w.])/(?:root|home/\w+|Users/\w+|work/(?:main|shared)|opt/wheels)\b"

PRODUCT = ("headrace/*.py",)
SOURCES = ("*.py", "*.ts", "*.js", "*.css", "*.html", "*.sh", "run", "test", ".ci/run")

RULES: tuple[Rule, ...] = (
    Rule(
        "no open points in comments",
        "open points are issues",
        SOURCES,
        lines_with(r"(?:#|//|/\*|<!--|\{#).*" + OPEN_POINT),
        good=("# the method of a module", 'todo = "x"'),
        bad=("# TO" + "DO: later", "x = 1  # FIX" + "ME", "// XX" + "X"),
    ),
    Rule(
        "no code from text",
        "admins write formulas and templates; none may run",
        PRODUCT,
        nodes_where(_runs_text),
        good=("subprocess.run(['ls'])", "formula.evaluate(row)", "run(a, shell=False)"),
        bad=("eval('1')", "exec(code)", "os.system('ls')", "subprocess.run('ls', shell=True)"),
    ),
    Rule(
        "no textual SQL",
        "statements are SQLAlchemy expressions, so that values are always bound",
        PRODUCT,
        nodes_where(_is_textual_sql),
        good=("sa.select(table)", "self.text()", "sa.literal_column('1')"),
        bad=("sa.text('select 1')", "from sqlalchemy import text", "sa.literal_column(name)"),
    ),
    Rule(
        "one writer of physical names",
        "processes read only the names written since, by a revision that names.py counts",
        PRODUCT,
        lines_with(r"\b(?:insert|update|delete)\(NAME\b"),
        good=("sa.select(NAME)", "save_names(connection, old, new)"),
        bad=("sa.insert(NAME)", "sa.delete(NAME)"),
        exempt={"headrace/platform/database/names.py": "the writer"},
    ),
    Rule(
        "no swallowed errors",
        "only the edges may catch everything",
        PRODUCT,
        nodes_where(_swallows_everything),
        good=(
            "try:\n    a()\nexcept ValueError:\n    b()",
            "try:\n    a()\nexcept BaseException:\n    undo()\n    raise",
        ),
        bad=(
            "try:\n    a()\nexcept Exception:\n    b()",
            "try:\n    a()\nexcept:\n    b()",
            "try:\n    a()\nexcept (ValueError, Exception) as e:\n    b(e)",
        ),
        exempt={
            "headrace/app.py": "the edge of a request",
            "headrace/blueprints/shared/errors.py": "the edge of a request",
            "headrace/commands/shell.py": "the edge of a command",
            "headrace/platform/jobs/worker.py": "the edge of a job",
            "headrace/platform/jobs/relay.py": "the edge of a thread",
            "headrace/platform/jobs/celery_broker.py": "the edge of a message",
            "headrace/platform/runtime.py": "the edge of an extension",
            "headrace/platform/scenarios/running.py": "the edge of a scenario",
            "headrace/platform/database/engine.py": "a broken connection is closed, not kept",
        },
    ),
    Rule(
        "no clock and no identity of one's own",
        "time and ids are arguments (core.clock, core.ids), so that tests and demos can set them",
        PRODUCT,
        nodes_where(
            calls(
                *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time"),
                *("dt.datetime.now", "dt.date.today", "uuid.uuid1", "uuid.uuid4"),
            )
        ),
        good=("clock.now()", "time.monotonic()", "ids.record()"),
        bad=("datetime.now(UTC)", "date.today()", "uuid.uuid4()", "time.time()"),
        exempt={
            "headrace/platform/core/clock.py": "the real clock",
            "headrace/platform/core/ids.py": "the real source of ids",
        },
    ),
    Rule(
        "transactions end in one place",
        "a use case commits as a whole (database.writing)",
        PRODUCT,
        nodes_where(
            lambda node: (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "commit"
            )
        ),
        good=("work.execute(statement)", "commit = 1"),
        bad=("connection.commit()", "self.session.commit()"),
        exempt={"headrace/platform/database/*.py": "the place"},
    ),
    Rule(
        "suppressions name a code and a reason",
        "a reader must see what is silenced and why",
        ("headrace/*.py", "tools/*.py", "benchmarks/*.py"),
        comments_with(
            r"noqa(?!: (?:[A-Z]+\d+)(?:, ?[A-Z]+\d+)* - \S)"
            r"|type: ignore(?!\[[\w, -]+\]  # \S)"
        ),
        good=(
            "x = 1  # noqa: PLR2004 - the longest key",
            "y = f()  # type: ignore[arg-type]  # chosen above",
        ),
        bad=(
            "x = 1  # no" + "qa",
            "x = 1  # no" + "qa: E501",
            "y = 1  # type: ig" + "nore",
            "y = 1  # type: ig" + "nore[arg-type]",
        ),
    ),
    Rule(
        "suppressions in TypeScript name a rule and a reason",
        "a reader must see what is silenced and why",
        ("designer/*.ts", "designer/*.js"),
        lines_with(
            r"eslint-disable(?![\w-]* [@\w/, -]+ -- \S)|@ts-(?:ignore|nocheck)|@ts-expect-error\s*$"
        ),
        good=("// eslint-disable-next-line no-console -- the user asked", "// @ts-expect-error: x"),
        bad=("// eslint-disable-next-line no-console", "/* eslint-disable */", "// @ts-ignore"),
    ),
    Rule(
        "messages stand at the top of a module",
        "the reference page and the completeness tests find them there",
        PRODUCT,
        _is_hidden_message,
        good=('A: Final = Message("a", "b", "c")', "a.at('/x')"),
        bad=('def f():\n    return Message("a", "b", "c")', 'ALL = [Message("a", "b", "c")]'),
    ),
    Rule(
        "templates hold no script, style or raw text",
        "the Content-Security-Policy forbids them, and users' text is data",
        ("headrace/templates/*.html",),
        lines_with(
            r"<script(?![^>]*(?:\bsrc=|type=\"application/json\"))|\son\w+\s*=\s*[\"']|\sstyle\s*=\s*[\"']"
            r"|<style|\|\s*safe\b|javascript:",
            re.IGNORECASE,
        ),
        good=(
            '<script type="module" src="{{ asset("app") }}"></script>',
            '<script type="application/json">{{ data|tojson }}</script>',
            "<p>{{ text }}</p>",
        ),
        bad=(
            "<script>alert(1)</script>",
            '<a onclick="x()">',
            '<p style="color: red">',
            "{{ text|safe }}",
        ),
    ),
    Rule(
        "no addresses of other machines",
        "nothing is fetched but from the package registries, through their clients",
        ("*",),
        lines_with(ADDRESS),
        good=(
            "https://orders.example.com",
            "http://127.0.0.1:8000",
            "xmlns='http://www.w3.org/2000/svg'",
        ),
        bad=("https://files." + "pythonhosted.org/x.whl", "http" + "://acme.cn"),
    ),
    Rule(
        "no paths of one machine",
        "the checkout works wherever it lies",
        ("*",),
        lines_with(MACHINE_PATH),
        good=("/usr/lib/postgresql", "/var/lib", "docs/home/index", "/workspace/main"),
        bad=("/ro" + "ot/.venv", "/ho" + "me/someone/x", "cd /wo" + "rk/main"),
    ),
)
